from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from app.admin import formats
from app.admin.formats import Formats

EVENING = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
AMERICAN = Formats(Locale("en", "US"), ZoneInfo("America/Chicago"))
AUSTRIAN = Formats(Locale("de", "AT"), ZoneInfo("Europe/Vienna"))


def plain(text: str) -> str:
    """CLDR's narrow and no-break spaces as ordinary ones."""
    return " ".join(text.split())


def test_figures_are_written_as_the_visitor_writes_them() -> None:
    assert AMERICAN.money(Decimal("46024.5"), "EUR") == "€46,024.50"
    assert plain(AUSTRIAN.money(Decimal("46024.5"), "EUR")) == "€ 46.024,50"
    assert (AMERICAN.percent(0.21432), plain(AUSTRIAN.percent(0.21432))) == ("21.4%", "21,4 %")
    assert (AMERICAN.times(Decimal("12.34")), AUSTRIAN.times(Decimal("12.34"))) == ("12.3×", "12,3×")


def test_moments_are_those_of_the_stores_clock() -> None:
    assert plain(AMERICAN.moment(EVENING)) == "Nov 21, 2026, 5:30 PM"
    assert plain(AUSTRIAN.moment(EVENING)) == "22.11.2026, 00:30"


def test_days_in_a_row_tell_once_what_they_share() -> None:
    november, january = date(2026, 11, 27), date(2027, 1, 5)
    assert plain(AMERICAN.days(november, date(2026, 11, 30))) == "Nov 27 – 30, 2026"
    assert plain(AUSTRIAN.days(november, january)) == "27. Nov. 2026 – 5. Jän. 2027"
    assert AMERICAN.days(november, november) == "Nov 27, 2026"


def test_what_is_read_from_right_to_left_is_set_apart_from_the_words_of_the_page() -> None:
    arabic = Formats(Locale("ar"), ZoneInfo("Asia/Amman"))
    for told in (
        arabic.day(date(2026, 11, 2)),
        arabic.moment(EVENING),
        arabic.money(Decimal(3), "EUR"),
        arabic.days(date(2026, 11, 2), date(2026, 11, 5)),
    ):
        assert (told[0], told[-1], told.count(formats.ISOLATE)) == (formats.ISOLATE, formats.ISOLATED, 1)
    assert formats.ISOLATE not in AMERICAN.moment(EVENING)


def test_a_currency_that_nobody_knows_is_written_out() -> None:
    assert "XQQ" in AMERICAN.money(Decimal(3), "XQQ")


def test_yen_have_no_cents() -> None:
    assert AMERICAN.money(Decimal("300"), "JPY") == "¥300"


def test_a_chart_names_days_in_short() -> None:
    assert AMERICAN.short_day(date(2026, 11, 2)) == "Nov 2"


@pytest.mark.parametrize(
    ("wishes", "chosen"),
    [
        (["de-AT", "en"], "de_AT"),
        (["", "xx", "*", "sl"], "sl"),
        (["pt_BR"], "pt_BR"),
        (["en-XX"], "en"),
        (["zh-TW"], "zh_Hant_TW"),
        ([], "en"),
        (["../../etc"], "en"),
    ],
)
def test_the_first_locale_that_is_known_is_taken(wishes: list[str], chosen: str) -> None:
    assert str(formats.choose_locale(wishes)) == chosen


@given(st.text(max_size=40))
def test_whatever_a_visitor_sends_as_locale_is_no_error(wish: str) -> None:
    locale = formats.choose_locale([wish])
    assert Formats(locale, ZoneInfo("UTC")).number(1)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=30), "30 minutes"),
        (timedelta(hours=24), "1 day"),
        (timedelta(days=2, minutes=30), "2 days 30 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(), "no time"),
    ],
)
def test_lengths_of_time_are_told_exactly(length: timedelta, words: str) -> None:
    assert formats.duration(length) == words


def test_countries_and_languages_have_names() -> None:
    assert formats.countries(["US", "CA"]) == "Canada and United States"
    assert (formats.country(None), formats.country("ZZZ")) == ("Unknown", "ZZZ")
    names = [formats.language(tag) for tag in ("sl", "pt-BR", "de-x-formal", "zz-unknown")]
    assert names == ["Slovenian", "Portuguese (Brazil)", "German (formal)", "zz-unknown"]


def test_languages_know_their_direction() -> None:
    assert [formats.is_right_to_left(tag) for tag in ("ar", "he-IL", "en", "??")] == [
        True,
        True,
        False,
        False,
    ]
