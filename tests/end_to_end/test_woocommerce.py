"""The main job on WooCommerce, from the address of the shop to the money on the merchant's page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.end_to_end.shops import MUCH_LATER, Phone, Shop, flow, link_in, tap
from tests.end_to_end.stack import Stack
from tests.standins.twilio import TwilioStandin
from tests.standins.woocommerce import WooCommerceStandin
from tests.standins.woocommerce.plugin import CompanionPlugin
from tests.waiting import wait_until

PHONE = "+4915112345602"
CONSENT = {"id": 9001, "key": "_wc_other/warmcart/sms_consent", "value": "1"}
GERMAN_SHOP: dict[str, Any] = {
    "insecure_callback": True,
    "deliver_at_once": True,
    "country": "DE",
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "utc_offset": 1,
    "language": "de_DE",
    "name": "Lädchen",
}
ZOE = {
    "first_name": "Zoë",
    "last_name": "O'Neil",
    "company": "",
    "address_1": "Invalidenstr. 1",
    "address_2": "",
    "city": "Berlin",
    "state": "DE-BE",
    "postcode": "10115",
    "country": "DE",
    "email": "zoe@shopper.example",
    "phone": "01511 2345602",
}
MUG = {"product_id": 20, "variation_id": 0, "quantity": 2, "title": "Becher", "total": "48.00", "meta": "k"}
OUR_TOPICS = {"order.created", "order.updated", "order.deleted", "order.restored"}


def german_shop() -> WooCommerceStandin:
    """In a sub-folder. Callbacks must be https in life; ours is on the loopback address here."""
    return WooCommerceStandin(path="/laden", **GERMAN_SHOP)


def connect(stack: Stack, standin: WooCommerceStandin) -> Shop:
    """Through the handshake, as a merchant's browser goes through it."""
    door = f"{stack.url}/install/woocommerce"
    asked = requests.get(door, {"store_url": standin.url}, timeout=30, allow_redirects=False)
    assert asked.status_code == requests.codes.found, asked.text
    came_back = standin.approve(asked.headers["Location"])
    assert came_back.startswith(f"{door}/return?")
    page = requests.get(came_back, timeout=30)
    assert "is connected" in page.text
    assert not page.cookies
    return Shop(stack, standin.url.removeprefix("http://"))


def sign_in(standin: WooCommerceStandin) -> requests.Session:
    """With the link that waits in the shop: looking at it changes nothing, the button uses it up."""
    [name] = [hook["name"] for hook in standin.hooks() if hook["status"] == "paused"]
    [link] = re.findall(r"http\S+", name)
    browser = requests.Session()
    assert "<button" in browser.get(link, timeout=30).text
    assert not browser.cookies
    entered = browser.post(link, timeout=30)
    assert entered.status_code == requests.codes.ok, entered.text
    assert requests.post(link, timeout=30).status_code == requests.codes.gone
    return browser


def wait_for_webhooks(standin: WooCommerceStandin) -> list[int | None]:
    """Until upkeep has created them; how the ping inside the creation of each was answered."""

    def pings() -> list[int | None]:
        active = {hook["id"]: hook["topic"] for hook in standin.hooks() if hook["status"] == "active"}
        sent = [
            each["status"] for each in standin.sent() if each["webhook_id"] in active and not each["topic"]
        ]
        return sent if set(active.values()) == OUR_TOPICS and len(sent) >= len(OUR_TOPICS) else []

    return wait_until(pings, what="webhooks are created and pinged")


def wait_until_next_second_after(shop: Shop) -> None:
    """WooCommerce dates orders in whole seconds: one of the very second of the install is from before it."""
    installed_at = shop.store().installed_at
    wait_until(lambda: datetime.now(UTC).replace(microsecond=0) > installed_at, what="the next second")


