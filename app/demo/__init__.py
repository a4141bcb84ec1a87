"""The demo: a little shop, a phone, and the ways to them. Served only where the setting DEMO is on."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.demo import checkout, deliveries, phone, sandbox, shop, shop_api, stage
    from app.demo.courier import Courier

    app.extensions[deliveries.EXTENSION] = Courier()
    for room in (stage, shop, checkout, phone, shop_api, sandbox):
        app.register_blueprint(room.blueprint)
