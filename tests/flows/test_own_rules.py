"""Tables of the operator's: what they replace, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from app.config import SettingError
from flows import rules
from flows.caps import Cap, caps_for, longest
from flows.countries import country_rule
from flows.gates import Answer, Outcome, may_send
from flows.public_holidays import is_holiday
from flows.rules.form import FORMS, check
from flows.seasons import dates
from flows.timing import Never, state
from flows.windows import window_for
from flows.zones import Place, possible_zones
from tests.flows.situations import situation

HOURS = (
    "country,region,weekday_from,weekday_to,saturday_from,saturday_to,sunday_from,sunday_to,"
    "holidays_allowed,basis,confidence,source,note,read_on"
)
SOURCE = "counsel,high,letter of 3 May,,2027-05-03"

pytestmark = pytest.mark.usefixtures("_ours_again")


def write(folder: Path, name: str, *lines: str) -> Path:
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(SettingError) as caught:
        rules.use(str(folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_row_replaces_the_row_of_the_same_key_and_no_other(tmp_path: Path) -> None:
    assert window_for(Place("SE", None)).hours(0) == (time(8), time(20))
    rows = [
        f"SE,,10:00,18:00,none,none,none,none,no,{SOURCE}",
        f"NO,,09:00,17:00,none,none,none,none,no,{SOURCE}",
    ]
    rules.use(str(write(tmp_path, "quiet_hours", HOURS, *rows)))
    sweden, norway = window_for(Place("SE", None)), window_for(Place("NO", None))
    assert (sweden.hours(0), sweden.hours(5), sweden.source) == (
        (time(10), time(18)),
        None,
        "letter of 3 May",
    )
    assert (norway.row, norway.hours(0)) == ("NO", (time(9), time(17)))
    assert window_for(Place("DK", None)).hours(0) == (time(8), time(20))
    assert len(rules.read_table("quiet_hours")) == 58
    rules.use(None)
    assert window_for(Place("SE", None)).hours(0) == (time(8), time(20))


def test_a_country_can_be_closed_altogether(tmp_path: Path) -> None:
    row = f"SA,,none,none,none,none,none,none,yes,{SOURCE}"
    rules.use(str(write(tmp_path, "quiet_hours", HOURS, row)))
    zones = possible_zones("+966512345678", None, None)
    noon = datetime(2027, 1, 13, 9, tzinfo=UTC)
    window = window_for(Place("SA", None))
    assert state(noon, [window], zones, holiday=is_holiday) == Never()
    asked = situation(now=noon, last_activity_at=noon - timedelta(hours=1), windows=(window,), zones=zones)
    assert may_send(asked) == Answer(Outcome.END, "no_open_window")


def test_caps_and_limits_of_countries_can_be_set(tmp_path: Path) -> None:
    cap = "GB,,2,48,counsel,high,letter,2027-05-03"
    write(tmp_path, "caps", "country,region,max_texts,hours,basis,confidence,source,read_on", cap)
    columns = "country,max_texts_per_cart,max_age_hours,double_opt_in,basis,confidence,source,read_on"
    write(tmp_path, "countries", columns, "CA,,,no,counsel,high,letter,2027-05-03")
    rules.use(str(tmp_path))
    assert caps_for([Place("GB", None)]) == (Cap(2, timedelta(hours=48)),)
    assert longest() == Cap(3, timedelta(hours=48))
    assert country_rule("CA").max_texts_per_cart is None
    assert country_rule("US").max_texts_per_cart == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("SE,,9:00,18:00,none,none,none,none,no", "weekday_from is '9:00', and must be HH:MM or none"),
        ("SE,,24:00,18:00,none,none,none,none,no", "weekday_from is '24:00'"),
        ("SE,,18:00,09:00,none,none,none,none,no", "weekday_from must be before weekday_to"),
        ("SE,,09:00,18:00,none,18:00,none,none,no", "saturday_from and saturday_to must both be none"),
        ("SE,,09:00,18:00,none,none,none,none,maybe", "holidays_allowed is 'maybe'"),
        ("Sweden,,09:00,18:00,none,none,none,none,no", "country is 'Sweden'"),
        ("ZZ,,09:00,18:00,none,none,none,none,no", "no calendar of holidays is known for ZZ"),
        ("DE,Bavaria (all),09:00,18:00,none,none,none,none,no", "region is 'Bavaria (all)'"),
    ],
)
def test_a_mistake_is_refused_with_file_line_and_reason(tmp_path: Path, row: str, told: str) -> None:
    good = f"NO,,09:00,17:00,none,none,none,none,no,{SOURCE}"
    said = refusal(write(tmp_path, "quiet_hours", HOURS, good, f"{row},{SOURCE}"))
    assert said.startswith("WARMCART_RULES quiet_hours.csv line 3: ")
    assert told in said
    assert window_for(Place("NO", None)).row == "*", "nothing of a folder with a mistake is used"


def test_a_row_without_its_source_or_with_too_few_cells_is_refused(tmp_path: Path) -> None:
    row = "SE,,09:00,18:00,none,none,none,none,no,counsel,high,,,2027-05-03"
    assert "line 2: source is ''" in refusal(write(tmp_path, "quiet_hours", HOURS, row))
    assert "line 2: the row has more or fewer cells" in refusal(write(tmp_path, "quiet_hours", HOURS, "SE,,"))


def test_two_rows_of_one_key_and_columns_of_another_table_are_refused(tmp_path: Path) -> None:
    row = f"US,AL,09:00,18:00,none,none,none,none,no,{SOURCE}"
    said = refusal(write(tmp_path, "quiet_hours", HOURS, row, row))
    assert "line 3: there is an earlier row for US-AL" in said
    said = refusal(write(tmp_path, "quiet_hours", "country,from,to"))
    assert said.startswith("WARMCART_RULES quiet_hours.csv line 1: the columns must be country,region")


def test_a_table_that_nobody_knows_a_missing_folder_and_other_bytes_are_refused(tmp_path: Path) -> None:
    assert "is not a folder" in refusal(tmp_path / "nowhere")
    (tmp_path / "caps.csv").write_bytes(b"\xff\xfe")
    assert "caps.csv cannot be read as UTF-8" in refusal(tmp_path)
    (tmp_path / "caps.csv").rename(tmp_path / "hours.csv")
    assert "hours.csv is no table of rules" in refusal(tmp_path)


@pytest.mark.parametrize("name", sorted(FORMS))
def test_our_own_tables_keep_the_form_that_they_ask_for(name: str) -> None:
    text = files("flows").joinpath("rules", f"{name}.csv").read_text(encoding="utf-8")
    check(name, text, text.partition("\n")[0].split(","))


def test_an_announced_season_can_be_written_down(tmp_path: Path) -> None:
    columns = "season,country,year,begins,ends,basis,confidence,source,note,read_on"
    announced = "black_friday,MX,2027,11-11,11-16,announced,high,letter,,2027-05-03"
    rules.use(str(write(tmp_path, "seasons", columns, announced)))
    assert dates("black_friday", "MX", 2027) == (date(2027, 11, 11), date(2027, 11, 16))
    assert dates("black_friday", "MX", 2028) == (date(2028, 11, 17), date(2028, 11, 20))


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("black_friday,MX,27,11-11,11-16", "year is '27', and must be a year, or empty for every year"),
        ("black_friday,MX,,soon,11-16", "begins is 'soon', and must be none, or a day such as 11-27"),
        ("black_friday,MX,,none,11-16", "begins and ends must both be none, or neither"),
        ("black_friday,MX,,begin +1,11-16", "begins must not be reckoned from begin"),
    ],
)
def test_a_season_that_cannot_be_meant_is_refused(tmp_path: Path, row: str, complaint: str) -> None:
    columns = "season,country,year,begins,ends,basis,confidence,source,note,read_on"
    write(tmp_path, "seasons", columns, f"{row},announced,high,letter,,2027-05-03")
    assert refusal(tmp_path).startswith(f"WARMCART_RULES seasons.csv line 2: {complaint}")
