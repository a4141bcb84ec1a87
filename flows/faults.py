"""What a single row may raise, and how that is told: one row must never keep the others waiting."""

from __future__ import annotations

import traceback
from pathlib import PurePath

from sqlalchemy.exc import SQLAlchemyError

from connectors.platform import ConnectorError
from connectors.sms import MalformedCallback

OUR_CODE = ("app", "connectors", "flows")

UNAPPLICABLE = (
    ArithmeticError,
    AttributeError,
    ConnectorError,
    LookupError,
    MalformedCallback,
    RuntimeError,
    SQLAlchemyError,
    TypeError,
    ValueError,
)
"""What is raised over bytes that are not the platform's, and values that our rows and rules do not take."""


def sentence(error: BaseException) -> str:
    """What went wrong and where, without personal data: messages of databases and libraries quote values."""
    name = type(error).__name__
    if isinstance(error, ConnectorError | MalformedCallback):
        return f"{name}: {error}"
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename)]
    place = f" in {PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{name}{f' {state}' if state else ''}{place}"


def _is_ours(filename: str) -> bool:
    parts = PurePath(filename).parts
    return "site-packages" not in parts and any(part in OUR_CODE for part in parts[:-1])
