"""What a merchant opens: overview, carts, replies, flows, settings, in Shopify's admin and by themselves."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

SCREENS = (
    "door",
    "assets",
    "overview",
    "carts",
    "consent_pages",
    "reply_pages",
    "text_pages",
    "season_pages",
    "offer_pages",
    "request_pages",
    "retention_page",
    "audit_pages",
    "sender_pages",
    "settings_pages",
)
"""The modules with views; texts, offers and seasons are parts of the flows' screen and have its blueprint."""


def init_app(app: Flask) -> None:
    from app.admin import assets, formats, story

    for blueprint in dict.fromkeys(import_module(f"{__name__}.{name}").blueprint for name in SCREENS):
        app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        asset=assets.address,
        country_name=formats.country,
        duration=formats.duration,
        language_name=formats.language,
        step_name=story.step,
    )
