"""A store's own hours and pauses: what was typed, what is wrong with it, and what comes of it in words.

Pure. What a merchant sets only narrows the hours of the rules, always on the shopper's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from app.admin import formats
from app.models import Store
from flows import timing
from flows.windows import Hours, window_for
from flows.zones import Place

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST_REASON = 200
LONGEST_PAUSE = timedelta(days=90)

NO_TIME = "Write a time such as 21:30."
ONE_TIME = "Write both times, or none."
SAME_TIME = "Quiet hours must end at another time than they begin."
NOTHING_LEFT = "These hours leave no time for texts at all."
NO_MOMENT = "Write a day and a time such as 2027-01-04 09:00."
NOT_AHEAD = "The end must lie ahead, within 90 days."


@dataclass(frozen=True)
class HoursForm:
    """Quiet hours as typed, days off (Monday 0), and whether learnt hours are avoided."""

    quiet_from: str = ""
    quiet_to: str = ""
    days_off: frozenset[int] = frozenset()
    avoids: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def quiet(self) -> Hours | None:
        start, end = read_time(self.quiet_from), read_time(self.quiet_to)
        return None if start is None or end is None else (start, end)


@dataclass(frozen=True)
class PauseForm:
    """Why sending is paused and until when, as typed; ``until`` is the moment meant."""

    reason: str = ""
    typed_until: str = ""
    until: datetime | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


def stored_hours(store: Store) -> HoursForm:
    start, end = (f"{at:%H:%M}" if at else "" for at in (store.quiet_from, store.quiet_to))
    return HoursForm(start, end, frozenset(store.days_off), store.avoids_hours)


def read_hours(form: Mapping[str, str], days: Sequence[str], country: str | None) -> HoursForm:
    """The form as it was sent; ``days`` are the numbers of the days off, ``country`` is the store's."""
    start, end = form.get("quiet_from", "").strip(), form.get("quiet_to", "").strip()
    days_off = frozenset(int(day) for day in days if day in "0123456" and len(day) == 1)
    typed = HoursForm(start, end, days_off, form.get("avoids") == "1")
    errors = _time_errors(start, end)
    if not errors and not any(open_hours(country, day, typed.quiet, days_off) for day in range(7)):
        errors = {"quiet_from": NOTHING_LEFT}
    return replace(typed, errors=errors)


def _time_errors(start: str, end: str) -> dict[str, str]:
    errors = {
        name: NO_TIME
        for name, value in (("quiet_from", start), ("quiet_to", end))
        if value and read_time(value) is None
    }
    if not errors and bool(start) != bool(end):
        errors["quiet_to" if start else "quiet_from"] = ONE_TIME
    if not errors and start and read_time(start) == read_time(end):
        errors["quiet_to"] = SAME_TIME
    return errors


def read_time(typed: str) -> time | None:
    try:
        return time.fromisoformat(typed).replace(second=0, microsecond=0, tzinfo=None) if typed else None
    except ValueError:
        return None


def read_pause(form: Mapping[str, str], zone: ZoneInfo, now: datetime) -> PauseForm:
    """The form as it was sent; the end is on the store's clock, empty means none."""
    reason, typed = form.get("reason", "").strip()[:LONGEST_REASON], form.get("until", "").strip()
    if not typed:
        return PauseForm(reason)
    try:
        until = datetime.fromisoformat(typed).replace(tzinfo=zone)
    except ValueError:
        return PauseForm(reason, typed, errors={"until": NO_MOMENT})
    ahead = now < until <= now + LONGEST_PAUSE
    return PauseForm(reason, typed, until, {} if ahead else {"until": NOT_AHEAD})


def open_hours(
    country: str | None, day: int, quiet: Hours | None, days_off: Collection[int]
) -> tuple[Hours, ...]:
    """When texts may reach the country on a weekday that is no holiday, by the rules and the store's own."""
    window = window_for(Place(country or "", None))
    return timing.hours_on(window, day, (quiet,) if quiet else (), frozenset(days_off))


def told_hours(country: str | None, typed: HoursForm) -> str:
    """What the hours come to for a shopper of the store's own country."""
    window = window_for(Place(country or "", None))
    week = [(day, open_hours(country, day, typed.quiet, typed.days_off)) for day in range(7)]
    holidays = "" if window.holidays_allowed else ", and not on public holidays"
    where = f"in {formats.country(country)}" if country else "elsewhere"
    return f"A shopper {where} gets texts: {told_week(week)}{holidays}. All on the shopper's own clock."


def told_week(week: Iterable[tuple[int, tuple[Hours, ...]]]) -> str:
    """Days (Monday 0) that follow one another with their hours; those of the same hours together."""
    return "; ".join(
        f"{_days([day for day, _ in days])} {_times(hours)}"
        for hours, days in groupby(week, key=lambda pair: pair[1])
    )


def told_learnt(avoided: Sequence[int]) -> str:
    if not avoided:
        return "Nothing to avoid has been found so far."
    hours = ", ".join(f"{hour:02}:00 to {(hour + 1) % 24:02}:00" for hour in avoided)
    return f"Shoppers of your store opt out most at {hours}."


def for_the_trail(typed: HoursForm) -> dict[str, object]:
    """What an entry of the audit trail keeps of the hours."""
    return {
        "no_texts": f"{typed.quiet_from} to {typed.quiet_to}" if typed.quiet else "as the rules say",
        "days_off": [DAYS[day] for day in sorted(typed.days_off)] or "none",
        "avoid_learnt_hours": typed.avoids,
    }


def _days(days: Sequence[int]) -> str:
    first, last = DAYS[days[0]], DAYS[days[-1]]
    return first if len(days) == 1 else f"{first} to {last}"


def _times(hours: Sequence[Hours]) -> str:
    if not hours:
        return "none"
    return " and ".join(
        f"{start:%H:%M} to {'24:00' if end == time.max else f'{end:%H:%M}'}" for start, end in hours
    )
