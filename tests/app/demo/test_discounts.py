"""A code from its making to its end, through the interface by which Warmcart makes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.clock import FixedClock
from app.demo.words import messages, say
from connectors.demo import DemoPlatform
from connectors.demo.deliveries import sign
from connectors.discounts import CodeTaken, Combines, Discount, DiscountKind, DiscountMaker, DiscountRefused
from connectors.events import CartSeen, Item, OrderSeen
from connectors.platform import Restore
from flows import connections
from tests.app.demo.conftest import SECRET, Stage, Visitor
from tests.factories import NOW

WORDS = messages("en")
OFFER = Discount(
    code="back-7q2k",
    mark="enrollment 7, last_call",
    title="Warmcart: last_call",
    kind=DiscountKind.PERCENT,
    value=Decimal(10),
    currency="EUR",
    starts_at=NOW,
    ends_at=NOW + timedelta(days=2, hours=5),
    combines_with=frozenset({Combines.SHIPPING}),
)


@pytest.fixture
def maker(stage: Stage) -> DiscountMaker:
    return connections.discount_maker(stage.runtime, stage.shop)


@pytest.fixture
def shopper(stage: Stage) -> Visitor:
    visitor = stage.visitor()
    visitor.put_in_cart()
    return visitor


def tap(stage: Stage, shopper: Visitor, code: str | None = OFFER.code) -> Visitor:
    """Open the way back, with the code, in a browser of its own."""
    told = f"{stage.url}/demo/shop/back/{shopper.cart(stage).token}"
    url = DemoPlatform().restore_url(Restore(told, (), stage.shop.url, discount_code=code))
    assert url is not None
    phone = stage.visitor()
    assert phone.get(url.removeprefix(stage.url)).status_code == 302
    return phone


def checkout(visitor: Visitor) -> str:
    return visitor.get("/demo/shop/checkout").text


def test_a_link_with_a_code_shows_what_it_takes_off_and_the_order_uses_it_up(
    stage: Stage, maker: DiscountMaker, shopper: Visitor
) -> None:
    assert maker.make_discount(OFFER) == OFFER.code
    phone = tap(stage, shopper)
    for page in (checkout(phone), phone.get("/demo/shop/cart").text):
        assert "10% off, with your link, until 23 Nov" in page
        assert "-€4.80" in page
        assert "€43.20" in page
    bought = phone.type(action="pay", phone="07400 123456", total="43.20")
    assert "-€4.80" in phone.get(bought.location).text

    other = stage.visitor()
    other.put_in_cart("kettle")
    assert WORDS["bill.refused_used"] in checkout(tap(stage, other))


def test_warmcart_is_told_of_codes_that_lower_a_cart_and_of_those_of_an_order(
    stage: Stage, maker: DiscountMaker, shopper: Visitor
) -> None:
    maker.make_discount(OFFER)
    tap(stage, shopper).type(action="pay", phone="07400 123456")
    first, opened, *_, order = stage.told()
    assert isinstance(first, CartSeen) and first.discount_codes == ()
    assert isinstance(opened, CartSeen) and opened.discount_codes == (OFFER.code,)
    assert opened.total is not None and opened.total.amount == Decimal("43.20")
    assert isinstance(order, OrderSeen) and order.discount_codes == (OFFER.code,)
    assert order.total.amount == Decimal("43.20")
    maker.withdraw_discount(OFFER.code, OFFER.mark, OFFER.code)
    client = connections.store_client(stage.runtime, stage.shop)
    [again] = [seen for seen in client.changes(NOW) if isinstance(seen, OrderSeen)]
    assert again == order, "what was paid stays"


def test_the_tap_itself_changes_neither_the_browser_nor_the_goods(
    stage: Stage, maker: DiscountMaker, shopper: Visitor
) -> None:
    shopper.headers = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0)"}
    shopper.put_in_cart("mug")
    maker.make_discount(OFFER)
    tap(stage, shopper)
    *_, before, opened = stage.told()
    assert isinstance(before, CartSeen) and isinstance(opened, CartSeen)
    assert (opened.user_agent, opened.items) == (before.user_agent, before.items)


@pytest.mark.parametrize("over", ["ended", "withdrawn"])
def test_after_its_end_the_checkout_opens_without_it_and_says_so(
    stage: Stage, maker: DiscountMaker, shopper: Visitor, clock: FixedClock, over: str
) -> None:
    maker.make_discount(OFFER)
    phone = tap(stage, shopper)
    if over == "ended":
        clock.advance(OFFER.ends_at - clock.now())
    else:
        maker.withdraw_discount(OFFER.code, OFFER.mark, None)
    page = checkout(phone)
    assert WORDS["bill.refused_ended"] in page
    assert "€48.00" in page and "€43.20" not in page

    surprised = phone.type(action="pay", phone="07400 123456", total="43.20")
    assert surprised.status_code == 409
    assert WORDS["checkout.price_changed"] in surprised.text
    assert phone.type(action="pay", phone="07400 123456", total="48.00").status_code == 303


def test_a_code_that_holds_is_not_lost_to_an_old_link(
    stage: Stage, maker: DiscountMaker, shopper: Visitor
) -> None:
    maker.make_discount(OFFER)
    tap(stage, shopper)
    for old in (OFFER.code.upper(), "back-gone", "no code at all", None):
        assert "€43.20" in checkout(tap(stage, shopper, old))


def test_making_a_code_again_is_as_good_as_once_and_anothers_name_is_taken(maker: DiscountMaker) -> None:
    assert maker.make_discount(OFFER) == maker.make_discount(OFFER)
    with pytest.raises(CodeTaken):
        maker.make_discount(replace(OFFER, mark="somebody else's"))


def test_a_code_without_our_mark_is_left_alone(stage: Stage, maker: DiscountMaker, shopper: Visitor) -> None:
    maker.make_discount(OFFER)
    maker.withdraw_discount(OFFER.code, "another mark", None)
    assert "€43.20" in checkout(tap(stage, shopper))
    maker.withdraw_discount("NEVER-MADE", OFFER.mark, None)


def test_what_the_shop_cannot_do_it_refuses_with_words(maker: DiscountMaker) -> None:
    impossible: list[tuple[str, dict[str, Any]]] = [
        ("EUR", {"currency": "USD"}),
        ("percent", {"value": Decimal(101)}),
        ("percent", {"value": Decimal("2.5")}),
        ("more than nothing", {"kind": DiscountKind.AMOUNT, "value": Decimal(0)}),
        ("end before it begins", {"ends_at": NOW}),
        ("none of these", {"products": ("sofa",)}),
        ("letters and digits", {"code": "two words"}),
    ]
    for words, changed in impossible:
        with pytest.raises(DiscountRefused, match=words):
            maker.make_discount(replace(OFFER, **changed))


def test_the_shop_knows_what_is_on_sale_what_is_a_gift_card_and_what_things_cost(
    maker: DiscountMaker,
) -> None:
    towel, card, sofa = (Item(name, 1, name) for name in ("towel", "gift_card", "sofa"))
    known = maker.goods([towel, card, sofa, Item("by hand", 1)])
    assert set(known) == {towel, card}
    assert (known[towel].on_sale, known[towel].cost) == (True, Decimal("9.80"))
    assert (known[card].on_sale, known[card].gift_card) == (False, True)
    assert known[card].collections == frozenset({"gift_cards"})
    assert maker.goods([]) == {}


def test_a_sale_that_a_visitor_starts_is_told_and_ends_by_itself(
    stage: Stage, maker: DiscountMaker, shopper: Visitor, clock: FixedClock
) -> None:
    assert maker.running_sale(clock.now()) is None
    shopper.post("/demo/sale", sale="start")
    sale = maker.running_sale(clock.now())
    assert sale is not None and (sale.percent, sale.ends_at) == (15, NOW + timedelta(hours=1))
    assert "Tea time: 15% off everything" in checkout(shopper)
    assert WORDS["stage.end_sale"] in shopper.get("/demo").text
    clock.advance(timedelta(hours=1))
    assert maker.running_sale(clock.now()) is None
    assert "€48.00" in checkout(shopper)


def test_a_sale_can_be_ended(maker: DiscountMaker, shopper: Visitor) -> None:
    shopper.post("/demo/sale", sale="start")
    shopper.post("/demo/sale", sale="end")
    assert maker.running_sale(NOW) is None


def test_every_language_names_the_discount_and_its_last_day(
    stage: Stage, maker: DiscountMaker, shopper: Visitor
) -> None:
    maker.make_discount(replace(OFFER, kind=DiscountKind.FREE_SHIPPING, value=None))
    days = (
        "de DE 23. Nov.",
        "en US Nov 23",
        "es ES 23 nov",
        "fr FR 23 nov.",
        "pl PL 23 lis",
        "sl SI 23. nov.",
    )
    for language, country, day in (words.split(" ", 2) for words in days):
        shopper.choose(language, country)
        assert say(language, "bill.shipping", day=day) in checkout(tap(stage, shopper))


def test_nobody_else_makes_codes(stage: Stage, maker: DiscountMaker) -> None:
    client = stage.app.test_client()
    body, other = b'{"code": "X-1"}', b'{"code": "X-2"}'
    for signed in (b"codes?", b"codes?\n" + other, b"codes?" + body):
        headers = {"X-Demo-Signature": sign(signed, SECRET)}
        assert client.post("/demo/shop/api/codes", data=body, headers=headers).status_code == 401


def test_a_code_that_makes_no_sense_is_a_bad_request(stage: Stage) -> None:
    client = stage.app.test_client()
    for body in (b"{", b"[]", b"{}", b'{"code": 7}', b'{"code": "ABC", "mark": "m"}'):
        headers = {"X-Demo-Signature": sign(b"codes?\n" + body, SECRET)}
        assert client.post("/demo/shop/api/codes", data=body, headers=headers).status_code == 400
