"""The rules of the field as data: tables that say, row by row, what is allowed where and who says so.

An operator may let a folder of tables of the same form speak for this deployment (``use``): a row
replaces the row of the same key, a new key adds one.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Protocol, TypeVar

from flows.rules.form import FORMS, Row, RuleError, check, key_of, read_rows


class _Cached(Protocol):
    def cache_clear(self) -> None: ...


C = TypeVar("C", bound=_Cached)

_folder: str | None = None
_replacing: dict[str, list[Row]] = {}
_resting_on_tables: list[_Cached] = []


def from_tables(cached: C) -> C:
    """A cached function whose answers rest on the tables: ``use`` makes it forget them."""
    _resting_on_tables.append(cached)
    return cached


def use(folder: str | None) -> None:
    """Let the tables of ``folder`` replace rows of ours in this process; None: ours alone.

    They are read once, and checked whole. Raises RuleError, which names the file and the line.
    """
    global _folder, _replacing
    if folder == _folder:
        return
    _replacing = _read_folder(Path(folder)) if folder else {}
    _folder = folder
    for cached in _resting_on_tables:
        cached.cache_clear()


def read_table(name: str) -> list[Row]:
    """The rows of ``<name>.csv``, the operator's in place of ours; an empty cell is an empty string."""
    rows, replacing = packaged(name), _replacing.get(name)
    if not replacing:
        return rows
    return list({key_of(name, row): row for row in [*rows, *replacing]}.values())


def packaged(name: str) -> list[Row]:
    """The rows of ``<name>.csv`` as they came with this version, whatever the operator says."""
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return [row for _, row in read_rows(text)]


def _read_folder(folder: Path) -> dict[str, list[Row]]:
    tables = {}
    if not folder.is_dir():
        raise RuleError(f"WARMCART_RULES {str(folder)!r} is not a folder")
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in FORMS:
            names = ", ".join(f"{name}.csv" for name in sorted(FORMS))
            raise RuleError(f"WARMCART_RULES {path.name} is no table of rules: there are {names}")
        text = _text(path)
        check(path.stem, text, list(packaged(path.stem)[0]))
        tables[path.stem] = [row for _, row in read_rows(text)]
    return tables


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"WARMCART_RULES {path.name} cannot be read as UTF-8: {error}") from None
