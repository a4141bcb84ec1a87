"""What every command stands on: its settings, a runtime, and the ways in which it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from app.config import SettingError, Settings, read_settings
from flows import rules

NOT_MIGRATED = ("UndefinedTable", "UndefinedColumn")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Stopped(click.ClickException):
    """One line that says what is wrong, exit code 2."""

    exit_code = 2


def settings() -> Settings:
    try:
        found = read_settings(os.environ)
        rules.use(found.rules)
        return found
    except SettingError as error:
        raise Stopped(str(error)) from None


@contextmanager
def opened() -> Iterator[Any]:
    """A runtime for one command; a database that cannot be used ends it with one line."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from app.runtime import make_runtime

    runtime = make_runtime(settings(), pool_size=1)
    try:
        yield runtime
    except OperationalError:
        raise Stopped("WARMCART_DATABASE_URL: the database cannot be reached") from None
    except ProgrammingError as error:
        if type(error.orig).__name__ not in NOT_MIGRATED:
            raise
        raise Stopped("the database lacks tables or columns of this version: run warmcart migrate") from None
    finally:
        runtime.close()
