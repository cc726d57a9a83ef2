"""What every source survives with the right answer or a named refusal: bad transport, bad content, bad files, leaks."""

from __future__ import annotations

import gzip
import json
import logging
import re
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor import app
from advisor.config import load
from advisor.contract.http import Http
from advisor.contract.source import Records, Source
from advisor.desk import wire
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Month, Window
from advisor.errors import AdvisorError, SourceError
from advisor.ingest.runner import pull
from advisor.registry import build_source
from tests import conftest
from tests.contract import (
    apis,
    test_azure_openai,
    test_bedrock_logs,
    test_invoice_csv,
    test_litellm,
    test_prometheus,
    test_source_anthropic,
    test_source_baseten,
    test_source_deepinfra,
    test_source_fireworks,
    test_source_langfuse,
    test_source_openai,
    test_source_openrouter,
    test_source_together,
    test_vertex,
)
from tests.http_server import HttpServer, Reply, Request, http_server, refuses
from tests.unit import bills

NOW = max(conftest.NOW, datetime.now(UTC))
OCTOBER = Month(2026, 10).window
CANARY = "the-prompt-of-a-customer"
CALLS = 100  # at most, of one read
EXACT, TOO_LARGE = 2**53 + 1, 2**63
Damage = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Api:
    """A kind that asks an API: how to serve it, and the words by which its answers say things."""

    serve: Callable[[HttpServer], None]
    source: Callable[[HttpServer], Records]
    secret: str = apis.SECRET
    window: Window = OCTOBER
    model: str
    count: str  # the key of a count of output tokens
    counts: str = ""  # pattern of the keys of all counts
    money: str = ""  # pattern of the keys of its amounts
    sku: str = ""  # a text that names what was sold
    cursor: tuple[str, str] | None = None  # pattern of where an answer says that it ends, and that it goes on instead


def kit(made: Any, **said: Any) -> Api:
    one: apis.ApiKit = made()
    return Api(serve=one.serve, source=lambda http: apis.api_source(one.kind, http, **one.settings), **said)


NEXT = (r'"has_more": false, "next_page": null', '"has_more": true, "next_page": "p"')
APIS = {
    "openai": kit(
        test_source_openai.TestOpenAi, model="gpt-4o-mini-2024-07-18", count="output_tokens", money="value",
        counts="num_model_requests|[a-z_]*_tokens", sku="gpt-4o-mini-2024-07-18, input_tokens", cursor=NEXT,
    ),
    "anthropic": kit(
        test_source_anthropic.TestAnthropic, model="claude-sonnet-5", count="output_tokens", money="amount",
        counts="[a-z0-9_]*_tokens", sku="Claude Sonnet 5 Usage", cursor=NEXT,
    ),
    "openrouter": kit(
        test_source_openrouter.TestOpenRouter, model="openai/gpt-4.1", count="completion_tokens",
        counts="requests|[a-z_]*_tokens", money="usage|byok_usage_inference",
    ),
    "together": kit(
        test_source_together.TestTogether, model="meta-llama/Llama-3.3-70B-Instruct-Turbo", count="quantity",
        counts="quantity", money="cost", sku="Serverless Inference - Input Tokens",
        cursor=('"next_cursor": null', '"next_cursor": "p"'),
    ),
    "fireworks": kit(
        test_source_fireworks.TestFireworks, model=test_source_fireworks.MODEL, count="completionTokens",
        counts="promptTokens|completionTokens", money="units|nanos",
        cursor=('"nextPageToken": ""', '"nextPageToken": "p"'),
    ),
    "deepinfra": kit(
        test_source_deepinfra.TestDeepInfra, model="meta-llama/Meta-Llama-3.1-8B-Instruct", count="units",
        counts="units", money="cost", sku="input_tokens",
    ),
    "baseten": kit(
        test_source_baseten.TestBaseten, model="deepseek-ai/DeepSeek-V3.1", count="output_tokens",
        counts="[a-z_]*_tokens", money="subtotal",
    ),
    "langfuse": kit(
        test_source_langfuse.TestLangfuse, model="gpt-4o-mini", count="sum_outputTokens",
        counts="count_count|sum_[a-z]*Tokens", money="sum_totalCost",
    ),
    "litellm": Api(
        serve=lambda http: http.on("user/daily/activity", test_litellm.ACTIVITY), secret="sk-secret",
        source=lambda http: test_litellm.litellm(base_url=http.base_url, api_key={"env": "LITELLM_KEY"}),
        model="gpt-oss-120b", count="completion_tokens", counts="[a-z]*_requests|[a-z_]*_tokens", money="spend",
        cursor=('"total_pages": 1', '"total_pages": 1000000'),
    ),
    "azure-openai": Api(
        serve=lambda http: http.on(
            test_azure_openai.METRICS, test_azure_openai.answers(test_azure_openai.TOKENS, test_azure_openai.REQUESTS)
        ),
        source=lambda http: test_azure_openai.azure(http.base_url, token={"env": "TOKEN"}),
        secret="eyJ-secret", window=test_azure_openai.DAY, model="gpt-4o", count="total", counts="total",
    ),
    "vertex": Api(
        serve=lambda http: http.on(test_vertex.SERIES, test_vertex.GOOD),
        source=lambda http: test_vertex.vertex(http.base_url, token={"env": "TOKEN"}),
        secret="ya29-secret", window=test_vertex.DAY, model="gemini-2.0-flash-001", count="int64Value",
        counts="int64Value", cursor=(r'^\{', '{"nextPageToken": "0", '),
    ),
    "prometheus": Api(
        serve=lambda http: http.on(test_prometheus.RANGE, test_prometheus.GOOD),
        source=lambda http: test_prometheus.fleet(http.base_url, token={"env": "PROM"}),
        secret="prom-token", model="llama", count="",
    ),
}  # fmt: skip
every_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)


