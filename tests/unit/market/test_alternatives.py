"""What the same tokens could cost elsewhere: every host of a model, its own price first, and no host that is none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from advisor.domain.facts import ON_DEMAND, Tokens
from advisor.domain.units import Money
from advisor.market.alternatives import HostPrice, host_prices, priced
from advisor.market.listings import listed_models
from advisor.market.models import known_ids
from advisor.market.token_prices import OwnPrice, Rates, Unpriced

NOVEMBER = date(2026, 11, 20)


def own(model: str, provider: str, input_price: str, **settings: object) -> OwnPrice:
    base = {"currency": "USD", "source": "contract", "output": Decimal(1), "provider": provider}
    return OwnPrice(model=model, input=Decimal(input_price), **(base | settings))  # type: ignore[arg-type]  # by name


def at(host: str, model_id: str, on: date = NOVEMBER, *prices: OwnPrice, tier: str = ON_DEMAND) -> list[HostPrice]:
    return [price for price in host_prices(model_id, on, prices) if (price.host, price.tier) == (host, tier)]


def test_every_kind_of_host_of_a_model_is_found_with_its_source_and_date() -> None:
    found = host_prices("llama-3.1-8b", NOVEMBER)
    assert {"aws", "together", "fireworks", "groq", "openrouter", "novita", "deepinfra", "nebius"} <= {
        price.host for price in found
    }
    assert all(price.rates.source and price.rates.checked_on for price in found)


def test_prices_come_on_demand_first_and_cheapest_first() -> None:
    found = host_prices("gpt-oss-120b", NOVEMBER)
    order = [(price.tier != ON_DEMAND, price.rates.input + price.rates.output) for price in found]
    assert order == sorted(order)


def test_price_is_the_one_of_the_day_of_use() -> None:
    (before,), (after,) = (at("openrouter", "llama-3.3-70b", on) for on in (date(2026, 9, 1), NOVEMBER))
    assert (before.rates.input, after.rates.input) == (Decimal("0.05"), Decimal("0.59"))


def test_model_that_nobody_sells_has_no_alternative() -> None:
    assert host_prices("no-such-model", NOVEMBER) == ()


@pytest.mark.parametrize("model_id", ["llama-3.3-70b", "gpt-oss-20b", "deepseek-r1", "minimax-m3.1-flash"])
def test_free_variants_are_no_alternative(model_id: str) -> None:
    found = host_prices(model_id, NOVEMBER)
    assert found
    assert [price.model_raw for price in found if price.model_raw.endswith(":free")] == []
    assert min(price.rates.input + price.rates.output for price in found) > 0


def test_maker_that_does_not_sell_its_open_model_is_no_alternative() -> None:
    """The catalog lists gpt-oss under OpenAI, at OpenRouter's price; a host that is paid anyway would gate a move."""
    assert at("openai", "gpt-oss-120b") == []
    assert at("openai", "gpt-oss-20b") == []


def test_price_by_the_time_of_day_is_left_out() -> None:
    assert at("deepseek", "deepseek-v4-pro") == []


@pytest.mark.parametrize(
    ("host", "raw"), [("groq", "openai/gpt-oss-120b"), ("openrouter", "openai/gpt-oss-120b:batch")]
)
def test_batch_price_is_one_of_its_own_tier(host: str, raw: str) -> None:
    (batch,) = at(host, "gpt-oss-120b", tier="batch")
    (on_demand,) = at(host, "gpt-oss-120b")
    assert batch.model_raw == raw
    assert batch.rates.input + batch.rates.output < on_demand.rates.input + on_demand.rates.output


def test_variants_of_one_host_stay_apart_and_say_which_they_are() -> None:
    assert {price.model_raw for price in at("deepinfra", "llama-3.1-8b")} == {
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo",
    }


@pytest.mark.parametrize(
    "model", ["llama-3.1-8b", "accounts/fireworks/models/llama-v3p1-8b-instruct", "llama-v3p1-8b-*", "Llama-3.1-*"]
)
def test_own_price_replaces_that_of_its_host_however_it_names_the_model(model: str) -> None:
    (found,) = at("fireworks", "llama-3.1-8b", NOVEMBER, own(model, "Fireworks AI", "0.07"))
    assert (found.rates.input, found.rates.source) == (Decimal("0.07"), "contract")


def test_own_price_adds_a_host_that_no_table_knows() -> None:
    (found,) = at("acme", "llama-3.1-8b", NOVEMBER, own("llama-3.1-8b", "acme", "0.01"))
    assert found.rates.input == Decimal("0.01")


def test_own_price_touches_no_other_host_tier_day_or_model() -> None:
    others = (
        own("llama-3.1-8b", "together", "9"),
        own("llama-3.1-8b", "aws", "9", tier="batch"),
        own("llama-3.1-8b", "aws", "9", until=date(2026, 10, 31)),
        own("llama-3.3-70b", "aws", "9"),
        own("llama-3.1-8b", "", "9"),
    )
    assert at("aws", "llama-3.1-8b", NOVEMBER, *others) == at("aws", "llama-3.1-8b")


def test_of_several_own_prices_of_a_host_the_closest_then_the_latest_counts() -> None:
    rows = (
        own("llama-3.1-*", "aws", "1", start=date(2026, 9, 1)),
        own("llama-3.1-8b", "aws", "2", start=date(2026, 1, 1)),
        own("llama-3.1-8b", "aws", "3", start=date(2026, 6, 1)),
    )
    for order in (rows, rows[::-1]):
        (found,) = at("aws", "llama-3.1-8b", NOVEMBER, *order)
        assert found.rates.input == 3


def rates(cache_read: str | None) -> Rates:
    return Rates(
        input=Decimal("0.20"),
        output=Decimal("0.80"),
        cache_read=None if cache_read is None else Decimal(cache_read),
        cache_write=None,
        currency="USD",
        source="test",
        checked_on=NOVEMBER,
    )


def test_tokens_are_priced_part_by_part() -> None:
    price = HostPrice(host="acme", tier=ON_DEMAND, rates=rates("0.02"), model_raw="x")
    tokens = Tokens(uncached_input=3_000_000, cache_read=5_000_000, output=1_000_000)
    assert priced(price, tokens) == Money(3 * Decimal("0.20") + 5 * Decimal("0.02") + Decimal("0.80"), "USD")


def test_cached_tokens_never_cost_the_input_price_where_no_cache_price_is_known() -> None:
    price = HostPrice(host="acme", tier=ON_DEMAND, rates=rates(None), model_raw="x")
    assert isinstance(priced(price, Tokens(uncached_input=1, cache_read=1, output=1)), Unpriced)
    assert isinstance(priced(price, Tokens(uncached_input=1, cache_read=0, output=1)), Money)


def test_most_open_models_are_sold_by_somebody() -> None:
    assert len(set(known_ids()) & set(listed_models())) > 120
