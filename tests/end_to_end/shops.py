"""Shops that are connected to the running Warmcart, and the phones of their shoppers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy import select

from app.models import Cart, CartKey, Store
from app.ops import show
from flows import registry
from tests.end_to_end.stack import Stack
from tests.standins.shopify import ShopifyStandin
from tests.standins.twilio import TwilioStandin
from tests.waiting import wait_until

PHONE_BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Mobile/15E148 Safari/604.1"
)
PROMPT = "PT1S"
MUCH_LATER = "PT1H"


def flow(*delays: str, idle: str = PROMPT) -> dict[str, Any]:
    """The default cart flow with other waiting times, one per step."""
    keys = ("reminder", "second_call", "last_call")
    return {
        "version": 1,
        "name": "Abandoned cart",
        "active": True,
        "trigger": {"type": "cart_abandoned", "idle": idle, "cutoff": "P4D"},
        "steps": [
            {"key": key, "delay": delay, "texts": {}} for key, delay in zip(keys, delays, strict=False)
        ],
    }


@dataclass(frozen=True)
class Shop:
    """A store of the running Warmcart, by its domain."""

    stack: Stack
    domain: str

    def store(self) -> Store:
        with self.stack.runtime.database.session() as session:
            return session.scalars(select(Store).where(Store.domain == self.domain)).one()

    def is_known(self) -> bool:
        with self.stack.runtime.database.session() as session:
            return session.scalar(select(Store.id).where(Store.domain == self.domain)) is not None

    def use_flow(self, definition: Mapping[str, Any]) -> None:
        runtime = self.stack.runtime
        with runtime.database.session() as session:
            store = show.find_store(session, self.domain)
            registry.import_definition(session, store, definition, "operator", runtime.clock.now())

    def has_cart(self, key: str) -> bool:
        with self.stack.runtime.database.session() as session:
            query = select(Cart.id).join(CartKey, CartKey.cart_id == Cart.id).join(Store)
            return session.scalar(query.where(Store.domain == self.domain, CartKey.value == key)) is not None

    def cart(self, key: str) -> dict[str, Any]:
        """What the command line would say of a cart."""
        with self.stack.runtime.database.session() as session:
            return show.cart(session, show.find_store(session, self.domain), key)

    def contact(self, phone: str) -> dict[str, Any]:
        with self.stack.runtime.database.session() as session:
            [found] = show.contacts(session, show.find_store(session, self.domain), [phone])
            return found

    def story(self, key: str) -> list[tuple[str, str | None]]:
        """What happened to a cart: each line's kind and reason."""
        if not self.has_cart(key):
            return []
        return [(line["kind"], line["reason"]) for line in self.cart(key)["timeline"]]

    def wait_for(self, key: str, kind: str, reason: str | None = None) -> None:
        try:
            wait_until(lambda: (kind, reason) in self.story(key))
        except AssertionError:
            raise AssertionError(f"{key} is not {kind}, {reason}, but {self.story(key)}") from None


@dataclass(frozen=True)
class ShopifyShop(Shop):
    standin: ShopifyStandin

    def open(self, path: str = "/app") -> requests.Response:
        """The first load of a page in the frame of the admin."""
        token = self.standin.id_token(self.domain)
        query = {"shop": self.domain, "id_token": token, "embedded": "1", "host": "YWRtaW4"}
        return requests.get(self.stack.url + path, params=query, timeout=30, allow_redirects=False)

    def fetch(self, path: str = "/app") -> requests.Response:
        """A page as App Bridge fetches it afterwards."""
        headers = {"Authorization": f"Bearer {self.standin.id_token(self.domain)}"}
        query = {"shop": self.domain}
        return requests.get(self.stack.url + path, query, headers=headers, timeout=30, allow_redirects=False)

    def deliver(self, topic: str, body: bytes) -> int:
        url = f"{self.stack.url}/webhooks/shopify"
        return self.standin.deliver(topic, body, url, domain=self.domain).status_code


@dataclass(frozen=True)
class Phone:
    """A shopper's phone at the SMS provider."""

    number: str
    twilio: TwilioStandin

    def texts(self) -> list[dict[str, Any]]:
        return self.twilio.texts(self.number)

    def bodies(self) -> list[str]:
        return [text["body"] for text in self.texts()]

    def wait_for_texts(self, count: int) -> list[dict[str, Any]]:
        return wait_until(
            lambda: texts if len(texts := self.texts()) >= count else [],
            what=f"{count} texts at {self.number}",
        )

    def reply(self, words: str, sid: str | None = None) -> dict[str, Any]:
        """Answer the last text; what became of Twilio's call."""
        last = self.texts()[-1]
        return self.twilio.reply(
            self.number, last["from"], words, service=last["messaging_service_sid"], sid=sid
        )


def link_in(text: Mapping[str, Any], stack: Stack) -> str:
    """The one short link of a text."""
    [link] = re.findall(rf"{re.escape(stack.url)}/r/\w+", text["body"])
    return str(link)


def tap(link: str) -> requests.Response:
    """Open a link as a phone does; the answer itself, not where it leads."""
    headers = {"User-Agent": PHONE_BROWSER, "Accept": "text/html"}
    return requests.get(link, headers=headers, timeout=30, allow_redirects=False)


def connect_shopify(
    stack: Stack, standin: ShopifyStandin, domain: str, definition: Mapping[str, Any], **details: Any
) -> ShopifyShop:
    """A shop whose merchant has just opened the app, and whose details are known."""
    standin.shop(domain, **details)
    shop = ShopifyShop(stack, domain, standin)
    answer = shop.open()
    assert answer.status_code == requests.codes.ok, answer.text
    wait_until(lambda: shop.store().platform_store_id, what=f"{domain} is synced")
    shop.use_flow(definition)
    return shop