def apis_with(what: str) -> pytest.MarkDecorator:
    """The kinds whose answers have that."""
    having = {kind: api for kind, api in APIS.items() if getattr(api, what)}
    return pytest.mark.parametrize("api", having.values(), ids=having)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No wait between calls, little patience for one, few calls, and no certificates, which http needs none of."""
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
    opened = Http.__init__

    def quick(self: Http, *args: Any, **more: Any) -> None:
        opened(self, *args, **{**more, "sleep": lambda _: None, "timeout_seconds": 0.5, "budget": CALLS})

    monkeypatch.setattr(Http, "__init__", quick)


@dataclass
class Line:
    """The line to one API, which may be cut, and whose answers may be damaged on the way."""

    http: HttpServer
    api: Api
    damage: Damage = str
    first: Reply | None = None  # in place of the first answer of each path
    always: Reply | None = None  # in place of every answer
    asked: Counter[str] = field(default_factory=Counter)

    def answer(self, request: Request) -> Reply:
        good = HttpServer.answer(self.http, request)
        self.asked[request.path] += 1
        if stand_in := self.always or (self.first if self.asked[request.path] == 1 else None):
            return replace(stand_in, body=good.body) if stand_in.body == {} else stand_in
        return replace(good, body=self.damage(json.dumps(two_models(good.body, self.api.model))))

    def read(self) -> Pull:
        return pull(self.api.source(self.http), self.api.window, NOW)

    def records(self) -> list[Any]:
        return list(self.api.source(self.http).pull(self.api.window))


@pytest.fixture
def line(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    with http_server() as http:
        api.serve(http)
        one = Line(http, api)
        monkeypatch.setattr(http, "answer", one.answer)
        yield one


def first_list(body: Any) -> tuple[dict[str, Any], str] | None:
    """Where the outermost list of objects of an answer is."""
    if not isinstance(body, dict):
        return None
    own = next((key for key, value in body.items() if isinstance(value, list) and value), None)
    return (body, own) if own else next((found for value in body.values() if (found := first_list(value))), None)


def two_models(body: Any, model: str) -> Any:
    """An answer of one model with each of its entries once more, for another model: orders differ only from two on."""
    body = json.loads(json.dumps(body))
    if found := first_list(body):
        holder, key = found
        others = json.loads(json.dumps(holder[key]).replace(model, f"{model}-2"))
        holder[key] += others if others != holder[key] else []
    return body


def facts(found: Pull) -> Counter[str]:
    return Counter(map(repr, [*found.usage, *found.costs]))


def refused(found: Pull) -> bool:
    """Whether a read says by name that something of it could not be used."""
    return bool(found.status is not PullStatus.OK and found.warnings) or bool(found.rejected and found.problems)


def right_or_refused(found: Pull, good: Counter[str]) -> None:
    """All of what is true, or less of it with a word: never anything else."""
    assert facts(found) <= good, "there is something that is not so"
    assert facts(found) == good or refused(found), "something is lost without a word"


def why_stopped(read: Callable[[], Pull]) -> str:
    """What a run says that one number stops."""
    with pytest.raises(AdvisorError) as stopped:
        read()
    return stopped.value.message


def dollars(found: Pull) -> Decimal:
    return sum((cost.amount.amount for cost in found.costs), Decimal(0))


def numbers(keys: str, text: str, spell: Callable[[str], str]) -> str:
    """An answer with each number at one of *keys* spelled otherwise; *spell* gets it with its quotes, if any."""
    return re.sub(rf'("(?:{keys})": )("?-?\d[\d.eE+-]*"?)', lambda found: found[1] + spell(found[2]), text)


def quoted(number: str) -> str:
    return f'"{number.strip(chr(34))}"'


def scientific(number: str) -> str:
    return number.replace(number.strip('"'), f"{Decimal(number.strip(chr(34))):e}")


def with_fraction(number: str) -> str:
    return number if '"' in number or "." in number else f"{number}.0"


def over_lists(text: str, change: Callable[[list[Any]], list[Any]]) -> str:
    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: changed(one) for key, one in value.items()}
        if isinstance(value, list):
            within = [changed(one) for one in value]
            return change(within) if all(isinstance(one, dict | list) for one in within) else within
        return value

    return json.dumps(changed(json.loads(text)))


def twice(text: str) -> str:
    """An answer whose last entry comes again."""
    body = json.loads(text)
    if found := first_list(body):
        holder, key = found
        holder[key].append(holder[key][-1])
    return json.dumps(body)


def twice_otherwise(body: Any, keys: str) -> list[str]:
    """Answers in each of which the last entry of one list comes again with other counts, for every list with counts."""
    damaged = []

    def damage(holder: Any) -> None:
        for within in holder.values() if isinstance(holder, dict) else holder:
            if isinstance(within, list) and within and isinstance(within[-1], dict | list):
                more = numbers(keys, json.dumps(within[-1]), lambda number: re.sub(r"(?=\d)", "7", number, count=1))
                if more != json.dumps(within[-1]):
                    within.append(json.loads(more))
                    damaged.append(json.dumps(body))
                    within.pop()
            if isinstance(within, dict | list):
                damage(within)

    damage(body)
    return damaged


# --- transport

PASSING = {
    "408": refuses(408),
    "429 with a time": refuses(429, Retry_After="7"),
    "429 without one": refuses(429),
    "500": refuses(500, "the shard is down"),
    "503": Reply(status=503, body="<html>busy</html>"),
    "no answer": Reply(breaks="before answering"),
    "cut in the answer": Reply(breaks="in the answer"),
}


@every_api
@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
def test_what_passes_is_asked_for_again_and_nothing_is_lost_or_doubled(line: Line, reply: Reply) -> None:
    good = facts(line.read())
    assert good
    line.asked.clear()
    line.first = reply
    found = line.read()
    assert (found.status, facts(found)) == (PullStatus.OK, good)
    assert min(line.asked.values()) > 1


@pytest.mark.parametrize("api", [APIS["openai"], APIS["prometheus"]], ids=["openai", "prometheus"])
def test_an_answer_that_comes_too_late_is_asked_for_again(line: Line) -> None:
    good = facts(line.read())
    line.asked.clear()
    line.first = Reply(delay_seconds=0.8)
    assert facts(line.read()) == good
    assert min(line.asked.values()) > 1


LASTING = {
    "404": (refuses(404), "404"),
    "409": (refuses(409, "conflict"), "409"),
    "401": (refuses(401), "no access"),
    "403": (refuses(403), "no access"),
    "500": (refuses(500), "500, 6 times in a row"),
    "429": (refuses(429), "429, 6 times in a row"),
    "always cut": (Reply(breaks="in the answer"), "no whole answer"),
    "a login page": (Reply(body="<html>sign in</html>", headers={"Content-Type": "text/html"}), "text/html"),
    "half of its JSON": (Reply(body='{"data": [{"start'), "not answer in JSON"),
    "nothing": (Reply(status=204, body=""), "not answer in JSON"),
}


@every_api
@pytest.mark.parametrize(("reply", "named"), LASTING.values(), ids=LASTING)
def test_what_lasts_is_refused_by_name_and_is_never_zero_traffic(line: Line, reply: Reply, named: str) -> None:
    line.always = reply
    with pytest.raises(SourceError, match=re.escape(named)):
        line.records()
    found = line.read()
    assert (found.status, facts(found)) == (PullStatus.FAILED, Counter())


@every_api
def test_a_redirect_to_another_host_is_refused_and_no_key_is_sent_there(line: Line) -> None:
    with http_server() as other:
        line.always = Reply(status=302, headers={"Location": f"{other.base_url}elsewhere"}, body="moved")
        with pytest.raises(SourceError, match=r"sends on to .*/elsewhere, which is not followed"):
            line.records()
        assert other.requests == []


# --- content


@every_api
def test_an_entry_that_comes_twice_is_never_counted_twice(line: Line) -> None:
    good = facts(line.read())
    line.damage = twice
    right_or_refused(line.read(), good)


@every_api
def test_a_bucket_that_comes_twice_with_other_counts_is_refused_by_name_and_never_summed(line: Line) -> None:
    good = facts(line.read())
    lists = Counter[str]()
    keys = "|".join(filter(None, (line.api.counts, line.api.money)))

    def damage(text: str) -> str:
        path = line.http.requests[-1].path
        found = twice_otherwise(json.loads(text), keys) if keys else again_in_prometheus(text)
        lists[path] = max(lists[path], len(found))
        return found[number] if path == damaged and number < len(found) else text

    number, damaged = 0, ""
    line.damage = damage
    assert facts(line.read()) == good
    assert sum(lists.values()) > 0
    for damaged, number in [(path, number) for path, times in lists.items() for number in range(times)]:
        found = line.read()
        assert (found.status, facts(found)) == (PullStatus.FAILED, Counter()), (damaged, number)
        assert " twice" in found.warnings[0]


def again_in_prometheus(text: str) -> list[str]:
    """Its answers, which hold pairs and no keys, with a value again and with a series again, both with other counts."""
    body = json.loads(text)
    series = body["data"]["result"]
    if not series:
        return []
    at, _ = series[-1]["values"][-1]
    values = {**series[-1], "values": [*series[-1]["values"], [at, "7"]]}
    one, other = ([*series[:-1], values], [*series, {**series[-1], "values": [[at, "7"]]}])
    return [json.dumps({**body, "data": {**body["data"], "result": result}}) for result in (one, other)]


@every_api
def test_the_order_of_an_answer_does_not_matter(line: Line) -> None:
    good = facts(line.read())
    assert len(good) > 1
    line.damage = lambda text: over_lists(text, lambda entries: entries[::-1])
    assert facts(line.read()) == good


@apis_with("cursor")
def test_a_cursor_that_leads_around_is_refused_and_never_followed_for_ever(line: Line) -> None:
    assert line.api.cursor
    ends, goes_on = line.api.cursor
    line.damage = lambda text: re.sub(ends, goes_on, text)
    with pytest.raises(SourceError, match=r"the same page|twice"):
        line.records()
    assert sum(line.asked.values()) < CALLS / 2


@apis_with("cursor")
def test_cursors_without_end_are_refused_once_their_calls_are_used_up(line: Line) -> None:
    assert line.api.cursor
    ends, goes_on = line.api.cursor

    def endless(text: str) -> str:
        page = sum(line.asked.values())
        fresh = re.sub(r'"(p|0)"', f'"{page}"', goes_on)
        return re.sub(ends, fresh, re.sub(r"\[\{.*\}\]", "[]", text, flags=re.DOTALL))

    line.http.on(test_vertex.SERIES, {"timeSeries": []})
    line.damage = endless
    found = line.read()
    assert found.status in (PullStatus.FAILED, PullStatus.PARTIAL)
    assert f"more than {CALLS} calls" in " ".join(found.warnings)
    assert sum(line.asked.values()) <= CALLS


@pytest.mark.parametrize("api", [APIS["openai"], APIS["anthropic"]], ids=["openai", "anthropic"])
def test_an_answer_that_goes_on_without_saying_where_is_refused(line: Line) -> None:
    line.damage = lambda text: text.replace('"has_more": false', '"has_more": true')
    with pytest.raises(SourceError, match="goes on, and not where"):
        line.records()


SPELLINGS = {"as text": quoted, "in scientific notation": scientific, "with a fraction of zero": with_fraction}


@apis_with("counts")
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_count_means_the_same_however_it_is_spelled(line: Line, spell: Callable[[str], str]) -> None:
    good = facts(line.read())
    line.damage = lambda text: numbers(line.api.counts, text, spell)
    right_or_refused(line.read(), good)


@every_api
@pytest.mark.parametrize("tokens", [EXACT, TOO_LARGE])
def test_a_count_is_exact_beyond_what_a_float_holds_and_refused_beyond_63_bits(line: Line, tokens: int) -> None:
    def huge(text: str) -> str:
        if not line.api.count:  # Prometheus has pairs, not keys
            return text.replace('"99.6"', f'"{tokens}"')
        return numbers(line.api.count, text, lambda number: number.replace(number.strip('"'), str(tokens)))

    line.damage = huge
    if tokens == TOO_LARGE:
        assert str(TOO_LARGE) in why_stopped(line.read)
    else:
        assert {fact.tokens.output for fact in line.read().usage} - {0} == {EXACT}


@every_api
def test_tokens_of_a_model_without_a_name_are_kept_or_refused_and_never_lost_without_a_word(line: Line) -> None:
    def total(found: Pull) -> int:
        return sum(fact.tokens.total for fact in found.usage)

    good = line.read()
    line.damage = lambda text: re.sub(rf'(": ){re.escape(quoted(line.api.model))}', r"\1null", text)
    if line.api is APIS["litellm"]:
        line.damage = lambda text: text.replace(quoted(line.api.model), '""')
    found = line.read()
    assert facts(found) != facts(good)
    assert total(found) == total(good) or refused(found) or "name a model" in " ".join(found.warnings)


@apis_with("sku")
def test_the_money_of_a_thing_never_sold_before_is_kept(line: Line) -> None:
    good = line.read()
    line.damage = lambda text: re.sub(re.escape(line.api.sku), "Quantum Reranking Hours", text)
    found = line.read()
    assert dollars(found) == dollars(good) > 0
    assert found.status is PullStatus.OK


@apis_with("money")
def test_negative_amounts_are_credits_and_count_as_such(line: Line) -> None:
    good = line.read()
    line.damage = lambda text: numbers(line.api.money, text, lambda n: n.replace(n.strip('"'), f"-{n.strip(chr(34))}"))
    if line.api is APIS["litellm"]:  # what it spent is its own estimate, which has no credits
        assert refused(line.read())
    else:
        assert dollars(line.read()) == -dollars(good) < 0


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the zone of this machine."""

    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


