"""The main job on Shopify, from the first opening of the app to the money on the merchant's page."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests
from sqlalchemy import func, select

from app.models import Due, Enrollment, Recovery, Store
from tests.deliveries import shopify_payload
from tests.end_to_end.shoppers import Shopper, field
from tests.end_to_end.shops import (
    MUCH_LATER,
    PROMPT,
    Phone,
    ShopifyShop,
    connect_shopify,
    flow,
    link_in,
    tap,
)
from tests.end_to_end.stack import Stack
from tests.standins.shopify import ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.waiting import wait_until

GERMAN_SHOP = {
    "currencyCode": "EUR",
    "shopAddress": {"countryCodeV2": "DE"},
    "ianaTimezone": "Europe/Berlin",
}
ANNA = Shopper(
    phone="+4915112345601",
    country="DE",
    region=None,
    postcode="10115",
    locale="de-DE",
    email="anna@shopper.example",
    customer_id=7358220173501,
    checkout_token="a1" * 16,
    cart_token="hWN1annaTOKEN1",
)


def planned_steps(shop: ShopifyShop) -> int:
    with shop.stack.runtime.database.session() as session:
        query = select(func.count()).select_from(Due).join(Store, Store.id == Due.store_id)
        return session.scalar(query.where(Store.domain == shop.domain, Due.kind == "step")) or 0


def enrollments(shop: ShopifyShop) -> int:
    with shop.stack.runtime.database.session() as session:
        query = select(func.count()).select_from(Enrollment).join(Store, Store.id == Enrollment.store_id)
        return session.scalar(query.where(Store.domain == shop.domain)) or 0


def recoveries(shop: ShopifyShop) -> list[tuple[str, bool]]:
    with shop.stack.runtime.database.session() as session:
        query = select(Recovery.rule, Recovery.clicked).join(Store, Store.id == Recovery.store_id)
        return [
            (rule, clicked) for rule, clicked in session.execute(query.where(Store.domain == shop.domain))
        ]


def import_hurried_flow(stack: Stack, domain: str, folder: Path) -> None:
    """The flow that the store came in with, its waiting times cut short, by the command line."""
    definition = json.loads(stack.warmcart("flow", "export", domain))
    assert [step["key"] for step in definition["steps"]] == ["reminder", "second_call", "last_call"]
    definition["trigger"]["idle"] = PROMPT
    for step, delay in zip(definition["steps"], ("PT0S", PROMPT, MUCH_LATER), strict=True):
        step["delay"] = delay
    file = folder / "flow.json"
    file.write_text(json.dumps(definition))
    assert "version 2" in stack.warmcart("flow", "import", domain, str(file))


def test_a_cart_that_was_left_is_recovered(
    stack: Stack, shopify: ShopifyStandin, twilio: TwilioStandin, tmp_path: Path
) -> None:
    domain = "boutique.myshopify.com"
    shopify.shop(domain, **GERMAN_SHOP)
    shop, phone = ShopifyShop(stack, domain, shopify), Phone(ANNA.phone, twilio)

    opened = shop.open()
    assert opened.status_code == requests.codes.ok
    assert f"frame-ancestors https://{domain} " in opened.headers["Content-Security-Policy"]
    wait_until(lambda: shop.store().platform_store_id, what="the store's details are known")
    assert (shop.store().status, shop.store().currency, shop.store().country) == ("active", "EUR", "DE")
    import_hurried_flow(stack, domain, tmp_path)

    for topic, payload in (
        ("checkouts/create", "linked/01"),
        ("checkouts/update", "linked/02"),
        ("checkouts/update", "linked/03"),
    ):
        body = ANNA.checkout(domain, payload, currency="EUR")
        assert shop.deliver(topic, body) == requests.codes.ok
    recover_url = field(body, "abandoned_checkout_url")

    first, second = phone.wait_for_texts(2)[:2]
    assert "Snowboard" in first["body"]
    assert "Stop" in first["body"] or "STOP" in first["body"]
    assert first["body"] != second["body"]
    wait_until(lambda: shop.story(ANNA.checkout_token).count(("delivered", None)) == 2, what="two receipts")
    assert {outcome["complaint"] for outcome in twilio.outcomes()} == {None}

    back = tap(link_in(first, stack))
    assert back.status_code == requests.codes.found
    # Seconds old, the checkout does not open at Shopify yet: the tap fills a fresh one at the same host.
    reached, saved = urlsplit(back.headers["Location"]), urlsplit(recover_url)
    assert (reached.scheme, reached.netloc) == ("https", saved.netloc)
    assert reached.path.startswith("/cart/41327142600817:1")
    filled = parse_qs(reached.query)
    assert filled["checkout[email]"] == [ANNA.email]
    assert filled["cid"] == filled["attributes[warmcart]"], "the way back is marked as ours"
    shop.wait_for(ANNA.checkout_token, "clicked")

    order = ANNA.order(domain, "540.00", currency="EUR")
    assert shop.deliver("orders/create", order) == requests.codes.ok
    shop.wait_for(ANNA.checkout_token, "ended", "ordered")
    shop.wait_for(ANNA.checkout_token, "recovered")
    assert recoveries(shop) == [("cart", True)]
    assert planned_steps(shop) == 0
    assert tap(link_in(first, stack)).headers["Location"] == field(order, "order_status_url")

    told = stack.show_cart(domain, ANNA.checkout_token)
    [enrollment] = told["enrollments"]
    assert (told["state"], enrollment["state"], enrollment["reason"]) == ("ordered", "ended", "ordered")
    assert enrollment["sent"] == len(phone.texts()) == 2

    wait_until(lambda: "540.00" in shop.fetch().text, seconds=10, what="the revenue on the page")
    assert shopify.complaints == []


def test_in_the_united_states_only_a_confirmed_consent_is_texted_and_only_once(
    stack: Stack, shopify: ShopifyStandin, twilio: TwilioStandin
) -> None:
    henry, domain = Shopper(), "pixel-testing-rs.myshopify.com"
    shop = connect_shopify(stack, shopify, domain, flow("PT0S", PROMPT))
    phone = Phone(henry.phone, twilio)
    for topic, payload in (
        ("checkouts/create", "linked/01"),
        ("checkouts/update", "linked/02"),
        ("checkouts/update", "linked/03"),
    ):
        assert shop.deliver(topic, henry.checkout(domain, payload)) == requests.codes.ok
    shop.wait_for(henry.checkout_token, "waited", "no_double_opt_in")
    assert phone.texts() == []

    assert shop.deliver("customers_marketing_consent/update", henry.confirmed()) == requests.codes.ok
    [text] = phone.wait_for_texts(1)
    shop.wait_for(henry.checkout_token, "ended", "one_text_per_cart")
    assert len(phone.texts()) == 1
    assert text["body"].isascii()

    assert shop.deliver("orders/create", henry.order(domain, "600.00")) == requests.codes.ok
    shop.wait_for(henry.checkout_token, "recovered")
    assert recoveries(shop) == [("cart", False)]


def test_a_cart_from_before_the_install_is_kept_and_never_texted(
    stack: Stack, shopify: ShopifyStandin, twilio: TwilioStandin
) -> None:
    """The linked journey as it is: it happened in 2024."""
    shop = connect_shopify(stack, shopify, "late.myshopify.com", flow("PT0S"))
    old, fresh = shopify_payload("linked/03").body, Shopper(checkout_token="f" * 32, cart_token="fresh")
    for body in (old, fresh.checkout(shop.domain)):
        assert shop.deliver("checkouts/update", body) == requests.codes.ok
    shop.wait_for(fresh.checkout_token, "waited", "no_double_opt_in")
    assert shop.has_cart(field(old, "token"))
    assert shop.deliver("customers_marketing_consent/update", Shopper().confirmed()) == requests.codes.ok
    shop.wait_for(fresh.checkout_token, "sent")
    assert enrollments(shop) == 1
