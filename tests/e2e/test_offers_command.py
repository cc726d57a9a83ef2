"""`advisor offers` and its refresh, as typed: lists, the file kept, what later runs make of it, and failures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.e2e.running import SOURCE, Advisor, Ran
from tests.unit.market.catalogs import STAND_IN, instance, product, publish

QUOTE = """
[[fleet.offers]]
provider = "runpod"
gpu = "A100-80GB"
price_per_gpu_hour = "{price}"
source = "quote 2026-11-02"
"""
A100 = instance("NVIDIA A100-SXM4-80GB", "A100", 80, price=1.85)

Refresh = Callable[..., Ran]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine of one's own: gpuhunt is installed, its catalogs are in a folder, and there is no AWS account."""
    return {
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PYTHONPATH": str(STAND_IN),
        "GPUHUNT_CATALOG_URL": (tmp_path / "catalogs").as_uri(),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }


@pytest.fixture
def refresh(advisor: Advisor, environ: Mapping[str, str], tmp_path: Path) -> Refresh:
    """Publish these rows of RunPod and refresh from them."""

    def publish_and_refresh(*args: str, rows: tuple[dict[str, Any], ...] = (A100,)) -> Ran:
        publish(tmp_path / "catalogs", "runpod", *rows)
        return advisor("offers", "refresh", *args, environ=environ)

    return publish_and_refresh


@pytest.fixture
def aws() -> Iterator[str]:
    """A price list of AWS on loopback, with one product. Yields its address."""
    body = json.dumps({"FormatVersion": "aws_v1", "PriceList": [product("p5.48xlarge", "8", on_demand="48.00")]})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def rows(ran: Ran) -> list[dict[str, str]]:
    assert ran.code == 0, ran.err
    return list(csv.DictReader(io.StringIO(ran.out)))


def test_offers_need_no_configuration_and_show_source_age_and_weakness(advisor: Advisor) -> None:
    ran = advisor("offers", "--format", "json")
    assert ran.code == 0, ran.err
    assert (ran.json["schema"], ran.json["on"]) == ("advisor.offers/1", "2026-11-24")
    found = {(one["provider"], one["gpu"], one["gpus"], one["tier"]): one for one in ran.json["offers"]}
    aws = found["aws", "H100-80GB-SXM", 8, "standard"]
    assert aws["price_per_gpu_hour"] == {"amount": "6.88", "currency": "USD"}
    assert (aws["region"], aws["instance"], aws["operated_by"]) == ("us-east-1", "p5.48xlarge", "you")
    assert (aws["checked_on"], aws["age_days"], aws["stale"]) == ("2026-11-09", 24 - 9, False)
    assert aws["source"].startswith("https://")
    assert found["lambda", "H100-80GB-SXM", 8, "standard"]["stale"]
    assert found["vast", "A100-80GB-SXM", 1, "community"]["weakness"] == "a community offer without an SLA"


def test_offers_table_is_within_a_hundred_columns_and_says_what_is_old(advisor: Advisor) -> None:
    ran = advisor("offers")
    assert [line for line in ran.out.splitlines() if len(line) > 100] == []
    assert "are older than 30 days: advisor offers refresh" in ran.out
    assert "A100-80GB-SXM" in ran.out


@pytest.mark.parametrize(
    ("args", "field", "values"),
    [
        (["--gpu", "A100 80GB"], "gpu", {"A100-80GB-SXM", "A100-80GB-PCIe"}),
        (["--provider", "AWS"], "provider", {"aws"}),
        (["--commitment", "spot"], "commitment", {"spot"}),
        (["us-east*"], "region", {"us-east-1", "us-east4"}),
        (["p5.48"], "instance", {"p5.48xlarge"}),
        (["list", "nebius"], "provider", {"nebius"}),
    ],
)
def test_offers_are_those_asked_for(advisor: Advisor, args: list[str], field: str, values: set[str]) -> None:
    assert {row[field] for row in rows(advisor("offers", *args, "--format", "csv"))} == values


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["qq-9"], "hint: see them all: advisor offers"),
        (["--provider", "runpd"], "hint: did you mean runpod?"),
        (["--gpu", "A100"], "hint: did you mean A100-40GB or A100-80GB"),
        (["refresh", "--provider", "gcp"], "hint: providers: aws, azure, lambda, nebius, oci, runpod, verda"),
    ],
)
def test_name_that_stands_for_nothing_is_an_error_with_the_nearest(
    advisor: Advisor, args: list[str], said: str
) -> None:
    ran = advisor("offers", *args)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_own_quote_replaces_the_table_and_is_doubted_but_used_where_it_cannot_be_believed(
    advisor: Advisor, folder: Path
) -> None:
    (folder / "advisor.toml").write_text(SOURCE + QUOTE.format(price="2.49"))
    ran = advisor("offers", "--gpu", "A100-80GB", "--provider", "runpod")
    assert [line.split()[:4] for line in ran.out.splitlines()[1:2]] == [["A100-80GB", "1", "runpod", "$2.49"]]
    assert "outside" not in ran.out
    (folder / "advisor.toml").write_text(SOURCE + QUOTE.format(price="249"))
    ran = advisor("offers", "--provider", "runpod")
    assert "runpod A100-80GB is outside $0.42 to $14.33 a GPU and hour" in ran.out
    assert "$249.00" in ran.out


