"""The table of Twilio's error codes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from connectors.sms import Category
from connectors.twilio.errors import category, category_of_answer, meaning

TABLE = Path(__file__).parents[3] / "connectors" / "twilio" / "errors.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"])
def test_every_row_maps_to_a_category_and_names_its_source(row: dict[str, str]) -> None:
    assert category(row["code"]) is Category(row["category"])
    assert category(row["code"]) is not Category.UNKNOWN
    assert meaning(row["code"]) == row["meaning"] != ""
    assert row["evidence"] in ("documented", "second-hand", "unsourced")
    assert row["source"]


def test_no_code_has_two_rows() -> None:
    codes = [row["code"] for row in ROWS]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("code", ["1", "99999", "", None])
def test_a_code_that_the_table_lacks_is_unknown(code: str | None) -> None:
    assert (category(code), meaning(code)) == (Category.UNKNOWN, None)


def test_the_code_says_more_than_the_http_status() -> None:
    assert category_of_answer(403, "21610") is Category.OPTED_OUT
    assert category_of_answer(429, "99999") is Category.RATE
