"""``/wp-json/``: the index without a key, everything of WooCommerce with one."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, request

from tests.standins.woocommerce.answers import data, pass_walls
from tests.standins.woocommerce.keys import Caller
from tests.standins.woocommerce.orders import invalid
from tests.standins.woocommerce.wordpress import WordPressError

if TYPE_CHECKING:
    from tests.standins.woocommerce.standin import WooCommerceStandin

API = "/wp-json/wc/v3"
LARGEST_PAGE = 100
ROUTES = (
    ("GET", "system_status", "system_status"),
    ("GET", "settings/general", "settings"),
    ("GET", "settings/general/woocommerce_enable_coupons", "coupon_switch"),
    ("GET", "coupons", "list_coupons"),
    ("POST", "coupons", "create_coupon"),
    ("DELETE", "coupons/<int:coupon_id>", "delete_coupon"),
    ("GET", "products", "list_products"),
    ("GET", "products/categories", "list_categories"),
    ("GET", "products/<int:product_id>/variations", "list_variations"),
    ("GET", "shipping/zones", "list_zones"),
    ("GET", "shipping/zones/<int:zone>/methods", "list_methods"),
    ("GET", "orders", "list_orders"),
    ("GET", "orders/<int:order_id>", "read_order"),
    ("GET", "webhooks", "list_webhooks"),
    ("POST", "webhooks", "create_webhook"),
    ("PUT", "webhooks/<int:webhook_id>", "update_webhook"),
    ("DELETE", "webhooks/<int:webhook_id>", "delete_webhook"),
)


class Rest:
    """The REST API of one store."""

    def __init__(self, store: WooCommerceStandin) -> None:
        self.store, self.knobs = store, store.knobs

    def register(self, app: Flask) -> None:
        app.add_url_rule(f"{self.store.path}/wp-json/", "index", self.index)
        for method, path, name in ROUTES:
            rule = f"{self.store.path}{API}/{path}"
            app.add_url_rule(rule, name, self._with_key(getattr(self, name)), methods=[method])

    def index(self) -> Response:
        pass_walls(self.knobs)
        if self.knobs.permalinks == "plain":
            abort(404)
        return data(self.store.index())

    def system_status(self) -> Response:
        return data(self.store.system_status())

    def settings(self) -> Response:
        return data(self.store.general_settings())

    def coupon_switch(self) -> Response:
        value = "yes" if self.knobs.coupons else "no"
        return data({"id": "woocommerce_enable_coupons", "value": value})

    def list_coupons(self) -> Response:
        self._check_coupons("view", "Sorry, you cannot list resources.")
        code, coupons = request.args.get("code"), self.store.coupons
        found = [coupons.find(code)] if code else list(coupons.by_id.values())
        return self._listed([coupons.shown(coupon) for coupon in found if coupon])

    def create_coupon(self) -> Response:
        self._check_coupons("create", "Sorry, you are not allowed to create resources.")
        coupons = self.store.coupons
        with self.store.lock:
            trouble = coupons.troubles.pop(0) if coupons.troubles else None
            if trouble == "slow_down":
                abort(Response("Slow down", 429, {"Retry-After": "7"}))
            if trouble == "refuse":
                raise WordPressError(400, "coupon_not_allowed", "No coupons today.")
            made = coupons.shown(coupons.add(_body()))
            if trouble == "lose_answer":
                request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            return data(made, 201)

    def delete_coupon(self, coupon_id: int) -> Response:
        force = request.args.get("force") in ("true", "1")
        with self.store.lock:
            return data(self.store.coupons.shown(self.store.coupons.delete(coupon_id, force)))

    def list_products(self) -> Response:
        return self._listed(self.store.catalogue.listed(request.args))

    def list_categories(self) -> Response:
        return self._listed(self.store.catalogue.listed_categories(request.args))

    def list_variations(self, product_id: int) -> Response:
        return self._listed(self.store.catalogue.listed_variations(product_id, request.args))

    def list_zones(self) -> Response:
        """Zone 0 is everywhere else. Neither zones nor methods come in pages."""
        return data([{"id": zone, "name": f"Zone {zone}"} for zone in self.store.catalogue.methods])

    def list_methods(self, zone: int) -> Response:
        return data(self.store.catalogue.methods[zone])

    def list_orders(self) -> Response:
        orders = self.store.orders
        return self._listed([orders.shown(order) for order in orders.listed(request.args)])

    def read_order(self, order_id: int) -> Response:
        return data(self.store.orders.shown(self.store.orders.get(order_id)))

    def list_webhooks(self) -> Response:
        wanted = request.args.get("status", "all")
        newest_first = sorted(self.store.webhooks.by_id.values(), key=lambda webhook: -webhook.id)
        return self._listed([each.shown() for each in newest_first if wanted in ("all", each.status)])

    def create_webhook(self) -> Response:
        return data(self.store.webhooks.create(_body()).shown(), 201)

    def update_webhook(self, webhook_id: int) -> Response:
        return data(self.store.webhooks.update(webhook_id, _body()).shown())

    def delete_webhook(self, webhook_id: int) -> Response:
        if request.args.get("force") not in ("true", "1"):
            raise WordPressError(501, "woocommerce_rest_trash_not_supported", "Webhooks cannot be trashed.")
        webhook = self.store.webhooks.get(webhook_id)
        del self.store.webhooks.by_id[webhook_id]
        return data(webhook.shown())

    def _with_key(self, view: Callable[..., Response]) -> Callable[..., Response]:
        def guarded(**parts: int) -> Response:
            pass_walls(self.knobs)
            self._check_key()
            return view(**parts)

        return guarded

    def _check_key(self) -> None:
        if self.knobs.permalinks == "plain":
            abort(404)
        if not self.knobs.woocommerce_active:
            raise WordPressError(404, "rest_no_route", "No route was found.")
        given = None if self.knobs.strip_authorization else request.authorization
        basic = (given.username or "", given.password or "") if given and given.type == "basic" else None
        secure = request.is_secure if self.knobs.sees_https is None else self.knobs.sees_https
        caller = Caller(request.method, request.path, request.args, basic, secure)
        with self.store.lock:
            key = self.store.keys.authenticate(caller)
        if key is None or not self.knobs.owner_has_rights:
            status = 401 if key is None else 403
            raise WordPressError(status, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")

    def _check_coupons(self, what: str, message: str) -> None:
        """A shop whose coupons are switched off answers as to a key without rights."""
        if not self.knobs.coupons:
            raise WordPressError(403, f"woocommerce_rest_cannot_{what}", message)

    def _listed(self, rows: list[dict[str, Any]]) -> Response:
        """One page of rows. The ``Link`` of the next repeats this request's parameters, signature and all."""
        size, number = _number("per_page", 10), _number("page", 1)
        if size > LARGEST_PAGE:
            raise invalid("per_page")
        pages = ceil(len(rows) / size)
        fields = request.args.get("_fields")
        if fields is not None:
            rows = [{name: row[name] for name in fields.split(",") if name in row} for row in rows]
        answer = data(rows[(number - 1) * size : number * size])
        if self.knobs.total_pages_header:
            answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"] = str(len(rows)), str(pages)
        if number < pages:
            query = "&".join(f"{name}={value}" for name, value in request.args.items() if name != "page")
            address = f"{request.host_url.rstrip('/')}{request.path}?{query}&page={number + 1}"
            answer.headers["Link"] = f'<{address}>; rel="next"'
        return answer


def _number(name: str, default: int) -> int:
    value = request.args.get(name, str(default))
    if not value.isdecimal() or int(value) < 1:
        raise invalid(name)
    return int(value)


def _body() -> dict[str, Any]:
    try:
        content = json.loads(request.get_data())
    except ValueError:
        content = None
    if not isinstance(content, dict) or request.mimetype != "application/json":
        raise WordPressError(400, "rest_invalid_json", "Invalid JSON body passed.")
    return content