def test_refresh_keeps_prices_that_later_runs_use_over_the_shipped_ones(
    advisor: Advisor, refresh: Refresh, environ: Mapping[str, str], tmp_path: Path
) -> None:
    ran = refresh("--provider", "runpod")
    assert ran.code == 0, ran.err
    assert f"keptin{tmp_path}/data/advisor/offers.csv" in "".join(ran.out.split()), "the folder's name may be long"
    listed = rows(
        advisor("offers", "--gpu", "A100-80GB-SXM", "--provider", "runpod", "--format", "csv", environ=environ)
    )
    standard = [row for row in listed if row["tier"] == "standard"]
    assert [(row["price_per_gpu_hour"], row["region"], row["source"]) for row in standard] == [
        ("1.85", "EU-RO-1", "gpuhunt runpod 20261124-7224")
    ]


def test_refresh_tells_what_changed(refresh: Refresh) -> None:
    refresh("--provider", "runpod")
    dearer, other = {**A100, "price": 1.95}, instance("NVIDIA L4", "L4", 24, price=0.43)
    ran = refresh("--provider", "runpod", "--format", "json", rows=(dearer, other))
    assert ran.json["schema"] == "advisor.offers-refresh/1"
    (change,) = ran.json["changes"]
    assert {key: change[key] for key in ("new", "changed", "same", "gone", "refused", "failed")} == {
        "new": 1, "changed": 1, "same": 0, "gone": 0, "refused": 0, "failed": None,
    }  # fmt: skip


def test_refresh_refuses_and_lists_a_price_that_cannot_be_believed(refresh: Refresh) -> None:
    ran = refresh("--provider", "runpod", rows=(A100, instance("NVIDIA H200", "H200", 141, price=0.04)))
    assert ran.code == 0
    said = " ".join(ran.out.split())
    assert "refused: runpod H200-141GB x 1 on-demand EU-RO-1: $0.04 is outside $1.35 to $31.31" in said


def test_refresh_reads_awss_own_list_beside_the_catalogs_and_does_not_fail_for_one_of_them(
    advisor: Advisor, environ: Mapping[str, str], aws: str
) -> None:
    account = {"AWS_ENDPOINT_URL_PRICING": aws, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    ran = advisor("offers", "refresh", "--provider", "aws", environ={**environ, **account})
    assert ran.code == 0, ran.err
    assert "not read: gpuhunt aws: " in " ".join(ran.out.split())
    listed = rows(advisor("offers", "p5.48xlarge", "--format", "csv", environ=environ))
    assert [(row["price_per_gpu_hour"], row["checked_on"]) for row in listed] == [("6", "2026-11-24")]


def test_refresh_fails_only_where_nothing_was_read_and_then_keeps_what_there_was(
    advisor: Advisor, refresh: Refresh, environ: Mapping[str, str], tmp_path: Path
) -> None:
    refresh("--provider", "runpod")
    file = tmp_path / "data" / "advisor" / "offers.csv"
    before = file.read_bytes()
    ran = advisor("offers", "refresh", environ={**environ, "GPUHUNT_CATALOG_URL": (tmp_path / "gone").as_uri()})
    assert ran.code == 1
    assert "AWS price list aws: Unable to locate credentials" in ran.out
    assert "nothing was read: the offers stay as they were" in ran.out
    assert file.read_bytes() == before


def test_refresh_without_gpuhunt_says_how_to_install_it(advisor: Advisor, environ: Mapping[str, str]) -> None:
    (broken := Path(environ["XDG_DATA_HOME"]).parent / "no").mkdir()
    (broken / "gpuhunt.py").write_text("raise ImportError('not here')")
    ran = advisor("offers", "refresh", "--provider", "verda", environ={**environ, "PYTHONPATH": str(broken)})
    assert ran.code == 1
    assert 'gpuhunt is not installed: pip install "inference-advisor[offers]"' in ran.out


def test_damaged_file_of_a_refresh_stops_every_command_that_reads_it(
    advisor: Advisor, environ: Mapping[str, str], folder: Path
) -> None:
    file = folder / "mine.csv"
    file.write_text("provider,gpu\n")
    environ = {**environ, "ADVISOR_OFFERS": str(file)}
    for command in (["offers"], ["offers", "refresh"], ["check"]):
        ran = advisor(*command, environ=environ)
        assert (ran.code, ran.out) == (1, ""), command
        assert ran.err.startswith(f"error: {file}, row 1: there is no column 'instance'\nhint: ")


def test_refresh_writes_where_it_is_told(refresh: Refresh, tmp_path: Path) -> None:
    assert refresh("--provider", "runpod", "--output", str(tmp_path / "there.csv")).code == 0
    assert (tmp_path / "there.csv").read_text().count("gpuhunt runpod") == 1
    assert not (tmp_path / "data").exists()
