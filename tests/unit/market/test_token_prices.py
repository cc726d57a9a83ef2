"""What tokens cost: exact charges, own prices before the catalog, the price of the day of use, and no guesses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.domain.facts import ON_DEMAND, Tokens
from advisor.domain.units import Money
from advisor.market.models import canonical
from advisor.market.rates import Schedule
from advisor.market.token_prices import OwnPrice, Rates, TokenPrices, Unpriced, charge

BEDROCK_8B = "meta.llama3-1-8b-instruct-v1:0"
OCTOBER = date(2026, 10, 1)


def look_up(
    prices: TokenPrices, model_raw: str, provider: str = "", on: date = OCTOBER, tier: str = ON_DEMAND
) -> Rates | Unpriced:
    known = canonical(model_raw)
    return prices.rates(provider=provider, model_raw=model_raw, model_id=known.id if known else None, tier=tier, on=on)


def catalog(model_raw: str, provider: str = "", on: date = OCTOBER, tier: str = ON_DEMAND) -> Rates:
    found = look_up(TokenPrices(), model_raw, provider, on, tier)
    assert isinstance(found, Rates), found
    return found


def unpriced(model_raw: str, provider: str = "", on: date = OCTOBER, tier: str = ON_DEMAND) -> str:
    found = look_up(TokenPrices(), model_raw, provider, on, tier)
    assert isinstance(found, Unpriced), found
    return found.reason


def own(model: str, input_price: str, **settings: object) -> OwnPrice:
    base = {"currency": "USD", "source": "contract", "output": Decimal(1)}
    return OwnPrice(model=model, input=Decimal(input_price), **(base | settings))  # type: ignore[arg-type]  # by name


def rates(cache_read: str | None = None) -> Rates:
    return Rates(
        input=Decimal("0.22"),
        output=Decimal("0.88"),
        cache_read=None if cache_read is None else Decimal(cache_read),
        cache_write=None,
        currency="USD",
        source="test",
        checked_on=None,
    )


def test_charge_is_tokens_times_rates_exactly() -> None:
    tokens = Tokens(uncached_input=3_000_001, output=7, cache_read=10)
    expected = (3_000_001 * Decimal("0.22") + 7 * Decimal("0.88") + 10 * Decimal("0.02")) / 1_000_000
    assert charge(rates("0.02"), tokens) == Money(expected, "USD")


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_charge_loses_no_digit_of_any_count(left: int, right: int) -> None:
    parts = [charge(rates(), Tokens(uncached_input=count, output=0)) for count in (left, right)]
    whole = charge(rates(), Tokens(uncached_input=left + right, output=0))
    assert isinstance(whole, Money)
    assert whole.amount == sum((part.amount for part in parts if isinstance(part, Money)), Decimal(0))


def test_charge_never_takes_the_input_price_for_cache_tokens() -> None:
    found = charge(rates(), Tokens(uncached_input=1, output=1, cache_read=5))
    assert found == Unpriced(reason="5 cache read tokens and no cache read price in test")


def test_charge_needs_no_cache_price_where_no_cache_tokens_occur() -> None:
    assert charge(rates(), Tokens(uncached_input=1_000_000, output=0, cache_read=0)) == Money(Decimal("0.22"), "USD")


@pytest.mark.parametrize("provider", ["aws", "aws.bedrock", "bedrock", "Amazon Bedrock", ""])
def test_bedrock_llama_8b_has_its_list_price_under_every_name_of_the_host(provider: str) -> None:
    found = catalog(BEDROCK_8B, provider)
    assert (found.input, found.output, found.currency) == (Decimal("0.22"), Decimal("0.22"), "USD")


@pytest.mark.parametrize(
    ("on", "input_price", "output_price"),
    [
        (date(2026, 9, 1), "0.05", "0.24"),
        (date(2026, 10, 18), "0.05", "0.24"),
        (date(2026, 10, 19), "0.10", "0.32"),
        (date(2026, 10, 25), "0.10", "0.32"),
        (date(2026, 11, 20), "0.59", "0.79"),
    ],
)
def test_price_is_the_one_in_force_on_the_day_of_use(on: date, input_price: str, output_price: str) -> None:
    found = catalog("meta-llama/llama-3.3-70b-instruct", "openrouter", on)
    assert (found.input, found.output) == (Decimal(input_price), Decimal(output_price))


def test_month_is_never_priced_at_the_long_context_tier() -> None:
    found = catalog("claude-sonnet-4-5", "anthropic")
    assert (found.input, found.output) == (Decimal(3), Decimal(15))


def test_catalog_price_says_its_version_and_date() -> None:
    found = catalog(BEDROCK_8B, "aws")
    assert found.source.startswith("genai-prices ")
    assert found.checked_on is not None, "market.catalog.RELEASED lacks the day of the locked version's release"


def test_price_found_under_another_spelling_says_which() -> None:
    assert catalog("gpt-oss-120b", "groq").source.endswith("there as openai/gpt-oss-120b")


@pytest.mark.parametrize(
    ("billed_as", "id_there"),
    [("Llama3-1-70B", "meta.llama3-1-70b-instruct-v1:0"), ("Mistral 7B", "mistral.mistral-7b-instruct-v0:2")],
)
def test_price_of_a_name_on_an_invoice_is_that_of_the_hosts_own_id(billed_as: str, id_there: str) -> None:
    found = catalog(billed_as, "aws")
    assert found.source.endswith(f"there as {id_there}")
    assert (found.input, found.output) == (catalog(id_there, "aws").input, catalog(id_there, "aws").output)


def test_price_of_a_models_maker_says_so() -> None:
    assert catalog("gpt-4o", "azure.ai.openai").source.endswith("the price of openai")


@pytest.mark.parametrize(
    ("model_raw", "host_price"),
    [
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "0.2"),
        ("bedrock/us.meta.llama3-1-70b-instruct-v1:0", "0.72"),
    ],
)
def test_id_that_only_one_host_writes_tells_the_host(model_raw: str, host_price: str) -> None:
    assert catalog(model_raw).input == Decimal(host_price)


def test_open_model_without_a_host_is_unpriced() -> None:
    assert "set `provider`" in unpriced("meta-llama/Llama-3.1-8B-Instruct")


def test_closed_model_without_a_host_has_its_makers_price() -> None:
    assert catalog("gpt-4o-mini-2024-07-18").input == Decimal("0.15")


@pytest.mark.parametrize(
    ("model_raw", "provider", "why"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "lambda", "no price of meta-llama/Llama-3.1-8B-Instruct at lambda"),
        ("Llama 3.1 8B", "deepinfra", "in several ways"),
        ("accounts/acme/models/llama-v3p1-8b-instruct-tuned", "fireworks", "no price of accounts/acme"),
        ("sonar", "perplexity", "not charged by input and output tokens alone"),
        ("deepseek-chat", "deepseek", "depends on the time of day"),
        ("gpt-0-unheard-of", "openai", "no price of gpt-0-unheard-of"),
    ],
)
def test_what_the_catalog_cannot_tell_is_unpriced_with_the_reason_and_the_fix(
    model_raw: str, provider: str, why: str
) -> None:
    reason = unpriced(model_raw, provider)
    assert why in reason
    assert "[[prices]]" in reason


@pytest.mark.parametrize(
    ("model_raw", "provider", "input_price"),
    [
        ("deepinfra/meta-llama/Meta-Llama-3.1-8B-Instruct", "", "0.03"),
        ("meta-llama/meta-llama-3.1-8b-instruct-turbo", "DeepInfra", "0.02"),
        ("gpt-oss-120b", "Nebius AI Studio", "0.15"),
    ],
)
def test_host_that_the_catalog_lacks_is_priced_by_the_supplement_with_source_and_date(
    model_raw: str, provider: str, input_price: str
) -> None:
    found = catalog(model_raw, provider)
    assert found.input == Decimal(input_price)
    assert found.source.startswith("litellm ")
    assert found.checked_on is not None


def test_catalog_goes_before_the_supplement() -> None:
    found = catalog("meta-llama/Llama-3.3-70B-Instruct-Turbo", "together")
    assert (found.input, found.source.split()[0]) == (Decimal("0.88"), "genai-prices")


def test_variant_after_a_colon_never_prices_the_plain_model() -> None:
    plain = catalog("openai/gpt-oss-120b", "openrouter")
    assert catalog("openai/gpt-oss-120b:batch", "openrouter").input < plain.input
    other_spelling = catalog("gpt-oss-120b", "openrouter")
    assert (other_spelling.input, other_spelling.output) == (plain.input, plain.output)


def test_batch_has_its_own_price_from_the_day_it_is_known() -> None:
    assert catalog("gpt-4o", "openai", date(2026, 11, 1), "batch").input == catalog("gpt-4o", "openai").input / 2
    assert "batch price" in unpriced("gpt-4o", "openai", date(2026, 10, 1), "batch")


@pytest.mark.parametrize("tier", ["provisioned", "flex", "batch"])
def test_tier_without_a_known_price_never_has_the_one_on_demand(tier: str) -> None:
    assert "[[prices]]" in unpriced(BEDROCK_8B, "aws", tier=tier)


def test_own_price_wins_over_the_catalog() -> None:
    found = look_up(TokenPrices([own("llama-3.1-8b", "0.11")]), BEDROCK_8B, "aws")
    assert isinstance(found, Rates)
    assert (found.input, found.source) == (Decimal("0.11"), "contract")


@pytest.mark.parametrize(
    "pattern", [BEDROCK_8B, "llama-3.1-8b", "meta.llama3-1-*", "Llama-3.1-*", "META.LLAMA3-1-8B-*"]
)
def test_own_price_names_a_model_by_raw_id_canonical_id_or_glob(pattern: str) -> None:
    found = look_up(TokenPrices([own(pattern, "0.11")]), BEDROCK_8B, "aws")
    assert isinstance(found, Rates)
    assert found.source == "contract"


def test_own_price_of_another_provider_or_tier_is_not_taken() -> None:
    prices = TokenPrices([own("*", "1", provider="together"), own("*", "2", tier="batch")])
    found = look_up(prices, BEDROCK_8B, "aws")
    assert isinstance(found, Rates)
    assert found.input == Decimal("0.22")


def test_own_price_knows_its_provider_by_other_names() -> None:
    found = look_up(TokenPrices([own("*", "1", provider="bedrock")]), BEDROCK_8B, "aws.bedrock")
    assert isinstance(found, Rates)
    assert found.source == "contract"


def test_of_several_own_prices_the_most_specific_wins() -> None:
    ladder = [
        own("*", "1"),
        own("*", "2", provider="aws"),
        own("meta.*", "3"),
        own("llama-3.1-8b", "4"),
        own("llama-3.1-8b", "5", provider="aws"),
        own("llama-3.1-8b", "6", provider="aws", start=date(2026, 9, 1)),
        own(BEDROCK_8B, "7"),
    ]
    for count in range(1, len(ladder) + 1):
        for rows in (ladder[:count], ladder[:count][::-1]):
            found = look_up(TokenPrices(rows), BEDROCK_8B, "aws")
            assert isinstance(found, Rates)
            assert found.input == count


@pytest.mark.parametrize(
    ("on", "source"),
    [
        (date(2026, 2, 28), "genai-prices"),
        (date(2026, 3, 1), "contract"),
        (date(2026, 3, 31), "contract"),
        (date(2026, 4, 1), "genai-prices"),
    ],
)
def test_own_price_holds_on_its_first_and_last_day_and_not_beyond(on: date, source: str) -> None:
    prices = TokenPrices([own("*", "1", start=date(2026, 3, 1), until=date(2026, 3, 31))])
    found = look_up(prices, BEDROCK_8B, "aws", on)
    assert isinstance(found, Rates)
    assert found.source.startswith(source)


def test_gap_of_own_prices_that_nothing_fills_is_named() -> None:
    prices = TokenPrices([own("acme-8b", "1", start=date(2026, 3, 1))])
    found = look_up(prices, "acme-8b", "aws", date(2026, 2, 1))
    assert isinstance(found, Unpriced)
    assert found.reason.endswith("the [[prices]] of it do not cover 2026-02-01")


def test_schedule_answers_for_every_day() -> None:
    first, second = rates("0.01"), rates("0.02")
    schedule = Schedule((date.min, date(2026, 5, 1)), (first, second))
    days = (date.min, date(2026, 4, 30), date(2026, 5, 1), date.max)
    assert [schedule.on(day) for day in days] == [first, first, second, second]
