"""The store's application: REST, pages, and ``/standin/`` for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, request

from tests.standins.woocommerce import plugin
from tests.standins.woocommerce.answers import data, page
from tests.standins.woocommerce.handshake import AccessDenied
from tests.standins.woocommerce.rest import Rest
from tests.standins.woocommerce.shop import Shop
from tests.standins.woocommerce.wordpress import WordPressError

if TYPE_CHECKING:
    from tests.standins.woocommerce.standin import WooCommerceStandin


def make_app(store: WooCommerceStandin) -> Flask:
    """The application of a store: everything below its sub-folder, the controls at the top."""
    app = Flask(__name__)
    Rest(store).register(app)
    Shop(store).register(app)
    plugin.register(app, store)
    _add_errors(app, store)

    @app.before_request
    def note() -> None:
        store.note(request.method, request.full_path.removesuffix("?"), request.authorization is not None)

    @app.post("/standin/<name>")
    def control(name: str) -> Response:
        try:
            return data({"result": store.control(name, request.get_json(silent=True) or {})})
        except (KeyError, TypeError, ValueError, WordPressError) as error:
            return data({"message": f"{type(error).__name__}: {error}"}, 400)

    return app


def _add_errors(app: Flask, store: WooCommerceStandin) -> None:
    @app.errorhandler(WordPressError)
    def refused(error: WordPressError) -> Response:
        return data(error.body(), error.status)

    @app.errorhandler(AccessDenied)
    def denied(error: AccessDenied) -> Response:
        return page(f"<h1>Access denied</h1>Error: {error}.", 401)

    @app.errorhandler(404)
    def not_found(error: Exception) -> Response:
        if request.path.startswith(f"{store.path}/wp-json/") and store.knobs.permalinks == "pretty":
            return data(WordPressError(404, "rest_no_route", "No route was found.").body(), 404)
        return page("<h1>Nothing here</h1>", 404)
