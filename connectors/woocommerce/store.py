"""One connected WooCommerce store: what is open there, what changed, and the care of our webhooks."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog

from connectors.events import CartSeen, Event, Key, OrderSeen, OrderStatus, Shopper, StoreChanged
from connectors.platform import Malformed, Unreachable, WebhookHealth
from connectors.woocommerce.body import Json, identifier, moment, text
from connectors.woocommerce.calls import StoreRefused
from connectors.woocommerce.details import store_details
from connectors.woocommerce.orders import ORDER_KEY, bought_since, order_events, shopper_of
from connectors.woocommerce.people import same_person
from connectors.woocommerce.rest import MOST_PAGES, RestClient
from connectors.woocommerce.sign_in import remove_sign_in

log = structlog.get_logger()

TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")

OPEN_STATUSES = ("pending", "failed", "checkout-draft")
ALL_STATUSES = ("any", "checkout-draft", "trash")
"""``any`` leaves out trash, and in newer versions drafts (woocommerce pull request 63743)."""

PAGES_OF_A_LAST_LOOK = 3
LAST_LOOK_TIMEOUT = (3.0, 5.0)
SECOND = timedelta(seconds=1)
BETWEEN_POKES = 60.0

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of an order that tells none: every order that WooCommerce lists tells one."""

_last_pokes: dict[str, float] = {}
"""When this process last poked which store, in seconds of its own clock."""


def webhook_mark(webhook_secret: str) -> str:
    """What our webhooks at a store are called: of one installation's secret, which it does not tell."""
    tag = hmac.digest(webhook_secret.encode(), b"webhook name", hashlib.sha256)
    return f"Warmcart {tag[:4].hex()}"


