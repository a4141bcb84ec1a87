"""The companion plugin, as `connectors/woocommerce/plugin` behaves to the server and to browsers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

import requests
from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from tests.standins.woocommerce.answers import data, page, pass_walls
from tests.standins.woocommerce.wordpress import WordPressError
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.standins.woocommerce.standin import WooCommerceStandin

COOKIE = "standin_session"
LOOKS_AHEAD = ("Sec-Purpose", "Purpose")
Cart = dict[str, Any]


class CompanionPlugin:
    """What it remembers: carts by key, which session goes on with which, and the links that were used.

    A cart here has ``key``, ``items`` (as told), ``shopper``, ``consent``, ``codes`` and ``opened_by``.
    """

    def __init__(self, store: WooCommerceStandin, secret: str) -> None:
        self.store, self.secret = store, secret
        self.deliveries = ""
        self.left: dict[str, Cart] = {}
        self.sessions: dict[str, Cart] = {}
        self.used: dict[str, str] = {}
        self.good_codes: set[str] = set()

    def connect(self, server: str, version: str = "0.2.0") -> None:
        """Press Connect: the server asks back while this waits."""
        self.store.plugin_secret = self.secret
        told = {"url": self.store.url, "secret": self.secret, "version": version}
        answer = requests.post(f"{server}/install/woocommerce/plugin", json=told, timeout=30)
        assert answer.status_code == requests.codes.ok, answer.text
        self.deliveries = answer.json()["deliveries"]

    def leave(self, phone: str, items: list[dict[str, Any]], codes: tuple[str, ...] = ()) -> str:
        """Somebody types a phone, ticks the box and leaves. Returns the cart's key."""
        key, now = secrets.token_hex(16), _now()
        self.left[key] = {
            "key": key,
            "created_at": now,
            "items": items,
            "shopper": {"phone": phone, "email": "", "country": self.store.knobs.country, "customer_id": 0},
            "consent": {"given_at": now, "wording": "Text me.", "wording_version": "1"},
            "discount_codes": list(codes),
        }
        self._tell_cart(self.left[key])
        return key

    def visit(self) -> Response | Redirect | None:
        """A request with a ticket; None where WooCommerce goes on with it."""
        given = request.args.get("warmcart")
        if given is None or not self.deliveries:
            return None
        if request.method == "HEAD" or any(request.headers.get(name) for name in LOOKS_AHEAD):
            return Response(status=200 if request.method == "HEAD" else 503)
        session = request.cookies.get(COOKIE) or secrets.token_hex(8)
        ticket = self._read(given)
        if ticket is None or self.used.setdefault(ticket["nonce"], session) != session:
            return page("<h1>Your cart</h1>This link was used already or is too old.")
        if ticket["cart"] not in self.left:
            return None
        self._open(session, ticket)
        kept = "&".join(f"{name}={request.args[name]}" for name in request.args if name.startswith("utm_"))
        answer = redirect(f"{self.store.url}/checkout/?{kept}&cid={ticket['cid']}")
        answer.set_cookie(COOKIE, session, httponly=True, samesite="Lax")
        return answer

    def checkout(self) -> str:
        """What the checkout shows to this browser: goods and codes, and nothing that was typed elsewhere."""
        cart = self.sessions.get(request.cookies.get(COOKIE, ""))
        goods = (
            "".join(f"<li>{item['quantity']} x {item['title']}</li>" for item in cart["items"])
            if cart
            else ""
        )
        return f"<h1>Your cart</h1><ul>{goods}</ul>{' '.join(cart['discount_codes']) if cart else ''}"

    def buy(self, browser: requests.Session, **changes: Any) -> str:
        """The browser's cart becomes a paid order; the plugin and WooCommerce both tell. Returns its id."""
        cart = self.sessions.pop(browser.cookies[COOKIE])
        del self.left[cart["key"]]
        meta = [{"key": "_warmcart_cart", "value": cart["key"]}]
        meta += [{"key": "_warmcart_cid", "value": cart["opened_by"]}]
        coupons = [{"code": code} for code in cart["discount_codes"]]
        paid = {"status": "processing", "date_paid_gmt": _now().rstrip("Z"), "coupon_lines": coupons}
        order = self.store.add_order(meta_data=meta, **paid, **changes)
        self._tell("order", order)
        return str(order["id"])

    def _open(self, session: str, ticket: dict[str, Any]) -> None:
        cart = self.left[ticket["cart"]]
        code, known = ticket["code"], set(cart["discount_codes"])
        codes = [code] if code and code not in known and self._is_good(code) else []
        cart |= {"opened_by": ticket["cid"], "discount_codes": cart["discount_codes"] + codes}
        self.sessions[session] = cart
        self._tell_cart(cart)

    def _is_good(self, code: str) -> bool:
        coupon = self.store.coupons.find(code)
        return code in self.good_codes or (coupon is not None and not self.store.coupons.is_over(coupon))

    def _read(self, given: str) -> dict[str, Any] | None:
        content, _, signature = given.partition(".")
        expected = hmac.new(self.secret.encode(), f"warmcart-restore.{content}".encode(), hashlib.sha256)
        if not hmac.compare_digest(signature.encode(), expected.hexdigest().encode()):
            return None
        ticket: dict[str, Any] = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        return ticket if ticket["until"] > time.time() else None

    def _tell_cart(self, cart: Cart) -> None:
        total = sum(float(item["total"]) for item in cart["items"])
        money = {"total": f"{total:.2f}", "currency": self.store.knobs.currency}
        self._tell("cart", cart | money | {"step": "contact", "locale": self.store.knobs.language})

    def _tell(self, kind: str, thing: dict[str, Any]) -> None:
        """As from the plugin's outbox: what is refused is signed and sent once more. A process of the server
        that has just looked at the store may not know a fresh secret yet."""
        body = json.dumps({"type": kind, "occurred_at": _now(), kind: thing}).encode()
        nonce = secrets.token_hex(16)
        wait_until(lambda: self._send(body, nonce), 10, f"the {kind} is taken")

    def _send(self, body: bytes, nonce: str) -> bool:
        at = str(int(time.time()))
        signed = f"{at}.{nonce}.".encode() + body
        headers = {
            "Content-Type": "application/json",
            "X-Warmcart-Timestamp": at,
            "X-Warmcart-Nonce": nonce,
            "X-Warmcart-Signature": hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest(),
        }
        answer = requests.post(self.deliveries, body, headers=headers, timeout=30)
        return answer.status_code == requests.codes.ok


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def register(app: Flask, store: WooCommerceStandin) -> None:
    @app.post(f"{store.path}/wp-json/warmcart/v1/connection")
    def prove() -> Response:
        pass_walls(store.knobs)
        if store.plugin_secret is None:
            raise WordPressError(404, "warmcart_no_attempt", "Nobody is connecting this shop right now.")
        question = request.get_json()
        store.questions.append(question)
        asked = f"warmcart-connection.{question['challenge']}".encode()
        return data({"proof": hmac.new(store.plugin_secret.encode(), asked, hashlib.sha256).hexdigest()})

    @app.before_request
    def restore() -> Response | Redirect | None:
        return store.plugin.visit() if store.plugin else None
