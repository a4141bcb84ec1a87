"""Who says stop is left alone, by every store that texted from that sender, at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests
from sqlalchemy import func, select

from app.models import Reply, Suppression
from tests.end_to_end.shoppers import Shopper
from tests.end_to_end.shops import MUCH_LATER, Phone, ShopifyShop, connect_shopify, flow, link_in, tap
from tests.end_to_end.stack import Stack
from tests.end_to_end.test_shopify import GERMAN_SHOP, planned_steps
from tests.standins.shopify import ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.waiting import wait_until


def shopper(number: int) -> Shopper:
    return Shopper(
        phone=f"+49151123457{number:02d}",
        country="DE",
        region=None,
        postcode="10115",
        locale="de-DE",
        email=f"stop{number}@shopper.example",
        customer_id=7358220174000 + number,
        checkout_token=f"{number:032x}",
        cart_token=f"hWN1stop{number}",
    )


def texted_shop(
    stack: Stack, shopify: ShopifyStandin, domain: str, who: Shopper, phone: Phone
) -> ShopifyShop:
    """A shop that has texted the shopper once, with a second text planned."""
    shop = connect_shopify(stack, shopify, domain, flow("PT0S", MUCH_LATER), **GERMAN_SHOP)
    body = who.checkout(domain, currency="EUR")
    assert shop.deliver("checkouts/update", body) == requests.codes.ok
    phone.wait_for_texts(1)
    shop.wait_for(who.checkout_token, "delivered")
    assert planned_steps(shop) == 1
    return shop


def suppressions(stack: Stack, domain: str) -> int:
    with stack.runtime.database.session() as session:
        query = select(func.count()).select_from(Suppression).where(Suppression.domain == domain)
        return session.scalar(query.where(Suppression.lifted_at.is_(None))) or 0


@pytest.mark.parametrize(
    ("opt_out", "words", "number", "confirmations"),
    [("off", " Stop! ", 1, 1), ("advanced", "Stop", 2, 0)],
    ids=["the provider keeps out of it", "the provider confirmed it"],
)
def test_a_stop_ends_texting_with_one_confirmation_at_most(
    stack: Stack,
    shopify: ShopifyStandin,
    twilio: TwilioStandin,
    opt_out: str,
    words: str,
    number: int,
    confirmations: int,
) -> None:
    who, domain = shopper(number), f"stop-{number}.myshopify.com"
    phone = Phone(who.phone, twilio)
    shop = texted_shop(stack, shopify, domain, who, phone)
    text, begun_at = phone.texts()[0], datetime.now(UTC)

    twilio.set_knobs(opt_out=opt_out)
    answers = [phone.reply(words, sid="SM" + f"{number:032d}") for _ in range(2)]
    twilio.set_knobs(opt_out="off")
    assert [answer["complaint"] for answer in answers] == [None, None]

    shop.wait_for(who.checkout_token, "ended", "stopped")
    assert suppressions(stack, domain) == 1
    assert planned_steps(shop) == 0
    assert shop.contact(who.phone)["consent"] == "withdrawn"
    wait_until(lambda: len(phone.texts()) == 1 + confirmations, what="the confirmation")

    later = replace(who, checkout_token=f"{number:031x}f", cart_token=f"later{number}")
    body = later.checkout(domain, currency="EUR", begun_at=begun_at)
    assert shop.deliver("checkouts/create", body) == requests.codes.ok
    shop.wait_for(later.checkout_token, "ended", "stopped")
    assert len(phone.texts()) == 1 + confirmations
    assert tap(link_in(text, stack)).headers["Location"].startswith(f"https://{domain}")
    assert "recover" not in tap(link_in(text, stack)).headers["Location"]
    with stack.runtime.database.session() as session:
        count = select(func.count()).select_from(Reply).where(Reply.from_number == who.phone)
        assert session.scalar(count) == 1


def test_a_reply_that_is_not_signed_is_refused_and_stops_nobody(
    stack: Stack, shopify: ShopifyStandin, twilio: TwilioStandin
) -> None:
    who, domain = shopper(3), "stop-3.myshopify.com"
    phone = Phone(who.phone, twilio)
    shop = texted_shop(stack, shopify, domain, who, phone)
    url = f"{stack.url}/webhooks/sms/twilio/reply"
    forged = {"MessageSid": "SM" + "9" * 32, "From": who.phone, "To": "+15005550006", "Body": "STOP"}
    answer = requests.post(url, data=forged, headers={"X-Twilio-Signature": "forged"}, timeout=30)
    assert answer.status_code in (401, 403)
    assert suppressions(stack, domain) == 0
    assert planned_steps(shop) == 1
