"""What a browser sees of the store: its pages, the ways back to a cart, and wc-auth."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Flask, Response, abort, redirect, request
from werkzeug.wrappers import Response as Redirect

from tests.standins.woocommerce.answers import data, page, pass_walls
from tests.standins.woocommerce.wordpress import WordPressError

if TYPE_CHECKING:
    from tests.standins.woocommerce.standin import WooCommerceStandin

ROUTES = (
    ("/", "front"),
    ("/cart/", "basket"),
    ("/checkout/", "basket"),
    ("/checkout-link/", "checkout_link"),
    ("/checkout/order-pay/<int:order_id>/", "pay"),
    ("/<path:name>/", "any_page"),
    ("/wp-cron.php", "cron"),
    ("/wc-auth/v1/authorize", "authorize"),
    ("/wc-auth/v1/authorize/", "authorize"),
    ("/wc-auth/v1/access_granted/", "access_granted"),
)


GUESTS_VERIFY_AFTER = timedelta(minutes=10)


class Shop:
    """The pages of one store."""

    def __init__(self, store: WooCommerceStandin) -> None:
        self.store, self.knobs = store, store.knobs

    def register(self, app: Flask) -> None:
        for rule, name in ROUTES:
            app.add_url_rule(f"{self.store.path}{rule}", name, getattr(self, name))

    def front(self) -> Response:
        pass_walls(self.knobs)
        route = request.args.get("rest_route")
        if route == "/":
            return data(self.store.index())
        if route is not None:
            # Keys are looked at below /wp-json/ only.
            raise WordPressError(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        return page(f"<h1>{self.knobs.name}</h1>")

    def any_page(self, name: str) -> Response:
        """``rest_route`` is answered on every page, also on one that is not there."""
        if request.args.get("rest_route") is None:
            abort(404)
        return self.front()

    def basket(self) -> Response:
        if "rest_route" in request.args:
            return self.front()
        session = request.args.get("session")
        if session is None:
            return page(self.store.plugin.checkout() if self.store.plugin else "<h1>Your cart</h1>")
        shown = self.store.cart(session)
        rows = [f"<p>Coupon {code}: -{off}</p>" for code, off in shown["coupons"].items()]
        rows += [f"<p>{escape(notice)}</p>" for notice in shown["notices"]]
        return page(f"<h1>Checkout</h1>{''.join(rows)}<p>Total: {shown['total']}</p>")

    def checkout_link(self) -> Redirect:
        if self.knobs.before(10, 0):
            abort(404)
        with self.store.lock:
            session = self.store.baskets.open(request.args.get("products", ""), request.args.get("coupon"))
        if session is None:
            return redirect(f"{self.store.url}/cart/?wc_error=nothing")
        kept = {name: value for name, value in request.args.items() if name not in ("products", "coupon")}
        return redirect(f"{self.store.url}/checkout/?{urlencode(kept | {'session': session})}")

    def pay(self, order_id: int) -> Response:
        order = self.store.orders.by_id.get(order_id)
        if order is None or request.args.get("key") != order["order_key"]:
            return page("<h1>Sorry, this order is invalid and cannot be paid for.</h1>")
        if order["status"] not in ("pending", "failed"):
            return page(f"<h1>This order's status is {order['status']}: it cannot be paid for.</h1>")
        if self.store.orders.age(order) > GUESTS_VERIFY_AFTER:
            return page("<h1>To view this page, you must verify the email address of the order.</h1>")
        return page(f"<h1>Pay for order {order_id}</h1>")

    def cron(self) -> Response:
        self.store.run_queue()
        return page("")

    def authorize(self) -> Response:
        if self.knobs.permalinks == "plain":
            abort(404)
        return page(self.store.handshake.page(request.args))

    def access_granted(self) -> Redirect:
        return redirect(self.store.handshake.granted(request.args))