ZONES = ("America/New_York", "Asia/Kathmandu")


@every_api
def test_the_zone_of_this_machine_does_not_matter(line: Line, zone: Callable[[str], None]) -> None:
    def read(name: str) -> Counter[str]:
        zone(name)
        return facts(line.read())

    good = read("UTC")
    assert good
    assert [read(name) for name in ZONES] == [good, good]


# --- what never shows


def with_prompts(text: str) -> str:
    """An answer with a prompt in each of its objects, under the names that prompts have; keyed maps stay."""

    def injected(value: Any) -> Any:
        if isinstance(value, list):
            return [injected(one) for one in value]
        if not isinstance(value, dict):
            return value
        within = {key: injected(one) for key, one in value.items()}
        if within and all(isinstance(one, dict) for one in within.values()):
            return within
        told = {"prompt": CANARY, "messages": [{"content": CANARY}], "input": CANARY, "output": {"text": CANARY}}
        return {**told, **within}

    return json.dumps(injected(json.loads(text)))


def synced(tmp_path: Path, source: Source, window: Window) -> bytes:
    """All bytes of a state that *source* was read into."""
    (tmp_path / "log.csv").touch()
    file = tmp_path / "advisor.toml"
    file.write_text('[[sources]]\nname = "x"\nkind = "aws-cur"\npath = "log.csv"\n')
    config, now = load(file), window.end
    with wire(config, {}, now) as desk:
        app.sync(replace(desk, sources=(source,)), window.start, lambda reads, _: reads)
        assert any(series.source == source.name for series in desk.store.usage(window))
    return b"".join(one.read_bytes() for one in tmp_path.glob("advisor.db*"))


