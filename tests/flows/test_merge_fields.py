"""Titles, names and money, from strangers' hands into a text."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events import Money
from flows.merge_fields import (
    FIRST_NAME_LIMIT,
    STORE_NAME_LIMIT,
    clean_first_name,
    clean_store_name,
    clean_title,
    format_count,
    format_ends,
    format_money,
    format_percent,
    shorten,
)
from flows.segments import normalise

ADDRESS = re.compile(r"://|\bwww\.\S|\w\.[^\W\d_]{2,}(?!\w)", re.IGNORECASE)
anything = st.text(max_size=80) | st.lists(
    st.sampled_from(
        ["http", "://", "www.", "shop", ".", "com", "/", "™", "\u00ad", "\u200d", "{link}", "\n", " ", "é"]
    )
).map("".join)


@pytest.mark.parametrize(
    ("title", "cleaned"),
    [
        ("  Linen\tshirt\r\nblue ", "Linen shirt blue"),
        ("Air Max™ 90®", "Air Max 90"),
        ("🎁 Gift set 👩\u200d👩\u200d👧", "Gift set"),
        ("Soap https://evil.example/x?y=1 now", "Soap now"),
        ("www.evil.example soap", "soap"),
        ("Soap from shop.example/x.", "Soap from shop example"),
        ("{link} {0.__class__}", "(link) (0.__class__)"),
        ("left\u202eto\u2066right", "lefttoright"),
        ("ht\u00adtps://evil.example", ""),
        ("http™://evil.example", ""),
        ("5.5 cm bowl, 2.0 l", "5.5 cm bowl, 2.0 l"),
        ("Vitamin C+", "Vitamin C+"),
        ("(blue) St. John's wort.", "(blue) St. John's wort"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud800\x00", ""),
        ("", ""),
    ],
)
def test_a_title_comes_out_as_plain_words(title: str, cleaned: str) -> None:
    assert clean_title(title) == cleaned


@given(anything)
def test_no_title_brings_a_line_an_address_a_brace_or_an_invisible_character(title: str) -> None:
    cleaned = clean_title(title)
    assert not ADDRESS.search(cleaned)
    assert not set(cleaned) & set("{}\n\r\u2028")
    assert all(
        unicodedata.category(character)[0] != "C" or character in "\u200c\u200d" for character in cleaned
    )
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize(
    ("title", "limit", "short"),
    [
        ("Merino jumper", 40, "Merino jumper"),
        ("Merino Crew-Neck Jumper - Women's | Alpine Goods", 40, "Merino Crew-Neck Jumper - Women's"),
        ("Merino Crew-Neck Jumper - Women's | Alpine Goods", 30, "Merino Crew-Neck Jumper"),
        ("Hand-woven linen tablecloth with fringes", 30, "Hand-woven linen tablecloth…"),
        ("Pantalón de algodón", 16, "Pantalón…"),
        ("Chemise (lin lavé, col officier) bleu nuit", 30, "Chemise (lin lavé, col…"),
        ("Donaudampfschifffahrtsgesellschaft", 16, "Donaudampfschif…"),
        ("นนนนนนนนนนน้ำ", 12, "นนนนนนนนนน…"),
    ],
)
def test_a_long_title_ends_where_a_name_or_a_word_ends(title: str, limit: int, short: str) -> None:
    assert shorten(title, limit) == short


@given(st.text(max_size=80), st.integers(16, 60))
def test_a_shortened_title_is_never_longer_than_asked(title: str, limit: int) -> None:
    short = shorten(title, limit)
    assert len(short) <= limit
    assert title.startswith(short.removesuffix("…").rstrip())


@pytest.mark.parametrize(
    "name", ["Ana", "Jean-Luc", "O'Neil", "María José", "Dr. Ana", "Željko", "李明", "นันทา", "प्रिया", "محمد"]
)
def test_a_first_name_is_said_as_it_is(name: str) -> None:
    assert clean_first_name(f" {name}\n") == name


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "  ",
        "evil.com",
        "www.evil.com",
        "https://x.y",
        "Win 1000",
        "Ana!",
        "ana@x.y",
        "{link}",
        "a" * 26,
    ]
    + ["you have won it", "+386 40", "-", "Ana/Bo"],
)
def test_what_is_no_name_is_left_out(name: str | None) -> None:
    assert clean_first_name(name) == ""


@given(anything)
def test_a_first_name_is_made_of_letters_and_what_joins_them(name: str) -> None:
    cleaned = clean_first_name(name)
    assert len(cleaned) <= FIRST_NAME_LIMIT
    assert not ADDRESS.search(cleaned)
    assert all(character in " '’.-" or unicodedata.category(character)[0] in "LM" for character in cleaned)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Harbour & Pine", "Harbour & Pine"),
        ("shop.example", "shop.example"),
        ("https://shop.example/", "shop.example"),
        ("🌸 Cvet 🌸", "Cvet"),
        ("🌸", "🌸"),
        ("The Very Long-Established General Store", "The Very Long-Established…"),
        ("a\nb", "a b"),
        ("\x00", ""),
    ],
)
def test_a_store_is_called_as_it_calls_itself(name: str, cleaned: str) -> None:
    assert clean_store_name(name) == cleaned


@given(anything)
def test_a_stores_name_stays_short_and_on_one_line(name: str) -> None:
    cleaned = clean_store_name(name)
    assert len(cleaned) <= STORE_NAME_LIMIT
    assert "\n" not in cleaned


@pytest.mark.parametrize(
    ("language", "country", "written"),
    [
        ("en", "GB", "€1,234.50"),
        ("en", None, "€1,234.50"),
        ("de", "DE", "1.234,50 €"),
        ("de", "AT", "€ 1.234,50"),
        ("de-x-formal", "at", "€ 1.234,50"),
        ("fr", "FR", "1 234,50 €"),
        ("sl", "SI", "1.234,50 €"),
        ("pl", "DE", "1 234,50 €"),
        ("de-CH", "DE", "EUR 1’234.50"),
        ("sl", "../etc", "1.234,50 €"),
        ("tlh", None, "€1,234.50"),
    ],
)
def test_money_is_written_as_the_country_writes_it(language: str, country: str | None, written: str) -> None:
    assert (
        normalise(format_money(Money(Decimal("1234.5"), "EUR"), language, country)).replace("'", "’")
        == written
    )


def test_an_amount_keeps_the_decimals_of_its_currency() -> None:
    assert format_money(Money(Decimal("1200"), "JPY"), "en", "US") == "¥1,200"
    assert format_money(Money(Decimal("24"), "CAD"), "en", "US") == "CA$24.00"


def test_a_count_is_grouped_as_the_language_groups() -> None:
    assert format_count(1200, "en", "US") == "1,200"
    assert format_count(1200, "de", "DE") == "1.200"


@pytest.mark.parametrize(
    ("language", "country", "written"),
    [
        ("en", "US", "10%"),
        ("de", "DE", "10 %"),
        ("de", "CH", "10%"),
        ("fr", "FR", "10 %"),
        ("tr", "TR", "%10"),
        ("ar", "EG", "10%"),
    ],
)
def test_a_percentage_is_written_as_the_country_writes_it(language: str, country: str, written: str) -> None:
    assert normalise(format_percent(10, language, country)) == written


@pytest.mark.parametrize(
    ("language", "country", "written", "in_digits"),
    [
        ("en", "US", "Aug 30", "8/30"),
        ("en", "GB", "30 Aug", "30/08"),
        ("de", "DE", "30. Aug.", "30.8."),
        ("fr", "FR", "30 août", "30/08"),
        ("pl", "PL", "30 sie", "30.08"),
        ("fi", "FI", "30.8.", "30.8."),
        ("hu", "HU", "aug. 30.", "8. 30."),
        ("ja", "JP", "8月30日", "8/30"),
    ],
)
def test_the_last_day_of_an_offer_has_no_year(
    language: str, country: str, written: str, in_digits: str
) -> None:
    day = date(2027, 8, 30)
    assert format_ends(day, language, country) == written
    assert format_ends(day, language, country, numeric=True) == in_digits


def test_the_first_of_a_month_is_said_as_the_french_say_it() -> None:
    assert format_ends(date(2026, 12, 1), "fr", "FR") == "1er déc."
    assert format_ends(date(2026, 12, 1), "fr-CA", "CA") == "1er déc."
    assert format_ends(date(2026, 12, 11), "fr", "FR") == "11 déc."
    assert format_ends(date(2026, 12, 1), "fr", "FR", numeric=True) == "01/12"


def test_a_sum_has_the_decimals_of_its_currency_however_it_was_kept() -> None:
    sums = [("5.5000", "KWD"), ("5.0000", "KWD"), ("500.0000", "JPY"), ("3.9900", "EUR")]
    shown = [format_money(Money(Decimal(amount), code), "en", "US", short=True) for amount, code in sums]
    assert [" ".join(one.split()) for one in shown] == ["KWD 5.500", "KWD 5", "¥500", "€3.99"]


@pytest.mark.parametrize(
    ("amount", "language", "country", "written"),
    [
        ("5.00", "de", "DE", "5 €"),
        ("5.50", "de", "DE", "5,50 €"),
        ("5.00", "en", "GB", "€5"),
        ("2000", "fr", "FR", "2 000 €"),
    ],
)
def test_what_is_taken_off_is_written_short_where_it_is_round(
    amount: str, language: str, country: str, written: str
) -> None:
    shown = format_money(Money(Decimal(amount), "EUR"), language, country, short=True)
    assert " ".join(shown.split()) == written
