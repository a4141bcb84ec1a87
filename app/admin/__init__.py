"""What a merchant opens: overview, carts, replies, flows, settings, in Shopify's admin and by themselves."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.admin import (
        assets,
        audit_pages,
        carts,
        consent_pages,
        door,
        formats,
        overview,
        reply_pages,
        request_pages,
        retention_page,
        sender_pages,
        settings_pages,
        story,
        text_pages,
    )

    # The blueprint of text_pages is that of flow_pages: a text is part of its flow's screen.
    rooms = (
        door,
        assets,
        overview,
        carts,
        consent_pages,
        reply_pages,
        text_pages,
        request_pages,
        retention_page,
        audit_pages,
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
