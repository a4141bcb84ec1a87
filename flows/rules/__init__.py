"""The rules of the field as data: tables that say, row by row, what is allowed where and who says so."""

from __future__ import annotations

import csv
import io
from importlib.resources import files


def read_table(name: str) -> list[dict[str, str]]:
    """The rows of ``<name>.csv`` beside this module; an empty cell is an empty string."""
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))
