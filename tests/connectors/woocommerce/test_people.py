from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events import Shopper
from connectors.woocommerce.people import phone_forms, same_person


@pytest.mark.parametrize(
    ("typed", "country", "forms"),
    [
        ("(512) 555-0100", "US", ("15125550100", "5125550100")),
        ("+44 7700 900123", "US", ("447700900123",)),
        ("07700 900123", "GB", ("447700900123", "07700900123")),
        ("041 234 567", "SI", ("38641234567", "041234567")),
        ("5125550100", None, ("5125550100",)),
        ("555", "XX", ("555",)),
        ("call me", "US", ()),
        ("", None, ()),
    ],
)
def test_a_phone_is_known_by_its_international_and_its_typed_digits(
    typed: str, country: str | None, forms: tuple[str, ...]
) -> None:
    assert phone_forms(typed, country) == forms


@given(st.text(max_size=300), st.sampled_from([None, "US", "SI", "XX", ""]))
def test_whatever_is_typed_gives_digits_only(typed: str, country: str | None) -> None:
    assert all(form.isascii() and form.isdecimal() for form in phone_forms(typed, country))


def test_two_people_who_left_everything_empty_are_not_the_same() -> None:
    assert not same_person(Shopper(), Shopper())
    assert not same_person(Shopper(email="", phones=("",)), Shopper(email="", phones=("-",)))
