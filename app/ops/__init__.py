"""What an operator uses: health, metrics and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a worker or supervisor has no use for it
    from flask import Flask


def init_app(app: Flask) -> None:
    from app.ops import health

    app.register_blueprint(health.blueprint)
