"""Which statements a piece of work sends to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.runtime import Runtime


@contextmanager
def statements(runtime: Runtime) -> Iterator[list[str]]:
    """Collects the statements, one entry per round trip."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement.strip())

    engines = (runtime.database.engine, runtime.database.autocommit)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def reads(sent: list[str]) -> int:
    """How many of the statements only read."""
    return len([statement for statement in sent if statement.startswith(("SELECT", "WITH"))])
