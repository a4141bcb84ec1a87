"""A shop at the stand-in of a platform, its shopper, and what that shopper sees: the same for both platforms.

Bodies are those of the platforms, read by their connectors; nothing but the webhook's way is left out.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qs, urlsplit

import requests

from app.models import Store
from app.runtime import Runtime
from connectors.shopify.graphql import WRITING
from flows import connections, intake, links
from tests import factories
from tests.deliveries import shopify_payload, variant
from tests.flows.scenes import make_british_store
from tests.standins.shopify import ShopifyStandin
from tests.standins.shopify_state import Shop as ShopifyShop
from tests.standins.woocommerce import WooCommerceStandin

DOMAIN = "good.myshopify.com"
PHONE, EMAIL = "+447400123456", "ann@shopper.example"
DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
ADDRESS = {"first_name": "Ann", "last_name": "Lee", "country": "GB", "postcode": "SW1A 1AA"}
CONSENT = {"id": 9001, "key": "_wc_other/warmcart/sms_consent", "value": "1"}


class Good(NamedTuple):
    """Something that the shop sells; ``number`` is its product at both platforms and its variant at one."""

    number: int
    price: str
    before: str | None = None
    gift_card: bool = False


TOTE, MUG, LAMP = Good(13, "24.00"), Good(14, "12.00"), Good(15, "80.00")
SOCKS, VOUCHER = Good(16, "10.00", before="20.00"), Good(17, "25.00", gift_card=True)
SOLD = (TOTE, MUG, LAMP, SOCKS, VOUCHER)
Goods = Mapping[Good, int]


@dataclass(frozen=True)
class Seen:
    """What the shopper sees: ``place`` is ``checkout``, or where else the link leads; ``said`` why a code
    lowers nothing."""

    place: str
    codes: Sequence[str] = ()
    off: Decimal = Decimal(0)
    said: Sequence[str] = ()
    shipping: Decimal = Decimal(0)
    address: str = ""


class PlatformShop(ABC):
    """``store`` is ours. ``order_page`` is where the platform shows the order, if it does."""

    platform: ClassVar[str]
    order_page: str | None = None

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.store = self._connect()

    @abstractmethod
    def _connect(self) -> Store: ...

    @abstractmethod
    def leave(self, goods: Goods, cart: str = "a", currency: str = "GBP") -> None:
        """The shopper leaves a cart, or changes one; ``currency`` is what the shopper pays in."""

    @abstractmethod
    def open(self, token: str, agent: str = DESK) -> Seen:
        """Somebody taps the link of a text."""

    @abstractmethod
    def buy(self, token: str | None, codes: Sequence[str] = (), cart: str = "a") -> None:
        """The shopper buys that cart, or what the link of that token fills, in capital letters."""

    @abstractmethod
    def codes(self) -> list[str]: ...

    @abstractmethod
    def trouble(self, what: str) -> None:
        """What the next making gets: ``throttle``, ``refuse`` or ``lose`` though the code is made."""

    @abstractmethod
    def make_own_code(self, code: str) -> None: ...

    @abstractmethod
    def have_sale(self, percent: int) -> None: ...

    @abstractmethod
    def ship_freely_with_a_code(self) -> None: ...

    def address(self, token: str, agent: str = DESK) -> str:
        opened = links.open_link(self.runtime, token, person=True, agent=agent)
        assert opened is not None
        return links.destination(self.runtime.cipher, opened)

    def take_in(self, topic: str, body: bytes) -> None:
        now = self.runtime.clock.now()
        events = connections.platform(self.platform).events(topic, body, now)
        for event in events:
            with self.runtime.database.session() as session:
                intake.apply(session, self.runtime, session.get_one(Store, self.store.id), event)


class AtShopify(PlatformShop):
    platform = "shopify"

    def __init__(self, runtime: Runtime, standin: ShopifyStandin) -> None:
        self.standin = standin
        british = {"currencyCode": "GBP", "shopAddress": {"countryCodeV2": "GB"}}
        self.shop: ShopifyShop = standin.shop(DOMAIN, **british)
        for good in SOLD:
            self.shop.put_variant(
                good.number, good.number, good.price, before=good.before, gift_card=good.gift_card
            )
        super().__init__(runtime)

    def _connect(self) -> Store:
        now = self.runtime.clock.now()
        endpoint = connections.token_endpoint(self.runtime, DOMAIN)
        tokens = endpoint.exchange(self.standin.id_token(DOMAIN), now)
        with self.runtime.database.session() as session:
            store = make_british_store(session, domain=DOMAIN)
            connections.save_tokens(session, self.runtime, store.id, tokens, now)
        return store

    def leave(self, goods: Goods, cart: str = "a", currency: str = "GBP") -> None:
        now = self.runtime.clock.now().isoformat()

        def change(body: Any) -> None:
            lines, price = _lines(body["line_items"][0], goods)
            place = {"country_code": "GB", "zip": "SW1A 1AA", "province_code": None, "phone": PHONE}
            body |= {"token": _checkout(cart), "cart_token": f"cart{cart}"}
            body |= {"created_at": now, "updated_at": now, "total_price": price}
            body |= {"currency": "GBP", "presentment_currency": currency}
            body |= {"customer_locale": "en-GB", "email": EMAIL, "sms_marketing_phone": PHONE}
            body |= {"line_items": lines, "customer": None, "abandoned_checkout_url": _recover(cart)}
            body |= {"shipping_address": body["shipping_address"] | place, "billing_address": None}

        body = variant(shopify_payload("linked/03").body, change)
        self.shop.put_checkout(json.loads(body))
        self.take_in("checkouts/update", body)

    def open(self, token: str, agent: str = DESK) -> Seen:
        address = self.address(token, agent)
        if self.order_page and address.startswith(self.order_page):
            return Seen("order", address=address)
        opened = self.standin.open(DOMAIN, address)
        said = list(opened.refused.values())
        return Seen(opened.where, opened.codes, opened.discount, said, opened.shipping, address)

    def buy(self, token: str | None, codes: Sequence[str] = (), cart: str = "a") -> None:
        """Through the saved checkout, or through a fresh one that the link of ``token`` filled."""
        now, number = self.runtime.clock.now().isoformat(), 5_000 + len(self.shop.orders)
        page = f"https://{DOMAIN}/1/orders/{number}/authenticate?key=1"

        def change(body: Any) -> None:
            body |= {"id": number, "admin_graphql_api_id": f"gid://shopify/Order/{number}", "test": False}
            body |= {"checkout_token": _checkout(cart), "cart_token": f"cart{cart}", "order_status_url": page}
            body |= {"currency": "GBP", "presentment_currency": "GBP", "total_price": "43.20"}
            body |= {"created_at": now, "updated_at": now, "processed_at": now, "email": EMAIL}
            body |= {"customer": None, "shipping_address": None, "billing_address": None, "phone": PHONE}
            body |= {"discount_codes": [{"code": code.upper(), "amount": "4.80"} for code in codes]}
            if token:
                fresh = {"checkout_token": "f" * 32, "cart_token": "fresh"}
                body |= fresh | {"note_attributes": [{"name": "warmcart", "value": token}]}

        body = variant(shopify_payload("linked/06").body, change)
        self.shop.put_order(json.loads(body))
        self.order_page = page
        self.take_in("orders/create", body)

    def codes(self) -> list[str]:
        return [one.code for one in self.shop.discounts.codes.values()]

    def trouble(self, what: str) -> None:
        found = self.shop.discounts
        if what == "throttle":
            found.throttle(WRITING.tries)
        else:
            {"refuse": found.refuse, "lose": found.lose_answers}[what]()

    def make_own_code(self, code: str) -> None:
        self.shop.discounts.by_merchant(code)

    def have_sale(self, percent: int) -> None:
        self.shop.discounts.sale("Summer", percent / 100, "2026-01-01T00:00:00Z")

    def ship_freely_with_a_code(self) -> None:
        """Shopify asks for nothing beforehand."""


def _checkout(cart: str) -> str:
    return cart * 32


def _recover(cart: str) -> str:
    return f"https://{DOMAIN}/1/checkouts/ac/cart{cart}/recover?key=k"


def _lines(sample: Mapping[str, Any], goods: Goods) -> tuple[list[dict[str, Any]], str]:
    lines = [
        {
            **sample,
            "product_id": good.number,
            "variant_id": good.number,
            "quantity": count,
            "price": good.price,
        }
        for good, count in goods.items()
    ]
    return lines, _sum(goods)


def _sum(goods: Goods) -> str:
    return str(sum(Decimal(good.price) * count for good, count in goods.items()))


class AtWooCommerce(PlatformShop):
    """A shop whose blocks checkout keeps drafts, and whose links fill any cart."""

    platform = "woocommerce"

    def __init__(self, runtime: Runtime, standin: WooCommerceStandin) -> None:
        self.standin = standin
        self._drafts: dict[str, int] = {}
        for good in SOLD:
            lowered = {"regular_price": good.before, "sale_price": good.price} if good.before else {}
            told = {"regular_price": good.price, "type": "gift-card" if good.gift_card else "simple"}
            standin.add_product(good.number, **(told | lowered))
        super().__init__(runtime)

    def _connect(self) -> Store:
        key, secret = self.standin.add_key()
        keys = {"url": self.standin.url, "key": key, "secret": secret}
        domain = self.standin.url.removeprefix("http://")
        told = {"platform": "woocommerce", "domain": domain, "url": self.standin.url}
        with self.runtime.database.session() as session:
            store = make_british_store(session, **told, platform_version=self.standin.knobs.version)
            kinds = {connections.WOOCOMMERCE_KEYS: keys, connections.WEBHOOK_SECRET: {"secret": "s"}}
            for kind, value in kinds.items():
                factories.make_credential(session, self.runtime, store, kind, value)
        return store

    def leave(self, goods: Goods, cart: str = "a", currency: str = "GBP") -> None:
        lines = [
            {"name": f"Good {good.number}", "product_id": good.number, "variation_id": 0, "quantity": count}
            | {"total": str(Decimal(good.price) * count), "meta_data": [], "image": None}
            for good, count in goods.items()
        ]
        told = {"line_items": lines, "total": _sum(goods), "currency": currency, "billing": _billing()}
        told |= {"shipping": {}, "meta_data": [CONSENT]}
        if cart in self._drafts:
            order = self.standin.change_order(self._drafts[cart], **told)
        else:
            order = self.standin.add_order("draft", **told)
            self._drafts[cart] = order["id"]
        self.take_in("order.updated", json.dumps(order).encode())

    def submit(self, cart: str = "a") -> None:
        """The shopper sends the order off and does not pay."""
        order = self.standin.change_order(self._drafts[cart], status="pending")
        self.take_in("order.updated", json.dumps(order).encode())

    def be_of_version(self, version: str) -> None:
        self.standin.set_knobs(version=version)
        with self.runtime.database.session() as session:
            session.get_one(Store, self.store.id).platform_version = version

    def open(self, token: str, agent: str = DESK) -> Seen:
        address = self.address(token, agent)
        reached = requests.get(address, timeout=10)
        session = parse_qs(urlsplit(reached.url).query).get("session")
        if not session:
            return Seen("front page", address=address)
        shown = self.standin.cart(session[0])
        off = sum((Decimal(sum_) for sum_ in shown["coupons"].values()), Decimal(0))
        shipping = Decimal(shown["shipping"])
        return Seen("checkout", list(shown["coupons"]), off, shown["notices"], shipping, address)

    def buy(self, token: str | None, codes: Sequence[str] = (), cart: str = "a") -> None:
        told: dict[str, Any] = {"billing": _billing(), "shipping": {}, "currency": "GBP"}
        told |= {"coupon_lines": [{"code": code.upper(), "discount": "4.80"} for code in codes]}
        told |= {"status": "processing", "total": "43.20", "payment_method": "stripe"}
        if token:
            entry = f"{self.standin.url}/checkout-link/?cid={token}"
            source = {"key": "_wc_order_attribution_session_entry", "value": entry}
            order = self.standin.add_order(**told, meta_data=[source])
        else:
            order = self.standin.change_order(self._drafts[cart], **told)
        self.take_in("order.updated", json.dumps(order).encode())

    def codes(self) -> list[str]:
        return [coupon["code"] for coupon in self.standin.list_coupons()]

    def trouble(self, what: str) -> None:
        known = {"throttle": "slow_down", "refuse": "refuse", "lose": "lose_answer"}
        self.standin.trouble_coupons(known[what])

    def make_own_code(self, code: str) -> None:
        self.standin.add_coupon(code=code, discount_type="percent", amount="10")

    def ship_freely_with_a_code(self) -> None:
        self.standin.offer_free_shipping()

    def have_sale(self, percent: int) -> None:
        for good in SOLD:
            lowered = Decimal(good.before or good.price) * (100 - percent) / 100
            self.standin.add_product(
                good.number, regular_price=good.before or good.price, sale_price=f"{lowered:.2f}"
            )


def _billing() -> dict[str, str]:
    return ADDRESS | {
        "email": EMAIL,
        "phone": PHONE,
        "state": "",
        "city": "London",
        "address_1": "1 The Mall",
    }
