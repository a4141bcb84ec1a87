"""How a store comes in. Shopify's way leads through the guard of the pages; this is WooCommerce's."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.install import plugin, woocommerce

    app.register_blueprint(woocommerce.blueprint)
    app.register_blueprint(plugin.blueprint)
