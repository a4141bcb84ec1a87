"""How events come in: verify, keep, answer. One door per platform, and those of the SMS providers."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Flask


def init_app(app: Flask) -> None:
    from app.web import EXTENSION
    from app.webhooks import door, shopify, store_addresses

    runtime = app.extensions[EXTENSION]
    door.init_app(app, runtime)
    app.register_blueprint(shopify.blueprint)
    app.register_blueprint(store_addresses.woocommerce_blueprint)
    if find_spec("app.webhooks.sms"):
        app.register_blueprint(import_module("app.webhooks.sms").blueprint)
    if runtime.settings.demo:
        app.register_blueprint(store_addresses.demo_blueprint)
