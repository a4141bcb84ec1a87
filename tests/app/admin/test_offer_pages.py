"""The page on which a merchant sets up offers: what is typed, what comes of it, and what is wrong with it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.models import AuditEvent, Flow, Store
from app.runtime import Runtime
from connectors.discounts import Combines, DiscountKind
from flows import registry
from flows.definition import FlowDefinition, dump_definition
from flows.offer_form import DEFAULT, Concession, Excluded, Offers, OwnSale, Rung, WithoutCode
from tests import factories
from tests.app.admin.browser import Browser, find, words

WORDS = "{store}: {discount} off until {ends}: {link}"
FULL: dict[str, Any] = {
    "small": {"kind": "percent", "percent": 5},
    "best": {"kind": "amount", "amounts": {"EUR": "10.00", "USD": "12.00"}},
    "lasts": "PT36H",
    "highest_percent": 20,
    "lowest_cart": {"EUR": "40.00"},
    "exclude": {"sale_items": True, "gift_cards": False, "products": ["123"], "collections": ["456", "7"]},
    "margin_floor": 15,
    "once_in": "P60D",
    "spare_returning": True,
    "combines_with": ["shipping"],
    "without_code": "wait",
    "sales": [
        {"name": "Summer", "from": "2027-07-01", "to": "2027-07-14", "percent": 20, "countries": ["DE", "AT"]}
    ],
}


def make(runtime: Runtime, store: Store, offers: dict[str, Any], rungs: str = "none none none") -> Flow:
    steps = [
        step | {"offer": rung}
        for step, rung in zip(factories.DEFINITION["steps"], rungs.split(), strict=True)
    ]
    with runtime.database.session() as session:
        return factories.make_flow(session, store, factories.DEFINITION | {"steps": steps, "offers": offers})


def place(flow: Flow) -> str:
    return f"/app/flows/{flow.id}/offers"


def save(browser: Browser, flow: Flow, **typed: Any) -> TestResponse:
    """Fill in the page as it is printed; dashes of names are underscores here."""
    page = browser.get(place(flow))
    return browser.send(
        page, place(flow), **{name.replace("__", "-"): value for name, value in typed.items()}
    )


def saved(runtime: Runtime, store: Store) -> FlowDefinition:
    with runtime.database.session() as session:
        found = registry.active_flow(session, store.id)
    assert found is not None
    return found.definition


def registry_form(runtime: Runtime, store: Store) -> Any:
    return dump_definition(saved(runtime, store))


def problem(page: TestResponse, name: str) -> str:
    """What is said beside a field, which is marked as wrong."""
    field = next(part for part in page_parts(page) if part.attrib.get("id") == name)
    assert field.attrib.get("aria-invalid") == "true"
    error = next(part for part in find(page, "p") if part.attrib.get("id") == f"{name}-error")
    return "".join(error.itertext()).strip()


def page_parts(page: TestResponse) -> list[Any]:
    return [part for name in ("input", "select", "fieldset") for part in find(page, name)]


def value(page: TestResponse, name: str) -> str:
    return next(str(part.attrib["value"]) for part in find(page, "input") if part.attrib.get("name") == name)


def test_a_first_offer_is_a_new_version_and_the_trail_says_by_whom(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    page = save(browser, flow, best__kind="percent", best__percent="10 %", offer__last_call="best")
    assert page.request.path == place(flow) and "The offers are saved." in words(page)
    now = saved(runtime, store)
    assert now.offers == Offers(best=Concession(DiscountKind.PERCENT, 10))
    assert [step.offer for step in now.steps] == [Rung.NONE, Rung.NONE, Rung.BEST]
    with runtime.database.session() as session:
        event = session.scalars(select(AuditEvent)).one()
        assert (event.action, event.details["version"]) == ("flow_saved", 2)
        assert event.actor.startswith("person:")


def test_what_is_printed_and_sent_back_is_the_same(browser: Browser, runtime: Runtime, store: Store) -> None:
    flow = make(runtime, store, FULL, "none small best")
    before = saved(runtime, store)
    save(browser, flow)
    assert saved(runtime, store) == before


def test_every_rule_can_be_typed(browser: Browser, runtime: Runtime, store: Store, flow: Flow) -> None:
    page = browser.send(browser.get(place(flow)), place(flow), more_currency="usd")
    typed = {
        "best-kind": "amount",
        "best-amount-EUR": "10,50",
        "best-amount-USD": "12",
        "small-kind": "free_shipping",
        "lasts": "36",
        "lasts-unit": "hours",
        "highest_percent": "20",
        "lowest_cart-USD": "40",
        "sale_items": None,
        "products": ["123", "124", "123"],
        "collections": "9",
        "margin_floor": "15",
        "once_in": "0",
        "spare_returning": "1",
        "combines_with": ["order", "shipping"],
        "without_code": "wait",
        "sale-0-name": "Winter",
        "sale-0-from": "2027-01-02",
        "sale-0-to": "2027-01-02",
        "sale-0-percent": "30",
        "sale-0-countries": "de at",
    }
    assert "The offers are saved." in words(browser.send(page, place(flow), **typed))
    assert saved(runtime, store).offers == Offers(
        small=Concession(DiscountKind.FREE_SHIPPING),
        best=Concession(DiscountKind.AMOUNT, None, {"EUR": Decimal("10.50"), "USD": Decimal(12)}),
        lasts=timedelta(hours=36),
        highest_percent=20,
        lowest_cart={"USD": Decimal(40)},
        excluded=Excluded(False, True, ("123", "124"), ("9",)),
        margin_floor=15,
        once_in=timedelta(0),
        spare_returning=True,
        combines_with=frozenset({Combines.ORDER, Combines.SHIPPING}),
        without_code=WithoutCode.WAIT,
        sales=(OwnSale("Winter", date(2027, 1, 2), date(2027, 1, 2), 30, ("DE", "AT")),),
    )


def test_what_is_emptied_is_as_it_is_by_itself(browser: Browser, runtime: Runtime, store: Store) -> None:
    flow = make(runtime, store, FULL)
    emptied = {
        "lasts": "", "highest_percent": "", "lowest_cart-EUR": "", "products": None, "collections": None,
        "margin_floor": "", "once_in": "", "spare_returning": None, "combines_with": None,
        "without_code": "send", "gift_cards": "1", "sale-0-remove": "1",
        "small-kind": "", "best-kind": "",
    }  # fmt: skip
    browser.send(browser.get(place(flow)), place(flow), **emptied)
    assert saved(runtime, store).offers == DEFAULT


NO_PRODUCT = (
    "no id of a product: WooCommerce's are numbers. It stands in the address of the product's page in"
    " WordPress, behind post=."
)
NO_CATEGORY = NO_PRODUCT.replace("product", "category").replace("post=", "tag_ID=")

WRONG = [
    ({"best-kind": "percent"}, "best-percent", "Write how many percent."),
    ({"best-kind": "percent", "best-percent": "x"}, "best-percent", "'x' is no whole number from 1 to 90."),
    ({"best-kind": "percent", "best-percent": "50"}, "best-percent", "Is above the highest percentage, 30."),
    ({"best-kind": "amount"}, "best-amount-EUR", "Write an amount in at least one currency."),
    ({"best-kind": "amount", "best-amount-EUR": "-5"}, "best-amount-EUR", "'-5' is no sum such as \"5.00\"."),
    ({"best-kind": "gold"}, "best-kind", "'gold' is not known; possible: percent, amount, free_shipping."),
    ({"offer-last_call": "best"}, "offer-last_call", "Say below what the best offer gives."),
    ({"offer-last_call": "huge"}, "offer-last_call", "'huge' is not known; possible: none, small, best."),
    ({"lasts": "two"}, "lasts", "Write a whole number."),
    ({"lasts": "31"}, "lasts", "Must not be longer than 30 days."),
    ({"lasts": "0"}, "lasts", "Must be at least an hour, or nobody could use the offer."),
    ({"highest_percent": "0"}, "highest_percent", "0 is no whole number from 1 to 90."),
    ({"lowest_cart-EUR": "many"}, "lowest_cart-EUR", "'many' is no sum such as \"5.00\"."),
    ({"products": "9" * 101}, "products", "Must be a name of 1 to 100 characters."),
    ({"products": ["12", "Teapot"]}, "products", f"'Teapot' is {NO_PRODUCT}"),
    ({"collections": "<b>"}, "collections", f"'<b>' is {NO_CATEGORY}"),
    ({"margin_floor": "100"}, "margin_floor", "100 is no whole number from 0 to 99."),
    ({"once_in": "731"}, "once_in", "Must not be longer than 730 days."),
    ({"combines_with": ["all"]}, "combines_with", "'all' is not known; possible: product, order, shipping."),
    ({"sale-0-name": "Sale"}, "sale-0-from", "Choose its first day."),
    ({"sale-0-name": "Sale"}, "sale-0-percent", "Write how many percent."),
    ({"sale-0-percent": "20"}, "sale-0-name", "Write what it is called."),
    (
        {"sale-0-name": "S", "sale-0-percent": "9", "sale-0-from": "2027-02-01", "sale-0-to": "2027-01-01"},
        "sale-0-to",
        "Must not be before from.",
    ),
    (
        {"sale-0-name": "S", "sale-0-countries": "UK, DE"},
        "sale-0-countries",
        "'UK' is no ISO 3166 country such as DE; the United Kingdom is GB.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "name", "told"), WRONG, ids=[f"{name} {told[:24]}" for _, name, told in WRONG]
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow, typed: dict[str, Any], name: str, told: str
) -> None:
    page = browser.send(browser.get(place(flow)), place(flow), **typed)
    assert page.status_code == 422 and page.headers["HX-Push-Url"] == "false"
    assert problem(page, name) == told
    links = [link for link in find(page, "a") if link.attrib["href"] == f"#{name}"]
    assert ["".join(link.itertext()).partition(": ")[2] for link in links] == [told]
    for field, value_ in typed.items():
        if isinstance(value_, str) and "-kind" not in field and not field.startswith("offer-"):
            assert value(page, field) == value_
    assert saved(runtime, store).offers == DEFAULT


def test_all_that_is_wrong_is_told_at_once(browser: Browser, flow: Flow) -> None:
    page = save(browser, flow, lasts="0", margin_floor="x", best__kind="percent")
    assert {problem(page, name) for name in ("lasts", "margin_floor", "best-percent")} == {
        "Must be at least an hour, or nobody could use the offer.",
        "'x' is no whole number from 0 to 99.",
        "Write how many percent.",
    }


def test_a_rung_that_a_season_needs_cannot_be_taken_from_it(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    seasons = [{"season": "christmas", "offers": {"best": {"kind": "percent", "percent": 25}}}]
    with runtime.database.session() as session:
        flow = factories.make_flow(session, store, factories.DEFINITION | {"seasons": seasons})
    page = save(browser, flow, highest_percent="20")
    assert page.status_code == 422
    told = "is above the highest percentage of the flow's offers, 20."
    assert f"The season Christmas would not fit any more: {told}" in words(page)


def test_words_of_an_offer_go_with_it_and_must_fit_another(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    flow = make(runtime, store, FULL, "none small best")
    definition = saved(runtime, store)
    with runtime.database.session() as session:
        form = factories.DEFINITION | {
            "offers": FULL,
            "steps": [
                {
                    "key": "last_call",
                    "delay": "PT0S",
                    "texts": {},
                    "offer": "best",
                    "offer_texts": {"en": WORDS},
                }
            ],
        }
        registry.import_definition(session, store, form, "operator", factories.NOW)
    page = save(browser, flow, best__kind="free_shipping")
    assert "Your words for its offer in English would not fit: free shipping has no {discount}" in problem(
        page, "offer-last_call"
    )
    assert "without an offer they go, too" in words(page)
    save(browser, flow, offer__last_call="none")
    assert saved(runtime, store).steps[0].offer_texts == {}
    assert definition.steps[0].key == "reminder"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("second_call", "{discount} is what it gives after all guard rails, and must stand there."),
        ("last_call", "Free shipping is said in words, without {discount}."),
    ],
)
def test_what_may_stand_in_words_of_an_offer_is_explained(
    browser: Browser, runtime: Runtime, store: Store, step: str, told: str
) -> None:
    flow = make(runtime, store, FULL | {"best": {"kind": "free_shipping"}}, "none small best")
    text = words(browser.get(f"/app/flows/{flow.id}/texts/{step}?of=offer&language=en"))
    assert f"{{ends}} is the offer's last day. {told}" in text
    assert "{ends}" not in words(browser.get(f"/app/flows/{flow.id}/texts/{step}?language=en"))


def sums(page: TestResponse) -> list[str]:
    names = [part.attrib["name"] for part in find(page, "input")]
    return [name for name in names if name.startswith("best-amount")]


@pytest.mark.parametrize("pressed", [{"look": "more_currency"}, {}], ids=["the button", "Enter"])
def test_sums_can_be_written_in_another_currency_and_what_was_typed_stays(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow, pressed: dict[str, Any]
) -> None:
    typed = {"best-kind": "amount", "best-amount-EUR": "10", "offer-last_call": "best", "lasts": "x"}
    page = browser.send(browser.get(place(flow)), place(flow), more_currency="usd", **typed, **pressed)
    assert page.status_code == 200 and page.headers["HX-Push-Url"] == "false"
    assert "Nothing is saved yet. Amounts can be written in EUR, USD, here and below." in words(page)
    assert saved(runtime, store).offers == DEFAULT
    assert sums(page) == ["best-amount-EUR", "best-amount-USD"]
    assert value(page, "lasts") == "x" and value(page, "more_currency") == ""
    page = browser.send(page, place(flow), **{"best-amount-USD": "12", "lasts": "3"})
    assert "The offers are saved." in words(page)
    now = saved(runtime, store)
    assert now.offers.best == Concession(DiscountKind.AMOUNT, None, {"EUR": Decimal(10), "USD": Decimal(12)})
    assert now.steps[-1].offer is Rung.BEST


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("", "Write the code of a currency, such as USD."),
        ("zzz", "'ZZZ' is no currency such as USD."),
        ("<b>", "'<B>' is no currency such as USD."),
    ],
)
def test_a_currency_that_is_none_is_told_beside_its_field(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow, code: str, told: str
) -> None:
    page = save(browser, flow, look="more_currency", more_currency=code, highest_percent="20")
    assert problem(page, "more_currency") == told
    assert value(page, "highest_percent") == "20" and sums(page) == ["best-amount-EUR"]
    assert saved(runtime, store).offers == DEFAULT


def test_of_two_pages_that_save_one_another_s_offers_are_not_lost(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    older = browser.get(place(flow))
    save(browser, flow, highest_percent="20")
    wrong = browser.send(older, place(flow), lasts="x")
    page = browser.send(wrong, place(flow), lasts="3")
    assert page.status_code == 422 and saved(runtime, store).offers.highest_percent == 20
    assert "Somebody has changed these offers since you opened this page." in words(page)
    assert value(page, "lasts") == "3" and value(page, "highest_percent") == "30"
    browser.send(page, place(flow))
    assert saved(runtime, store).offers.lasts == timedelta(days=3)


def test_words_that_were_written_meanwhile_keep_no_offers_from_being_saved(
    browser: Browser, runtime: Runtime, store: Store, flow: Flow
) -> None:
    older = browser.get(place(flow))
    form = registry_form(runtime, store)
    form["steps"][0]["texts"] = {"en": "Hello {link}"}
    with runtime.database.session() as session:
        registry.import_definition(session, store, form, "operator", factories.NOW)
    assert browser.send(older, place(flow), lasts="3").status_code == 200
    assert saved(runtime, store).steps[0].texts == {"en": "Hello {link}"}


@pytest.mark.parametrize("address", ["/app/flows/999999/offers", "/app/flows/x/offers"])
def test_offers_of_a_flow_that_is_not_there_give_a_page_that_says_so(browser: Browser, address: str) -> None:
    assert "There is nothing here" in words(browser.get(address))


def test_the_offers_of_another_store_cannot_be_changed(
    browser: Browser, runtime: Runtime, flow: Flow
) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session, domain="boreas.example.com", platform="woocommerce")
        theirs = factories.make_flow(session, other)
    page = browser.get(place(flow))
    answer = browser.send_to(page, place(flow), place(theirs), **{"offer-reminder": "best"})
    assert answer.status_code == 404
