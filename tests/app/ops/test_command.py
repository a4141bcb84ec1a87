"""How a command ends when its database is not as it should be."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.ops.command import Stopped, opened
from app.runtime import Runtime


@pytest.mark.parametrize("statement", ["SELECT 1 FROM nowhere", "SELECT not_yet FROM store"])
def test_a_database_of_an_older_version_ends_a_command_with_what_to_do(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr("app.ops.command.settings", lambda: runtime.settings)
    monkeypatch.setattr("app.runtime.make_runtime", lambda *arguments, **more: runtime)
    with (
        pytest.raises(Stopped, match="run warmcart migrate"),
        opened() as found,
        found.database.session() as session,
    ):
        session.execute(text(statement))
