"""How events come in: verify, keep, answer. One door per platform, and those of the SMS providers."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.web import EXTENSION
    from app.webhooks import door, plugin_questions, shopify, sms, store_addresses

    runtime = app.extensions[EXTENSION]
    door.init_app(app, runtime)
    app.register_blueprint(shopify.blueprint)
    app.register_blueprint(store_addresses.woocommerce_blueprint)
    app.register_blueprint(plugin_questions.blueprint)
    app.register_blueprint(sms.blueprint)
    if runtime.settings.demo:
        app.register_blueprint(store_addresses.demo_blueprint)
