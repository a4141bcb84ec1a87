"""The stand-in in this process: its state, and the methods for tests."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from html import unescape
from types import TracebackType
from typing import Any

import requests
from werkzeug.serving import make_server

from tests.standins.woocommerce.answers import QuietHandler
from tests.standins.woocommerce.baskets import Baskets
from tests.standins.woocommerce.catalogue import Catalogue
from tests.standins.woocommerce.coupons import Coupon, Coupons
from tests.standins.woocommerce.handshake import Handshake
from tests.standins.woocommerce.hooks import Webhooks
from tests.standins.woocommerce.keys import Keys
from tests.standins.woocommerce.orders import Order, Orders
from tests.standins.woocommerce.plugin import CompanionPlugin
from tests.standins.woocommerce.server import make_app
from tests.standins.woocommerce.wordpress import Knobs, WordPressError

COUNTRIES = ("AT", "CA", "DE", "FR", "GB", "SI", "US")


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


class WooCommerceStandin:
    """A WooCommerce store on a local port. ``port=0`` takes a free one; ``path`` is its sub-folder; ``tls``
    holds the files of a certificate and its key; ``trust`` the certificate of a receiver with https;
    further keywords are knobs (see ``Knobs``). ``plugin_secret`` is what the companion plugin holds while its
    merchant connects it, ``questions`` what it was asked then, ``plugin`` the plugin, if it is active."""

    def __init__(
        self,
        *,
        port: int = 0,
        path: str = "",
        tls: tuple[str, str] | None = None,
        trust: str | bool = True,
        now: Callable[[], datetime] = _now,
        **knobs: Any,
    ) -> None:
        self.path = path.rstrip("/")
        self.knobs = Knobs()
        self.knobs.set(**knobs)
        self.lock = threading.RLock()
        self.requests: list[str] = []
        self.plugin_secret: str | None = None
        self.questions: list[dict[str, Any]] = []
        self.plugin: CompanionPlugin | None = None
        self._server = make_server(
            "127.0.0.1",
            port,
            lambda environ, start: self._app(environ, start),
            threaded=True,
            request_handler=QuietHandler,
            ssl_context=tls,
        )
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}{self.path}"
        self.keys = Keys(self.url)
        self.orders = Orders(self.knobs, now, self.url)
        self.catalogue = Catalogue()
        self.coupons = Coupons(self.knobs, now, self.orders)
        self.baskets = Baskets(self.catalogue, self.coupons)
        self.webhooks = Webhooks(self.knobs, f"{self.url}/", self._payload)
        self.handshake = Handshake(self.knobs, self.keys, self.url)
        self.webhooks.trust = self.handshake.trust = trust
        self._tls = tls
        self._app = make_app(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> WooCommerceStandin:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def set_knobs(self, **changes: Any) -> None:
        """Change how the store behaves from now on."""
        self.knobs.set(**changes)

    def add_key(self, permissions: str = "read_write") -> tuple[str, str]:
        """A consumer key and its secret."""
        key = self.keys.add(permissions)
        return key.consumer_key, key.consumer_secret

    def revoke_key(self, consumer_key: str) -> None:
        """Revoke a key; webhooks go on."""
        self.keys.revoke(consumer_key)

    def add_order(self, template: str = "order", **changes: Any) -> Order:
        """A new order like the recorded one: ``order`` (pending) or ``draft`` (blocks checkout of 9.9.5)."""
        with self.lock:
            order = self.orders.add(template, changes)
        self._tell(order["id"], created=order["status"] != "checkout-draft")
        return self.orders.shown(order)

    def add_product(self, product_id: int, **told: Any) -> dict[str, Any]:
        """Something that the store sells; what it does not list, it does not sell then."""
        with self.lock:
            return self.catalogue.add(product_id, told)

    def add_variation(self, product_id: int, variation_id: int, **told: Any) -> dict[str, Any]:
        with self.lock:
            return self.catalogue.add_variation(product_id, variation_id, told)

    def offer_free_shipping(self, requires: str = "coupon") -> None:
        with self.lock:
            self.catalogue.offer_free_shipping(requires)

    def add_coupon(self, **told: Any) -> Coupon:
        """A coupon that the merchant made."""
        with self.lock:
            return self.coupons.shown(self.coupons.add(told))

    def list_coupons(self) -> list[Coupon]:
        """All coupons, as REST shows them."""
        return [self.coupons.shown(coupon) for coupon in self.coupons.by_id.values()]

    def trouble_coupons(self, trouble: str, times: int = 1) -> None:
        """What the next makings get: ``slow_down``, ``refuse``, or ``lose_answer`` though it is made."""
        self.coupons.troubles += [trouble] * times

    def cart(self, session: str) -> dict[str, Any]:
        """The cart to which ``session`` of a checkout's address leads, its coupons looked at again."""
        with self.lock:
            return self.baskets.shown(session)

    def apply_coupon(self, session: str, code: str) -> dict[str, Any]:
        """The shopper types a code; the cart after that."""
        with self.lock:
            self.baskets.apply(session, code)
        return self.cart(session)

    def buy(self, session: str, **changes: Any) -> Order:
        """The shopper buys what is in the cart, for what it shows."""
        shown = self.cart(session)
        lines = [{"code": code, "discount": off} for code, off in shown["coupons"].items()]
        bought = {"total": shown["total"], "coupon_lines": lines, "status": "processing"}
        with self.lock:
            bought["line_items"] = self.baskets.order_lines(session)
        return self.add_order(**(bought | changes))

    def change_order(self, order_id: int, **changes: Any) -> Order:
        """Change an order as its shopper, the merchant or a payment would."""
        with self.lock:
            was_draft = self.orders.get(order_id)["status"] == "checkout-draft"
            order = self.orders.change(order_id, changes)
        self._tell(order_id, created=was_draft and order["status"] != "checkout-draft")
        return self.orders.shown(order)

    def pay_order(self, order_id: int, method: str = "stripe") -> Order:
        """The shopper pays: the order is being processed, its payment dated."""
        with self.lock:
            paid = self.orders.change(order_id, {})["date_modified_gmt"]
        return self.change_order(order_id, status="processing", payment_method=method, date_paid_gmt=paid)

    def trash_order(self, order_id: int) -> None:
        """Into the trash: ``order.deleted``."""
        with self.lock:
            self.orders.change(order_id, {"status": "trash"})
        self.webhooks.enqueue("order.deleted", order_id)

    def untrash_order(self, order_id: int, status: str) -> None:
        """Back by setting a status: no webhook at all (HPOS)."""
        with self.lock:
            self.orders.change(order_id, {"status": status})

    def delete_order(self, order_id: int) -> None:
        """For good: no webhook."""
        with self.lock:
            del self.orders.by_id[order_id]

    def run_queue(self) -> int:
        """What a visit to the store does: deliver all that waits. How many deliveries left."""
        return self.webhooks.run()

    def approve(self, authorize_url: str) -> str:
        """What a merchant does on the grant page: the address to which the browser goes in the end.

        Raises ValueError with the store's error page.
        """
        verify = self._tls[0] if self._tls else True
        page = requests.get(authorize_url, timeout=30, verify=verify, allow_redirects=False)
        link = re.search(r'class="approve" href="([^"]+)"', page.text)
        if link is None:
            raise ValueError(page.text)
        granted = requests.get(unescape(link[1]), timeout=90, verify=verify, allow_redirects=False)
        if "Location" not in granted.headers:
            raise ValueError(granted.text)
        return granted.headers["Location"]

    def hooks(self) -> list[dict[str, Any]]:
        """All webhooks with what REST hides: secret, failure count, pending delivery."""
        return [asdict(webhook) for webhook in self.webhooks.by_id.values()]

    def sent(self) -> list[dict[str, Any]]:
        """Every ping and delivery, with the answer's status."""
        return [asdict(sent) for sent in list(self.webhooks.sent)]

    def visits(self) -> list[str]:
        """Every request so far, such as ``GET /shop/wp-json/``; secrets are left in: it is a test."""
        return list(self.requests)

    def note(self, method: str, address: str, authorized: bool) -> None:
        self.requests.append(f"{method} {address}{' (Authorization)' if authorized else ''}")

    def control(self, name: str, arguments: dict[str, Any]) -> Any:
        """One of the public methods by name."""
        if name not in CONTROLS:
            raise ValueError(f"no such control: {name}")
        return getattr(self, name)(**arguments)

    def index(self) -> dict[str, Any]:
        """``GET /wp-json/``."""
        namespaces = ["oembed/1.0", "wp/v2"] + (["wc/v3"] if self.knobs.woocommerce_active else [])
        return {
            "name": self.knobs.name,
            "description": "",
            "url": self.url,
            "home": self.knobs.home or self.url,
            "gmt_offset": self.knobs.utc_offset,
            "timezone_string": self.knobs.timezone,
            "namespaces": namespaces,
        }

    def system_status(self) -> dict[str, Any]:
        return {
            "environment": {
                "home_url": self.url,
                "site_url": self.url,
                "store_id": "6e2b1a4c-0f0e-4a55-9b0e-1d3f5a7b9c11",
                "version": self.knobs.version,
                "wp_version": "6.9",
                "language": self.knobs.language,
            },
            "settings": {"currency": self.knobs.currency, "HPOS_enabled": True},
        }

    def general_settings(self) -> list[dict[str, Any]]:
        options = dict.fromkeys(COUNTRIES, "a country")
        knobs = self.knobs
        return [
            {"id": "woocommerce_default_country", "value": knobs.country},
            {"id": "woocommerce_currency", "value": knobs.currency},
            {"id": "woocommerce_allowed_countries", "value": knobs.selling},
            {
                "id": "woocommerce_specific_allowed_countries",
                "value": list(knobs.selling_to),
                "options": options,
            },
            {
                "id": "woocommerce_all_except_countries",
                "value": list(knobs.not_selling_to),
                "options": options,
            },
            {"id": "woocommerce_ship_to_countries", "value": knobs.shipping},
            {
                "id": "woocommerce_specific_ship_to_countries",
                "value": list(knobs.shipping_to) or "",
                "options": options,
            },
        ]

    def _tell(self, order_id: int, created: bool) -> None:
        """In most checkouts ``order.updated`` is delivered before ``order.created``."""
        self.webhooks.enqueue("order.updated", order_id)
        if created:
            self.webhooks.enqueue("order.created", order_id)

    def _payload(self, topic: str, order_id: int) -> dict[str, Any]:
        """A webhook's body, built when it is delivered, with the rights of the key's owner."""
        if topic.endswith(".deleted"):
            return {"id": order_id}
        try:
            if not self.knobs.owner_has_rights:
                raise WordPressError(
                    403, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource."
                )
            return self.orders.shown(self.orders.get(order_id))
        except WordPressError as error:
            return error.body()


CONTROLS = frozenset(
    {
        "set_knobs",
        "add_key",
        "revoke_key",
        "add_order",
        "add_product",
        "add_variation",
        "offer_free_shipping",
        "add_coupon",
        "list_coupons",
        "trouble_coupons",
        "cart",
        "apply_coupon",
        "buy",
        "change_order",
        "pay_order",
        "trash_order",
        "untrash_order",
        "delete_order",
        "run_queue",
        "approve",
        "hooks",
        "sent",
        "visits",
    }
)
