"""What a merchant opens: overview, carts, replies, flows, settings, in Shopify's admin and by themselves."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.admin import (
        assets,
        carts,
        consent_pages,
        door,
        flow_pages,
        formats,
        overview,
        reply_pages,
        request_pages,
        retention_page,
        sender_pages,
        settings_pages,
        story,
    )

    rooms = (
        door,
        assets,
        overview,
        carts,
        consent_pages,
        reply_pages,
        flow_pages,
        request_pages,
        retention_page,
        sender_pages,
        settings_pages,
    )
    for room in rooms:
        app.register_blueprint(room.blueprint)
    app.jinja_env.globals.update(
        asset=assets.address,
        country_name=formats.country,
        duration=formats.duration,
        language_name=formats.language,
        step_name=story.step,
    )
