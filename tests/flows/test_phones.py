from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from flows.phones import Phone, PhoneProblem, best_phone, country_of, mask, read_phone

INVALID = PhoneProblem("invalid_number")
NOT_MOBILE = PhoneProblem("not_mobile")

EXAMPLES = [
    (region, number)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (number := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)) is not None
]


@pytest.mark.parametrize(
    ("raw", "hint", "e164"),
    [
        ("040 123 456", "SI", "+38640123456"),
        ("+386 40 123 456", None, "+38640123456"),
        ("+386 40 123 456", "US", "+38640123456"),
        ("38640123456", "SI", "+38640123456"),
        ("+386 (0)40 123 456", "SI", "+38640123456"),
        ("00386 40 123 456", "SI", "+38640123456"),
        ("  +386.40.123.456 ", "si", "+38640123456"),
        ("\u202a+386 40 123 456\u202c", "SI", "+38640123456"),
        ("٠١٠٠١٢٣٤٥٦٧", "EG", "+201001234567"),
        ("(502) 459-2181", "US", "+15024592181"),
        ("+1 613 555 0135", "DE", "+16135550135"),
    ],
)
def test_a_number_is_read_as_typed_with_the_address_country_as_hint(raw: str, hint: str, e164: str) -> None:
    found = read_phone(raw, hint)
    assert isinstance(found, Phone)
    assert found.e164 == e164


@pytest.mark.parametrize(
    ("raw", "hint", "e164"),
    [
        ("+39 (0)333 123 4567", "IT", "+393331234567"),
        ("0039 333 123 4567", "US", "+393331234567"),
        ("0044 7400 123456", "US", "+447400123456"),
        ("+040 123 456", "SI", "+38640123456"),
    ],
)
def test_what_shoppers_commonly_add_is_taken_away_on_a_second_reading(raw: str, hint: str, e164: str) -> None:
    found = read_phone(raw, hint)
    assert isinstance(found, Phone)
    assert found.e164 == e164


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ("555-SHIP", "US"),
        ("1-800-FLOWERS", "US"),
        ("+1 613 555 0135 x12", "CA"),
        ("+1 613 555 0135 #12", "CA"),
        ("613 555 0135;12", "CA"),
        ("tel:+38640123456", "SI"),
        ("040 123 456", None),
        ("040 123 456", "XX"),
        ("", "SI"),
        ("0", "SI"),
        ("911", "US"),
        ("+44 7700 900123", "GB"),
        ("+38640123456/+38641234567", "SI"),
        ("1" * 300, "US"),
    ],
)
def test_what_is_no_number_is_refused(raw: str, hint: str | None) -> None:
    assert read_phone(raw, hint) == INVALID


def test_a_foreign_number_that_lost_a_digit_is_not_read_as_a_number_at_home() -> None:
    assert read_phone("336 234 5678", "US") == Phone("+13362345678", "US", "fixed_or_mobile")
    assert read_phone("+33 6 2345 678", "US") == INVALID


@pytest.mark.parametrize("raw", ["+386 1 234 56 78", "+49 30 123456", "+1 800 555 0100", "+800 1234 5678"])
def test_a_number_that_cannot_be_a_mobile_says_so(raw: str) -> None:
    assert read_phone(raw, None) == NOT_MOBILE


def test_where_fixed_and_mobile_share_numbers_a_number_counts_as_mobile() -> None:
    assert read_phone("+1 201 555 0123", None) == Phone("+12015550123", "US", "fixed_or_mobile")


@pytest.mark.parametrize(("region", "number"), EXAMPLES, ids=[region for region, _ in EXAMPLES])
def test_every_country_s_mobile_is_read_in_its_national_and_international_form(
    region: str, number: phonenumbers.PhoneNumber
) -> None:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for form in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
        found = read_phone(phonenumbers.format_number(number, form), region)
        assert isinstance(found, Phone)
        assert found.e164 == e164
        assert found.country == country_of(e164)


@given(st.text(max_size=40), st.sampled_from([None, "US", "SI", "IT", "??"]))
def test_whatever_is_typed_gives_an_answer_that_reads_the_same_again(raw: str, hint: str | None) -> None:
    found = read_phone(raw, hint)
    if isinstance(found, Phone):
        assert read_phone(found.e164, None) == found


def test_the_first_number_that_can_be_texted_is_taken() -> None:
    assert best_phone([None, "  ", "+386 1 234 56 78", "040 123 456", "041 234 567"], "SI") == Phone(
        "+38640123456", "SI", "mobile"
    )


def test_without_any_number_there_is_no_problem_either() -> None:
    assert best_phone([None, "", "  "], "SI") is None


def test_of_several_problems_the_telling_one_is_named() -> None:
    assert best_phone(["123", "+386 1 234 56 78"], "SI") == NOT_MOBILE
    assert best_phone(["123"], "SI") == INVALID


@pytest.mark.parametrize(
    ("e164", "country"),
    [("+38640123456", "SI"), ("+16135550135", "CA"), ("+17872345678", "PR"), ("+80012345678", None)],
)
def test_a_number_tells_its_country(e164: str, country: str | None) -> None:
    assert country_of(e164) == country


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+38640123123", "+386 •• ••• 123"),
        ("+12015550123", "+1 •••-•••-•123"),
        ("+24740123", "+247 •••23"),
        ("not a number", "•••"),
    ],
)
def test_a_masked_number_shows_the_country_and_the_end(e164: str, shown: str) -> None:
    assert mask(e164) == shown
