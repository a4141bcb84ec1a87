"""One connected Shopify store behind the StoreClient interface."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from connectors.events import CartSeen, ConsentSignal, Event, Key, OrderSeen, Shopper, StoreChanged
from connectors.platform import ConnectorError, WebhookHealth
from connectors.shopify import consent, fields, nodes
from connectors.shopify.events import COMPLIANCE_TOPICS, TOPICS
from connectors.shopify.fields import Record, record, records
from connectors.shopify.graphql import BRISK, AdminClient, Answer, Cost, TooCostly

FIRST_PAGE = 10
LARGEST_PAGE = 100
MOST_PAGES = 2_500
"""Shopify pages through 25,000 objects at most (Shopify documentation, api/usage/limits, 2026-10)."""

_MOST_POINTS = 900
"""One query may cost 1,000 points; the rest is left for what a page does not scale with."""

_E164 = re.compile(r"\A\+[1-9][0-9]{6,14}\Z")


class ShopifyStore:
    """Answers of one store. Raises ConnectorError and nothing else, also while an iterable is read."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    def store_details(self) -> StoreChanged:
        return nodes.store_changed(self._client.ask("shop", {}).data)

    def open_carts(self, since: datetime) -> Iterator[CartSeen]:
        """Abandoned checkouts that are not completed. Shopify lists a checkout once it has a contact."""
        since = since.replace(microsecond=0)  # Shopify's own moments are whole seconds
        search = f"status:open recovery_state:not_recovered updated_at:>={_moment(since)}"
        for node in self._nodes("abandoned_checkouts", search):
            cart = nodes.cart_seen(node)
            if cart and cart.completed_at is None and cart.updated_at >= since:
                yield cart

    def changes(self, since: datetime) -> Iterator[Event]:
        """Orders first, for they stop texts; then carts; then the consent of customers."""
        since = since.replace(microsecond=0)
        search = f"updated_at:>={_moment(since)}"
        for node in self._nodes("orders_changed", search):
            order = nodes.order_seen(node)
            if order and order.updated_at >= since:
                yield order
        for node in self._nodes("abandoned_checkouts", search):
            cart = nodes.cart_seen(node)
            if cart and cart.updated_at >= since:
                yield cart
        yield from self._consent_changes(since)

    def find_order(self, keys: Sequence[Key], shopper: Shopper, since: datetime) -> OrderSeen | None:
        """An order of one of these carts, whenever placed; else the person's latest since ``since``.

        Shopify ignores a search term that it does not know and then answers with any order, so each
        answer is checked against what was asked. Its search index lags behind by seconds.
        """
        since = since.replace(microsecond=0)
        cart, person, phone = _cart_search(keys), _person_search(shopper, since), _e164(shopper)
        if not (cart or person or phone):
            return None
        variables = {
            "byCart": bool(cart),
            "cart": cart,
            "byPerson": bool(person),
            "person": person,
            "byPhone": bool(phone),
            "phone": phone,
            "since": f"created_at:>={_moment(since)}",
        }
        data = self._client.ask("find_order", variables, BRISK).data
        of_cart = _orders(data, "ofCart", asked=bool(cart))
        of_person = _orders(data, "ofPerson", asked=bool(person))
        of_phone = _orders(record(data.get("ofPhone")), "orders", asked=bool(data.get("ofPhone")))
        found = [order for order in of_cart if set(order.keys) & set(keys)]
        found += [order for order in of_person if order.placed_at >= since and _is_of(order, shopper)]
        found += [order for order in of_phone if order.placed_at >= since]
        return next(iter(found), None)

    def tell_consent(self, signal: ConsentSignal) -> bool:
        """Write what the number said to us to its customer's record; False if no customer has it."""
        return consent.tell(self._client, signal)

    def repair_webhooks(self, delivery_url: str) -> WebhookHealth:
        """Nothing to mend: shopify.app.toml declares the subscriptions and Shopify keeps them.

        The API does not list subscriptions that were declared so (Shopify documentation,
        apps/build/webhooks/subscribe, 2026-10), and creating them again would deliver everything twice.
        """
        return WebhookHealth(active=len(TOPICS) + len(COMPLIANCE_TOPICS))

    def disconnect(self) -> None:
        """Nothing of ours is at the store: Shopify drops subscriptions and tokens with the app."""

    def _consent_changes(self, since: datetime) -> Iterator[Event]:
        """Newest first, and no further than ``since``: this filter matches whole days only."""
        for node in self._nodes("customers_changed", f"updated_at:>={_moment(since)}"):
            updated_at = fields.moment(node.get("updatedAt"))
            if updated_at and updated_at < since:
                return
            changed = nodes.consent_changed(node)
            if changed:
                yield changed

    def _nodes(self, operation: str, search: str) -> Iterator[Record]:
        """The objects of all pages; the page size follows what the query costs."""
        size, after = FIRST_PAGE, None
        for _ in range(MOST_PAGES):
            answer, size = self._page(operation, search, size, after)
            page = _connection(answer.data, "page")
            yield from records(page.get("nodes"))
            position = record(page.get("pageInfo"))
            after = fields.text(position.get("endCursor"))
            if position.get("hasNextPage") is not True or after is None:
                return
            size = page_size(size, answer.cost)
        raise ConnectorError(f"Shopify has more changes than {MOST_PAGES} pages: ask for a shorter time.")

    def _page(self, operation: str, search: str, size: int, after: str | None) -> tuple[Answer, int]:
        while True:
            try:
                return self._client.ask(operation, {"first": size, "after": after, "query": search}), size
            except TooCostly:
                if size == 1:
                    raise
                size = size // 2


def page_size(size: int, cost: Cost | None) -> int:
    """How many objects to ask for next, so that one query stays within its points and the bucket's."""
    if cost is None or cost.requested <= 0:
        return size
    points = min(_MOST_POINTS, cost.maximum / 2)
    return max(1, min(LARGEST_PAGE, int(size * points / cost.requested)))


def _connection(data: Record, name: str) -> Record:
    """A list that was asked for. One that Shopify withholds is no empty list."""
    if not isinstance(data.get(name), dict):
        raise ConnectorError("Shopify withholds a list from this app: check its scopes and data access.")
    return record(data.get(name))


def _orders(data: Record, name: str, asked: bool) -> list[OrderSeen]:
    seen = [nodes.order_seen(node) for node in records(_connection(data, name).get("nodes"))] if asked else []
    return [order for order in seen if order]


def _cart_search(keys: Sequence[Key]) -> str:
    known = [key for key in keys if key.kind in ("checkout_token", "cart_token")]
    return " OR ".join(f"{key.kind}:{_quoted(key.value)}" for key in known)


def _person_search(shopper: Shopper, since: datetime) -> str:
    terms = [f"email:{_quoted(shopper.email)}"] if shopper.email else []
    terms += [f"customer_id:{shopper.customer_id}"] if fields.identifier(shopper.customer_id) else []
    return f"created_at:>={_moment(since)} AND ({' OR '.join(terms)})" if terms else ""


def _e164(shopper: Shopper) -> str:
    return next((phone for phone in shopper.phones if _E164.match(phone)), "")


def _is_of(order: OrderSeen, shopper: Shopper) -> bool:
    same_email = (
        shopper.email and order.shopper.email and shopper.email.lower() == order.shopper.email.lower()
    )
    return bool(same_email) or (
        shopper.customer_id is not None and order.shopper.customer_id == shopper.customer_id
    )


def _moment(at: datetime) -> str:
    return f"'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def _quoted(value: str) -> str:
    """A search term as an exact phrase."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