class WooCommerceStore:
    """The ``StoreClient`` of one store. ``monotonic`` is a clock in seconds that never goes back."""

    def __init__(
        self, rest: RestClient, webhook_secret: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.rest = rest
        self._last_look = RestClient(rest.credentials, rest.session, LAST_LOOK_TIMEOUT)
        self._webhook_secret = webhook_secret
        self._monotonic = monotonic
        self._mark = webhook_mark(webhook_secret)

    def store_details(self) -> StoreChanged:
        return store_details(self.rest)

    def open_carts(self, since: datetime) -> Iterator[CartSeen]:
        for status in OPEN_STATUSES:
            for event in self._events(status, since):
                if isinstance(event, CartSeen):
                    yield event

    def changes(self, since: datetime) -> Iterator[Event]:
        """What lost webhooks would have told; a quiet store is woken, for it delivers only when visited."""
        self.poke()
        for status in ALL_STATUSES:
            yield from self._events(status, since)

    def find_order(self, keys: Sequence[Key], shopper: Shopper, since: datetime) -> OrderSeen | None:
        """The cart's own order whatever its state, else one that this person placed at or after ``since``.

        Of the person's orders only the newest 300 of the store since then are looked at: ``search`` is
        a plain LIKE that misses phones typed in another way, and this question is asked before a send.
        """
        for order_id in (identifier(key.value) for key in keys if key.kind == ORDER_KEY):
            found = self._order(order_id) if order_id else None
            if found is not None:
                return found
        if not (shopper.phones or shopper.email or shopper.customer_id):
            return None
        return next(self._orders_of(shopper, since), None)

    def repair_webhooks(self, delivery_url: str) -> WebhookHealth:
        """One active webhook for each topic, and none of ours left at an address that we gave up.

        The store calls ``delivery_url`` inside the creation and wants 200: our secret has to be saved,
        and the server able to answer, before. A disabled one also gets our secret again: another secret
        is a reason why it failed seven times. One of another mark has a secret of before the shop was
        disconnected: nothing that it delivers would be taken.
        """
        repaired: list[str] = []
        right: dict[str, Json] = {}
        for webhook in self._our_webhooks(delivery_url):
            topic = text(webhook.get("topic"))
            ours = self._mark in text(webhook.get("name"))
            in_place = ours and text(webhook.get("delivery_url")) == delivery_url
            if in_place and topic in TOPICS and topic not in right:
                right[topic] = webhook
            else:
                self._delete(webhook)
                repaired.append(f"removed {topic}")
        for topic in TOPICS:
            mended = self._mend(topic, right.get(topic), delivery_url)
            repaired += [mended] if mended else []
        return WebhookHealth(active=len(TOPICS), repaired=tuple(repaired))

    def disconnect(self) -> None:
        """Remove our webhooks, and a sign-in link. Only the merchant can revoke the key: REST cannot."""
        for webhook in self._our_webhooks():
            self._delete(webhook)
        remove_sign_in(self.rest)

    def poke(self) -> bool:
        """Make a quiet store run its queue, at most once a minute; whether it was due."""
        now = self._monotonic()
        last = _last_pokes.get(self.rest.store_url)
        if last is not None and now - last < BETWEEN_POKES:
            return False
        _last_pokes[self.rest.store_url] = now
        self.rest.poke()
        return True

    def _order(self, order_id: str) -> OrderSeen | None:
        try:
            order = self._last_look.get(f"orders/{order_id}")
        except StoreRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return _as_order(order)

    def _orders_of(self, shopper: Shopper, since: datetime) -> Iterator[OrderSeen]:
        params = _modified_since(since) | {"order": "desc"}
        for order in self._last_look.pages("orders", params, PAGES_OF_A_LAST_LOOK):
            if not same_person(shopper_of(order), shopper) or not bought_since(order, since):
                continue
            found = _as_order(order)
            if found is not None and found.status is not OrderStatus.CANCELLED:
                yield found

    def _events(self, status: str, since: datetime) -> Iterator[Event]:
        try:
            for order in self._changed_orders(status, since):
                yield from _readable(order)
        except StoreRefused as error:
            # A store that does not know a status, such as drafts in newer versions, refuses to list it.
            if status == "any" or error.code != "rest_invalid_param":
                raise

    def _changed_orders(self, status: str, since: datetime) -> Iterator[Json]:
        """Orders by time of change, oldest first, each page asked for from the last change seen.

        Counted pages would skip orders: one that changes while we read moves to the end and the rest
        move up. Orders of the border's own second come twice and are left out by id and time; more
        than a page of one second is read by counting.
        """
        border, number, seen = since, 1, set[tuple[str, str]]()
        for _ in range(MOST_PAGES):
            params = _modified_since(border) | {"order": "asc", "status": status}
            found, last = self.rest.page("orders", params, number)
            for order in found:
                known_as = text(order.get("id")), text(order.get("date_modified_gmt"))
                if known_as not in seen:
                    seen.add(known_as)
                    yield order
            if number >= last:
                return
            newest = max(
                (moment(order.get("date_modified_gmt")) or border for order in found), default=border
            )
            border, number = (newest, 1) if newest > border else (border, number + 1)
        raise Unreachable("The shop lists orders without an end.")

    def _our_webhooks(self, delivery_url: str | None = None) -> list[Json]:
        """Those that bear our mark, and those that deliver to our path at any host.

        Another installation's webhooks at the same store bear another mark and are not touched.
        """
        return [
            webhook
            for webhook in self.rest.pages("webhooks", {"status": "all"})
            if self._mark in text(webhook.get("name"))
            or (delivery_url and _same_path(text(webhook.get("delivery_url")), delivery_url))
        ]

    def _mend(self, topic: str, webhook: Json | None, delivery_url: str) -> str | None:
        if webhook is None:
            wanted = {"name": f"{self._mark} {topic}", "topic": topic, "delivery_url": delivery_url}
            self.rest.post("webhooks", {**wanted, "secret": self._webhook_secret, "status": "active"})
            return f"created {topic}"
        if webhook.get("status") != "active":
            activation = {"status": "active", "secret": self._webhook_secret}
            self.rest.put(f"webhooks/{webhook.get('id')}", activation)
            return f"activated {topic}"
        return None

    def _delete(self, webhook: Json) -> None:
        """Without ``force`` the store answers 501."""
        self.rest.delete(f"webhooks/{webhook.get('id')}", {"force": "true"})


def _modified_since(since: datetime) -> dict[str, str | int]:
    """At or after ``since``: ``modified_after`` itself leaves its own second out."""
    before = (since.astimezone(UTC) - SECOND).strftime("%Y-%m-%dT%H:%M:%S")
    return {"modified_after": before, "dates_are_gmt": "true", "orderby": "modified"}


def _readable(order: Json) -> Sequence[Event]:
    """The events of an order; one that a plugin made unreadable must not hide the others."""
    try:
        return order_events(order, _LONG_AGO)
    except Malformed:
        log.warning("woocommerce_order_unreadable", order_id=identifier(order.get("id")))
        return ()


def _as_order(order: Json) -> OrderSeen | None:
    return next((event for event in _readable(order) if isinstance(event, OrderSeen)), None)


def _same_path(url: str, delivery_url: str) -> bool:
    try:
        return urlsplit(url).path == urlsplit(delivery_url).path
    except ValueError:
        return False
