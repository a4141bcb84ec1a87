"""Warmcart's Flask application."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.clock import Clock
    from app.config import Settings

ROOMS = ("webhooks", "links", "install", "admin", "ops")


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Wire the application. Without settings they are read from the environment.

    Imports are inside, so that importing a small service does not import everything.
    """
    from flask import Flask
    from sqlalchemy.orm import configure_mappers

    import app.models  # noqa: F401  (mappers are configured once, before a server forks)
    from app.config import read_settings
    from app.runtime import make_runtime
    from app.web import EXTENSION
    from flows import rules

    settings = settings or read_settings(os.environ)
    rules.use(settings.rules)
    configure_mappers()
    flask_app = Flask("app", static_folder=None, template_folder=None)
    flask_app.config["MAX_CONTENT_LENGTH"] = 2 * 1024 * 1024
    flask_app.extensions[EXTENSION] = make_runtime(settings, clock)
    for room in ROOMS + (("demo",) if settings.demo else ()):
        import_module(f"app.{room}").init_app(flask_app)
    return flask_app
