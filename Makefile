# Everything anyone needs is a target; each creates what it uses on a machine with Python >= 3.11, venv and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(shell cat pyproject.toml requirements-dev.txt | cksum | cut -d' ' -f1)

.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

$(READY): pyproject.toml requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one with PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.ready-*
	@touch $@

demo: $(READY) ## set up, write six months of sample data, and check them
	$(BIN)/advisor demo demo

test: $(READY) ## set up and run the tests, on two cores
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

faults: $(READY) ## ten times the fault tests, and every safeguard taken out once
	ADVISOR_FAULTS=10 $(BIN)/python -m pytest -q -s tests/faults
	$(BIN)/python tests/faults/mutations.py

check: $(READY) ## style, types, layers, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy advisor connectors tests
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/e2e/test_documentation.py

bench: $(READY) ## speed and accuracy beside the alternatives, in one run
	$(BIN)/python tests/bench/start_bench.py
	$(BIN)/python tests/bench/scan_bench.py
	$(BIN)/python -m tests.bench.pull_bench
	$(BIN)/python tests/bench/throughput_bench.py
	$(BIN)/python tests/bench/search_bench.py
	$(BIN)/python -m tests.bench.replay_bench
	$(BIN)/python -m tests.bench.odds_bench

lock: $(READY) ## renew the hashed requirements after a change of pyproject.toml
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --allow-unsafe --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --extra dev --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --allow-unsafe --output-file requirements-dev.txt pyproject.toml
	$(BIN)/pip-compile --quiet --extra postgres --extra azure --extra vertex --build-deps-for wheel --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --allow-unsafe --output-file deploy/docker/requirements.txt pyproject.toml

clean: ## remove what was built
	rm -rf $(VENV) build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help demo test faults check bench lock clean
