"""Offers in a flow's JSON form: what is taken, what is refused and where, and that nothing is lost."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.discounts import Combines, DiscountKind
from flows.definition import DefinitionError, FlowDefinition, dump_definition, parse_definition, read_stored
from flows.form_reader import FormReader
from flows.offer_form import (
    Concession,
    Excluded,
    Offers,
    OwnSale,
    Rung,
    WithoutCode,
    dump_offers,
    read_offers,
)

LADDER: dict[str, Any] = {
    "small": {"kind": "percent", "percent": 5},
    "best": {"kind": "amount", "amounts": {"EUR": "10.00", "USD": "12"}},
}


def flow(offers: object = LADDER, **second_step: object) -> dict[str, Any]:
    steps = [{"key": "reminder", "delay": "PT0S", "texts": {}}]
    steps.append({"key": "second_call", "delay": "PT24H", "texts": {}, **second_step})
    trigger = {"type": "cart_abandoned", "idle": "PT30M", "cutoff": "P4D"}
    data = {"version": 1, "name": "Carts", "active": True, "trigger": trigger, "steps": steps}
    return data if offers is None else data | {"offers": offers}


def parsed(offers: object = LADDER, **second_step: object) -> FlowDefinition:
    return parse_definition(flow(offers, **second_step), "en")


def sale(**changes: object) -> dict[str, object]:
    return {"name": "Summer", "from": "2027-07-01", "to": "2027-07-14", "percent": 20, **changes}


def errors(offers: object = LADDER, **second_step: object) -> tuple[str, ...]:
    with pytest.raises(DefinitionError) as refused:
        parsed(offers, **second_step)
    return refused.value.errors


def test_a_flow_without_offers_makes_none_and_is_written_as_before() -> None:
    definition = parsed(None)
    assert [step.offer for step in definition.steps] == [Rung.NONE, Rung.NONE]
    assert "offers" not in dump_definition(definition)
    assert not any({"offer", "offer_texts"} & set(step) for step in dump_definition(definition)["steps"])


def test_each_step_makes_the_offer_of_its_rung() -> None:
    definition = parsed(offer="best", offer_texts={"en": "{discount} off until {ends}: {link}"})
    best = definition.offers.concession(definition.steps[1].offer)
    assert best == Concession(DiscountKind.AMOUNT, amounts={"EUR": Decimal("10.00"), "USD": Decimal("12")})
    assert definition.offers.concession(definition.steps[0].offer) is None


def test_guard_rails_have_careful_defaults() -> None:
    offers = parsed().offers
    assert (offers.lasts, offers.once_in) == (timedelta(days=2), timedelta(days=60))
    assert offers.excluded == Excluded(sale_items=True, gift_cards=True)
    assert (offers.highest_percent, offers.without_code) == (30, WithoutCode.SEND)


@pytest.mark.parametrize(
    ("offers", "error"),
    [
        ([], "offers: must be an object"),
        ({"smal": {}}, "offers.smal: unknown key"),
        ({"small": 5}, "offers.small: must be an object"),
        (
            {"small": {"kind": "gift"}},
            "offers.small.kind: 'gift' is not known; possible: percent, amount, free_shipping",
        ),
        ({"small": {"kind": "percent"}}, "offers.small.percent: is missing for the kind percent"),
        ({"small": {"kind": "amount"}}, "offers.small.amounts: is missing for the kind amount"),
        (
            {"small": {"kind": "free_shipping", "percent": 5}},
            "offers.small.percent: is nothing for the kind free_shipping",
        ),
        (
            {"small": {"kind": "percent", "percent": 95}},
            "offers.small.percent: 95 is no whole number from 1 to 90",
        ),
        (
            {"small": {"kind": "percent", "percent": True}},
            "offers.small.percent: True is no whole number from 1 to 90",
        ),
        (
            {"small": {"kind": "percent", "percent": 25}, "highest_percent": 20},
            "offers.small.percent: is above highest_percent, 20",
        ),
        (
            {"best": {"kind": "amount", "amounts": {"EUR": 5}}},
            'offers.best.amounts.EUR: 5 is no sum such as "5.00"',
        ),
        (
            {"best": {"kind": "amount", "amounts": {"EUR": "0.00"}}},
            "offers.best.amounts.EUR: '0.00' is no sum such as \"5.00\"",
        ),
        (
            {"best": {"kind": "amount", "amounts": {"eur": "5"}}},
            "offers.best.amounts.eur: 'eur' is no ISO 4217 currency such as EUR",
        ),
        (
            {"best": {"kind": "amount", "amounts": {"ZZZ": "5"}}},
            "offers.best.amounts.ZZZ: 'ZZZ' is no ISO 4217 currency such as EUR",
        ),
        (
            {"best": {"kind": "amount", "amounts": {"EUR": "5.005"}}},
            "offers.best.amounts.EUR: '5.005' has more decimals than EUR",
        ),
        (
            {"lowest_cart": {"EUR": "1.000"}},
            "offers.lowest_cart.EUR: '1.000' has more decimals than EUR",
        ),
        (
            {"lowest_cart": {"JPY": "5000.5"}},
            "offers.lowest_cart.JPY: '5000.5' has more decimals than JPY",
        ),
        (
            {"sales": [sale(countries=["DE", "UK"])]},
            "offers.sales[0].countries[1]: 'UK' is no ISO 3166 country such as DE; the United Kingdom is GB",
        ),
        (
            {"best": {"kind": "amount", "amounts": {}}},
            "offers.best.amounts: must name at least one currency",
        ),
        ({"lasts": "PT5M"}, "offers.lasts: must be at least an hour, or nobody could use the offer"),
        ({"lasts": "P31D"}, "offers.lasts: must not be longer than 30 days"),
        ({"once_in": "P900D"}, "offers.once_in: must not be longer than 730 days"),
        ({"margin_floor": 100}, "offers.margin_floor: 100 is no whole number from 0 to 99"),
        ({"exclude": {"products": "123"}}, "offers.exclude.products: must be a list"),
        ({"exclude": {"tags": []}}, "offers.exclude.tags: unknown key"),
        (
            {"combines_with": ["all"]},
            "offers.combines_with[0]: 'all' is not known; possible: product, order, shipping",
        ),
        ({"without_code": "pray"}, "offers.without_code: 'pray' is not known; possible: send, wait"),
        ({"spare_returning": "no"}, "offers.spare_returning: must be true or false"),
        (
            {"sales": [{"name": "Sale", "from": "2027-07-14", "to": "2027-07-01", "percent": 20}]},
            "offers.sales[0].to: must not be before from",
        ),
        (
            {"sales": [{"name": "Sale", "from": "July", "to": "2027-07-01", "percent": 20}]},
            "offers.sales[0].from: 'July' is no day such as 2027-01-31",
        ),
        ({"sales": [{"name": "Sale"}]}, "offers.sales[0].percent: is missing"),
        ({"sales": {}}, "offers.sales: must be a list"),
        ({"sales": [sale()] * 101}, "offers.sales: has 101 entries, at most 100 are possible"),
        (
            {"sales": [sale(**{"from": "0001-01-01"})]},
            "offers.sales[0].from: '0001-01-01' is no day such as 2027-01-31",
        ),
        ({"x" * 10_000: 1}, f"offers.{'x' * 193}: unknown key"),
        ({"lowest_cart": []}, "offers.lowest_cart: must be an object"),
    ],
)
def test_a_wrong_offer_is_told_with_its_place(offers: object, error: str) -> None:
    assert error in errors(offers)


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ({"offer": "huge"}, "steps[1].offer: 'huge' is not known; possible: none, small, best"),
        ({"offer_texts": {"en": "{link}"}}, "steps[1].offer_texts: are for a step with an offer"),
        (
            {"offer": "small", "offer_texts": {"en": "10% off: {link}"}},
            "steps[1].offer_texts.en: must say {discount}: a guard rail may have lowered it",
        ),
        (
            {"offer": "small", "offer_texts": {"en": "{discount} off"}},
            "steps[1].offer_texts.en: {link} must stand there once, it stands there 0 times",
        ),
        (
            {"texts": {"en": "{discount} off: {link}"}},
            "steps[1].texts.en: {discount} is no placeholder; possible are {store} {first_name} {product}"
            " {count} {total} {link}",
        ),
    ],
)
def test_a_step_whose_offer_cannot_be_told_is_refused(step: dict[str, Any], error: str) -> None:
    assert error in errors(**step)


def test_a_rung_that_the_ladder_lacks_is_refused() -> None:
    assert errors({"small": LADDER["small"]}, offer="best") == (
        "steps[1].offer: the ladder in offers has no best",
    )


def test_free_shipping_is_told_in_words() -> None:
    ladder = {"best": {"kind": "free_shipping"}}
    assert errors(ladder, offer="best", offer_texts={"en": "{discount}: {link}"}) == (
        "steps[1].offer_texts.en: free shipping has no {discount}: say it in words",
    )


cents, yen = st.decimals("0.01", "9999", places=2), st.integers(1, 9999).map(Decimal)
amounts = st.fixed_dictionaries({}, optional={"EUR": cents, "USD": cents, "JPY": yen}).filter(bool)
concessions = st.one_of(
    st.integers(1, 30).map(lambda percent: Concession(DiscountKind.PERCENT, percent=percent)),
    amounts.map(lambda sums: Concession(DiscountKind.AMOUNT, amounts=sums)),
    st.just(Concession(DiscountKind.FREE_SHIPPING)),
)
days = st.dates(date(2026, 1, 1), date(2030, 1, 1))
sales = st.builds(
    lambda name, first, length, percent, countries: OwnSale(
        name, first, first + timedelta(days=length), percent, countries
    ),
    st.sampled_from(["Summer sale", "Soldes"]),
    days,
    st.integers(0, 40),
    st.integers(1, 99),
    st.sampled_from([(), ("DE",), ("FR", "BE")]),
)
ladders = st.builds(
    Offers,
    small=st.none() | concessions,
    best=st.none() | concessions,
    lasts=st.integers(1, 720).map(lambda hours: timedelta(hours=hours)),
    highest_percent=st.integers(30, 90),
    lowest_cart=st.just({}) | amounts,
    excluded=st.builds(
        Excluded,
        st.booleans(),
        st.booleans(),
        st.sampled_from([(), ("1", "2")]),
        st.sampled_from([(), ("9",)]),
    ),
    margin_floor=st.none() | st.integers(0, 99),
    once_in=st.integers(0, 730).map(lambda number: timedelta(days=number)),
    spare_returning=st.booleans(),
    combines_with=st.frozensets(st.sampled_from(list(Combines))),
    without_code=st.sampled_from(list(WithoutCode)),
    sales=st.lists(sales, max_size=2).map(tuple),
)


def excluding(platform: str | None, **excluded: list[object]) -> Excluded:
    return parse_definition(flow({"exclude": excluded}), "en", platform).offers.excluded


@pytest.mark.parametrize(
    ("platform", "excluded", "error"),
    [
        ("shopify", {"products": ["12", "Teapot"]}, "products[1]: 'Teapot' is no id of a product: Shopify's"),
        ("shopify", {"collections": ["Sale"]}, "collections[0]: 'Sale' is no id of a collection: Shopify's"),
        (
            "shopify",
            {"products": ["gid://shopify/Collection/9"]},
            "products[0]: 'gid://shopify/Collection/9'",
        ),
        ("woocommerce", {"products": ["mug-blue"]}, "products[0]: 'mug-blue' is no id of a product: WooComm"),
        ("woocommerce", {"collections": ["gid://shopify/Collection/9"]}, "collections[0]: 'gid://shopify/Co"),
        ("woocommerce", {"products": ["0"]}, "products[0]: '0' is no id of a product"),
        ("woocommerce", {"products": [12]}, 'products[0]: ids are texts: write "12"'),
        (None, {"products": [12]}, 'products[0]: ids are texts: write "12"'),
        ("shopify", {"products": [""]}, "products[0]: must be a name of 1 to 100 characters"),
    ],
)
def test_goods_are_excluded_by_ids_of_the_stores_platform_and_by_nothing_else(
    platform: str | None, excluded: dict[str, list[object]], error: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        excluding(platform, **excluded)
    (told,) = refused.value.errors
    assert told.startswith(f"offers.exclude.{error}")


@pytest.mark.parametrize("platform", ["shopify", None])
def test_ids_in_shopifys_long_form_are_read_as_carts_have_them(platform: str | None) -> None:
    excluded = excluding(
        platform,
        products=["gid://shopify/Product/80", " 80 ", "81"],
        collections=["gid://shopify/Collection/41"],
    )
    assert (excluded.products, excluded.collections) == (("80", "81"), ("41",))


@pytest.mark.parametrize("platform", ["demo", None])
def test_where_ids_have_no_known_form_any_text_is_one(platform: str | None) -> None:
    assert excluding(platform, products=["Teapot"]).products == ("Teapot",)


@given(ladders)
def test_offers_that_are_exported_come_back_the_same(offers: Offers) -> None:
    reader = FormReader()
    assert read_offers(reader, json.loads(json.dumps(dump_offers(offers)))) == offers
    assert reader.errors == []


@given(ladders.filter(lambda offers: offers.best is not None))
def test_a_stored_flow_is_read_as_it_was_checked(offers: Offers) -> None:
    definition = parsed(dump_offers(offers), offer="best")
    stored = json.loads(json.dumps(dump_definition(definition)))
    assert read_stored(stored) == definition
