"""When a text may arrive: in all windows, by all clocks under which its recipient may live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from flows.windows import Hours, Window
from flows.zones import clocks

# A cart does not live longer than this; what is closed so long is closed.
HORIZON = timedelta(days=14)

# Providers do not promise to keep a shorter validity (Twilio advises more than 5 s; messages queue).
LEAST_VALIDITY = timedelta(seconds=60)

Holiday = Callable[[Window, date], bool]


@dataclass(frozen=True, slots=True)
class Open:
    """A text may arrive now, and before ``closes_at``."""

    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """Not now; ``opens_at`` is the first moment at which every window is open."""

    opens_at: datetime


@dataclass(frozen=True, slots=True)
class Never:
    """The windows have no moment in common within the horizon."""


State = Open | Closed | Never


def no_holidays(_window: Window, _day: date) -> bool:
    """The holiday rule of a deployment that knows none: every day is a working day."""
    return False


def state(
    now: datetime,
    windows: Sequence[Window],
    zones: Sequence[str],
    *,
    holiday: Holiday = no_holidays,
    quiet: Sequence[Hours] = (),
    days_off: frozenset[int] = frozenset(),
) -> State:
    """Whether every one of ``windows`` is open in every one of ``zones``, and until or from when.

    ``holiday(window, local date)`` tells public holidays; it is asked only where the window closes on
    them. ``quiet`` are the quiet hours of the merchant and the shopper in the recipient's local time;
    they may run over midnight, only narrow, and mean nothing when both ends are equal. ``days_off`` are
    the merchant's, local weekdays with Monday 0. Without any window or zone the answer is Never.
    """
    moment = now
    while moment <= now + HORIZON:
        spans = [
            _next_span(moment, window, clock, holiday, tuple(quiet), days_off)
            for zone in zones
            for clock in clocks(zone)
            for window in windows
        ]
        found = [span for span in spans if span is not None]
        if not found or len(found) < len(spans):
            return Never()
        opens_at = max(opens for opens, _ in found)
        if opens_at <= moment:
            return Open(min(closes for _, closes in found)) if moment == now else Closed(moment)
        moment = opens_at
    return Never()


def validity(now: datetime, closes_at: datetime, cart_deadline: datetime) -> int | None:
    """For how many whole seconds a provider may still deliver; None if it is too few to try."""
    left = min(closes_at, cart_deadline) - now
    return int(left.total_seconds()) if left >= LEAST_VALIDITY else None


def _next_span(
    moment: datetime,
    window: Window,
    clock: ZoneInfo,
    holiday: Holiday,
    quiet: tuple[Hours, ...],
    days_off: frozenset[int],
) -> tuple[datetime, datetime] | None:
    """The first stretch of open time that ends after ``moment``, by one clock."""
    today = moment.astimezone(clock).date()
    for ahead in range(HORIZON.days + 1):
        day = today + timedelta(days=ahead)
        hours = hours_on(window, day.weekday(), quiet, days_off)
        if not hours or (not window.holidays_allowed and holiday(window, day)):
            continue
        for opens, closes in _spans(day, hours, clock):
            if moment < closes:
                return opens, closes
    return None


def hours_on(
    window: Window, weekday: int, quiet: tuple[Hours, ...], days_off: frozenset[int]
) -> tuple[Hours, ...]:
    """The open hours of a weekday (Monday 0) that is no holiday."""
    hours = window.hours(weekday)
    return () if hours is None or weekday in days_off else tuple(_without(hours, quiet))


@lru_cache(maxsize=8192)
def _spans(day: date, hours: tuple[Hours, ...], clock: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    """One local day's open stretches in UTC.

    Where a clock change repeats or skips a boundary's wall time, the later of the two readings
    opens and the earlier one closes.
    """
    spans = []
    for start, end in hours:
        opens = max(_readings(day, start, clock))
        closes = min(_readings(day, end, clock))
        if opens < closes:
            spans.append((opens, closes))
    return tuple(spans)


def _readings(day: date, at: time, clock: ZoneInfo) -> tuple[datetime, datetime]:
    local = datetime.combine(day, at, clock)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _without(hours: Hours, quiet: Sequence[Hours]) -> list[Hours]:
    """``hours`` less each of ``quiet``. Hours stay within a day; quiet hours may run over midnight."""
    pieces = [hours]
    for one in quiet:
        pieces = [piece for left in pieces for piece in _less(left, one)]
    return pieces


def _less(hours: Hours, quiet: Hours) -> list[Hours]:
    if quiet[0] == quiet[1]:
        return [hours]
    quiet_from, quiet_to = quiet
    if quiet_from > quiet_to:
        loud = [(quiet_to, quiet_from)]
    else:
        loud = [(time.min, quiet_from), (quiet_to, time.max)]
    pieces = [(max(hours[0], start), min(hours[1], end)) for start, end in loud]
    return [piece for piece in pieces if piece[0] < piece[1]]
