"""What the rooms of the web floor share: the runtime of the running application."""

from __future__ import annotations

from typing import cast

from flask import current_app

from app.runtime import Runtime

EXTENSION = "warmcart"


def runtime() -> Runtime:
    """Settings, clock, database, cipher and waker of the application that serves this request."""
    return cast(Runtime, current_app.extensions[EXTENSION])