@every_api
def test_prompts_that_an_answer_holds_reach_no_row_no_store_and_no_log(
    line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = facts(line.read())
    line.damage = with_prompts
    assert facts(line.read()) == good
    source = line.api.source(line.http)
    assert CANARY not in repr([list(source.parse(record)) for record in line.records()])
    assert CANARY.encode() not in synced(tmp_path, source, line.api.window)
    assert CANARY not in caplog.text


@every_api
def test_the_key_reaches_no_error_no_row_no_store_and_no_log(
    line: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = line.api.source(line.http)
    shown = [repr(source), str(source), repr([list(source.parse(record)) for record in line.records()])]
    assert line.api.secret.encode() not in synced(tmp_path, source, line.api.window)
    echo = f"not with {apis.sent(line.http.requests[-1])}"
    for status in (401, 404, 500):
        line.always = refuses(status, echo)
        with pytest.raises(SourceError) as failure:
            line.records()
        shown += [repr(failure.value), failure.value.message, failure.value.hint or "", repr(line.read())]
    assert "***" in " ".join(shown)
    assert [one for one in (*shown, caplog.text) if line.api.secret in one] == []


# --- files


@dataclass(frozen=True, kw_only=True)
class File:
    """A kind that reads files: a good one, and how its counts are written."""

    kind: str
    name: str
    text: str
    settings: dict[str, Any] = field(default_factory=dict)
    count: str  # how the line after the header, or the first, states its output, or all of its tokens
    times: int = 1  # so many tokens is one of it

    def read(self, folder: Path, content: bytes | str | None = None, name: str = "") -> Pull:
        """What a source reads from the folder after *content*, or the good text, is written there."""
        file = folder / (name or self.name)
        file.parent.mkdir(parents=True, exist_ok=True)
        packed = self.text if content is None else content
        packed = packed.encode() if isinstance(packed, str) else packed
        file.write_bytes(gzip.compress(packed) if file.suffix == ".gz" else packed)
        return pull(self.source(folder), OCTOBER, NOW)

    def source(self, folder: Path) -> Source:
        return build_source({"name": "files", "kind": self.kind, "path": "in", **self.settings}, folder, {})

    @property
    def header(self) -> int:
        return int(".csv" in self.name)

    def changed(self, change: Callable[[list[str]], list[str]]) -> str:
        """The good text with its records changed, below the same header."""
        lines = self.text.splitlines()
        return "".join(f"{line}\n" for line in [*lines[: self.header], *change(lines[self.header :])])


LOG = [{**test_litellm.REQUEST, "id": f"r{n}", "in": 100 + n, "out": 17 + n} for n in range(3)]
LOGGED = {"timestamp": "startTime", "model": "model", "input_tokens": "in", "output_tokens": "out", "request_id": "id"}
CALLED = [
    test_bedrock_logs.call(f"c{n}", f"2026-10-05T08:0{n}:00Z", outputTokenCount=17 + n, inputTokenCount=100)
    for n in range(3)
]


def lines_of(records: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


FILES = {
    one.kind: one
    for one in (
        File(kind="request-log", name="in/log.jsonl", text=lines_of(LOG), settings={"columns": LOGGED}, count="17"),
        File(
            kind="bedrock-logs", name=f"in/{test_bedrock_logs.key('2026/10/05/08')}", text=lines_of(CALLED), count="17"
        ),
        File(
            kind="invoice-csv", name="in/bill.csv", text=test_invoice_csv.EXPORTS["bill.csv"].replace("Total,", "#,"),
            settings={"columns": test_invoice_csv.COLUMNS, "input_includes_cache": True}, count="200",
        ),
        File(
            kind="focus", name="in/focus.csv", count="2000",
            text=bills.text([bills.focus(), bills.focus(SkuId="USE1-Mistral-Large-output", ConsumedQuantity="7000")]),
        ),
        File(
            kind="aws-cur", name="in/cur.csv", count="2", times=1000,
            text=bills.text([bills.cur(), bills.cur(usage_type="USE1-MistralLarge-output-tokens", usage_amount="7")]),
        ),
    )
}  # fmt: skip
every_file = pytest.mark.parametrize("file", FILES.values(), ids=FILES)
HARMLESS: dict[str, Callable[[File], bytes | str]] = {
    "in reverse": lambda file: file.changed(lambda lines: lines[::-1]),
    "with the returns of Windows": lambda file: file.text.replace("\n", "\r\n"),
    "with a byte order mark": lambda file: b"\xef\xbb\xbf" + file.text.encode(),
    "without a last line end": lambda file: file.text.rstrip("\n"),
    "with empty lines at its end": lambda file: f"{file.text}\n\n",
}
HARMFUL: dict[str, Callable[[File], bytes | str]] = {
    "empty": lambda _: "",
    "without records": lambda file: file.changed(lambda _: []),
    "a login page": lambda _: "<html><body>sign in</body></html>\n" * 5,
    "not text": lambda _: bytes(range(256)) * 8,
    "zeros": lambda _: bytes(4096),
    "cut in a record": lambda file: file.changed(lambda lines: [*lines[:-1], lines[-1][: len(lines[-1]) // 4]]),
    "with a line of something else": lambda file: file.changed(lambda lines: [lines[0], "%PDF-1.7", *lines[1:]]),
}


@every_file
@pytest.mark.parametrize("written", HARMLESS.values(), ids=HARMLESS)
def test_a_file_says_the_same_however_it_is_written(
    file: File, written: Callable[[File], bytes | str], tmp_path: Path
) -> None:
    good = file.read(tmp_path)
    assert len(good.usage) >= 1
    assert good.status is PullStatus.OK
    found = file.read(tmp_path, written(file))
    assert (found.status, facts(found)) == (PullStatus.OK, facts(good))


@every_file
@pytest.mark.parametrize("written", HARMFUL.values(), ids=HARMFUL)
def test_a_damaged_file_is_refused_by_name_and_its_sound_lines_alone_count(
    file: File, written: Callable[[File], bytes | str], tmp_path: Path
) -> None:
    good = file.read(tmp_path)
    found = file.read(tmp_path, written(file))
    assert refused(found)
    assert sum(fact.tokens.total for fact in found.usage) <= sum(fact.tokens.total for fact in good.usage)


@every_file
def test_a_packed_file_that_is_cut_is_refused_and_never_read_as_far_as_it_goes(file: File, tmp_path: Path) -> None:
    name = file.name if file.name.endswith(".gz") else f"{file.name}.gz"
    assert file.read(tmp_path, name=name).status is PullStatus.OK
    packed = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(packed[: len(packed) * 2 // 3])
    found = pull(file.source(tmp_path), OCTOBER, NOW)
    assert refused(found)
    assert facts(found) == Counter()


@every_file
def test_a_file_that_is_not_there_is_refused_by_its_name(file: File, tmp_path: Path) -> None:
    found = pull(file.source(tmp_path), OCTOBER, NOW)
    assert (found.status, facts(found)) == (PullStatus.FAILED, Counter())
    assert "in" in found.warnings[0]


@every_file
@pytest.mark.parametrize("tokens", [EXACT, TOO_LARGE])
def test_a_count_in_a_file_is_exact_beyond_what_a_float_holds_and_refused_beyond_63_bits(
    file: File, tokens: int, tmp_path: Path
) -> None:
    huge = file.changed(lambda lines: [re.sub(rf"(?<![\w.-]){file.count}(?![\w.-])", str(tokens), lines[0])])
    assert str(tokens) in huge
    if tokens == EXACT:
        found = file.read(tmp_path, huge)
        counts = [count for fact in found.usage for count in (fact.tokens.uncached_input, fact.tokens.output)]
        assert EXACT * file.times in counts
    else:
        assert str(TOO_LARGE * file.times) in why_stopped(lambda: file.read(tmp_path, huge))


@every_file
def test_the_zone_of_this_machine_does_not_matter_to_a_file(
    file: File, tmp_path: Path, zone: Callable[[str], None]
) -> None:
    found = []
    for name in ("UTC", *ZONES):
        zone(name)
        found.append(facts(file.read(tmp_path)))
    assert found[0]
    assert found[1:] == [found[0], found[0]]


@every_file
def test_prompts_that_a_file_holds_reach_no_row_no_store_and_no_log(
    file: File, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = facts(file.read(tmp_path))
    if file.header:
        head, *lines = file.text.splitlines()
        told = "".join(f"{line}{f',{CANARY}' * 2}\n" for line in [*lines])
        told = f"{head},prompt,messages\n{told}"
    else:
        told = "".join(f"{with_prompts(line)}\n" for line in file.text.splitlines())
    found = file.read(tmp_path, told)
    assert facts(found) == good
    assert CANARY not in repr(found)
    assert CANARY.encode() not in synced(tmp_path, file.source(tmp_path), OCTOBER)
    assert CANARY not in caplog.text