def test_an_order_that_was_not_paid_is_recovered(stack: Stack, twilio: TwilioStandin) -> None:
    with german_shop() as standin:
        shop, phone = connect(stack, standin), Phone(PHONE, twilio)
        assert wait_for_webhooks(standin) == [requests.codes.ok] * len(OUR_TOPICS)
        wait_until(lambda: shop.store().name == "Lädchen", what="the store's details are known")
        shop.use_flow(flow("PT0S", MUCH_LATER))
        browser = sign_in(standin)
        wait_until_next_second_after(shop)

        order = standin.add_order(billing=ZOE, meta_data=[CONSENT], currency="EUR")
        [text] = phone.wait_for_texts(1)
        assert "Canvas Tote" in text["body"]
        key = str(order["id"])
        shop.wait_for(key, "delivered")

        back = tap(link_in(text, stack))
        assert back.status_code == requests.codes.found
        reached, meant = urlsplit(back.headers["Location"]), urlsplit(order["payment_url"])
        assert reached._replace(query="") == meant._replace(query="")
        assert parse_qs(meant.query).items() < parse_qs(reached.query).items()
        assert f"Pay for order {key}" in requests.get(back.headers["Location"], timeout=30).text
        shop.wait_for(key, "clicked")

        standin.pay_order(order["id"])
        shop.wait_for(key, "ended", "ordered")
        shop.wait_for(key, "recovered")
        told = stack.show_cart(shop.domain, key)
        assert [(row["state"], row["reason"], row["sent"]) for row in told["enrollments"]] == [
            ("ended", "ordered", 1)
        ]
        assert len(phone.texts()) == 1

        def page() -> str:
            return browser.get(f"{stack.url}/app", params={"shop": shop.domain}, timeout=30).text

        wait_until(lambda: "73.40" in page(), seconds=10, what="the revenue on the page")
        assert {sent["status"] for sent in standin.sent() if sent["topic"]} == {requests.codes.ok}
        browser.close()


def test_a_cart_of_the_companion_plugin_is_left_texted_rebuilt_and_bought(
    stack: Stack, twilio: TwilioStandin
) -> None:
    with german_shop() as standin:
        shop, phone = connect(stack, standin), Phone("+4915112345603", twilio)
        plugin = standin.plugin = CompanionPlugin(standin, "ab" * 32)
        plugin.connect(stack.url)
        wait_until(lambda: shop.store().name == "Lädchen", what="the store's details are known")
        shop.use_flow(flow("PT0S", MUCH_LATER))
        wait_until_next_second_after(shop)

        key = plugin.leave("01511 2345603", [MUG], codes=("danke",))
        [text] = phone.wait_for_texts(1)
        shop.wait_for(key, "delivered")

        leads_to = tap(link_in(text, stack)).headers["Location"]
        assert leads_to.startswith(f"{standin.url}/")
        browser = requests.Session()
        assert requests.head(leads_to, timeout=30).status_code == requests.codes.ok
        assert not plugin.sessions
        page = browser.get(leads_to, timeout=30)
        assert urlsplit(page.url).path == "/laden/checkout/"
        assert set(parse_qs(urlsplit(page.url).query)) >= {"cid", "utm_source"}
        assert "warmcart=" not in page.url
        assert "2 x Becher" in page.text and "danke" in page.text
        assert "2345603" not in page.text
        assert "used already" in requests.get(leads_to, timeout=30).text

        order_id = plugin.buy(browser, billing=ZOE | {"phone": ""}, currency="EUR", total="48.00")
        shop.wait_for(key, "ended", "ordered")
        shop.wait_for(order_id, "recovered")
        assert [line for line in shop.story(key) if line[0] == "changed"] == []
        assert len(phone.texts()) == 1


def test_a_stranger_gets_into_no_page_of_the_shop(stack: Stack) -> None:
    with german_shop() as standin:
        shop = connect(stack, standin)
        for address in ("/app", f"/app?shop={shop.domain}"):
            answer = requests.get(stack.url + address, timeout=30, allow_redirects=False)
            assert answer.status_code == requests.codes.unauthorized
            assert shop.domain not in answer.text
