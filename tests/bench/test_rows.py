"""The made-up shoppers of the measurements."""

from __future__ import annotations

import pytest

from bench.rows import NUMBERS
from flows.phones import Phone, read_phone


@pytest.mark.parametrize("country", NUMBERS)
@pytest.mark.parametrize("end", ["000000", "999999"])
def test_at_whatever_hour_shoppers_have_numbers_that_can_be_texted(country: str, end: str) -> None:
    read = read_phone(NUMBERS[country] + end, None)
    assert isinstance(read, Phone)
    assert (read.country, read.kind) in {(country, "mobile"), (country, "fixed_or_mobile")}
