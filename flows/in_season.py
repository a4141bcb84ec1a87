"""What a season makes of a flow, on a day at a place: other words, another ladder, an end for its offers.

Pure. A text belongs to a season when the shopper's day lies in it by every clock under which the shopper may
live; what comes due when the season is over is an ordinary text again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from flows.definition import FlowDefinition, Step
from flows.offer_form import Offers
from flows.season_form import Season
from flows.zones import clocks

_GOLDEN = 0x9E3779B97F4A7C15
"""The golden part of 2**64: multiples of it fill a range evenly, however few follow one another."""


@dataclass(frozen=True, slots=True)
class Running:
    """A season with the days on which it runs at one place."""

    season: Season
    first: date
    last: date

    @property
    def mark(self) -> str:
        """What this season is called in rows: that of another year or other countries is another one."""
        return "-".join([self.season.key, str(self.first.year), *sorted(self.season.countries)])


def running(flow: FlowDefinition, country: str | None, day: date) -> Running | None:
    """The season of the flow that runs on a local day in a country (ISO 3166-1); never more than one."""
    for season in flow.seasons:
        if season.active:
            for year in (day.year, day.year - 1):
                days = season.days(country or "*", year)
                if days is not None and days[0] <= day <= days[1]:
                    return Running(season, *days)
    return None


def running_at(
    flow: FlowDefinition, country: str | None, now: datetime, zones: Iterable[str]
) -> Running | None:
    """The season in which a text that goes ``now`` lies, by all clocks under which its reader may live."""
    if not flow.seasons:
        return None
    days = {now.astimezone(clock).date() for zone in zones for clock in clocks(zone)} or {now.date()}
    found = [running(flow, country, day) for day in sorted(days)]
    return found[0] if all(one == found[0] for one in found) else None


def in_season(flow: FlowDefinition, step: Step, found: Running | None) -> tuple[Step, Offers]:
    """The step and the offers as they are in the season; None: as they are by themselves.

    A language in which the season has no words keeps those of the flow.
    """
    if found is None:
        return step, flow.offers
    season = found.season
    changed = replace(
        step,
        offer=season.rungs.get(step.key, step.offer),
        texts={**step.texts, **season.texts.get(step.key, {})},
        offer_texts={**step.offer_texts, **season.offer_texts.get(step.key, {})},
    )
    return changed, season.ladder(flow.offers)


def has_words(found: Running, key: str) -> bool:
    """Whether the season has words of its own for that step, in any language."""
    return bool(found.season.texts.get(key) or found.season.offer_texts.get(key))


def last_day(ends: date, found: Running | None) -> date:
    """The last day of an offer that would end with ``ends``: none outlives its season."""
    return ends if found is None else min(ends, found.last)


def ends_at(found: Running, zones: Iterable[str]) -> datetime:
    """The moment at which it is over by the first of the clocks under which the shopper may live."""
    after = datetime.combine(found.last + timedelta(days=1), time.min)
    ends = [after.replace(tzinfo=clock).astimezone(UTC) for zone in zones for clock in clocks(zone)]
    return min(ends, default=after.replace(tzinfo=UTC))


def spread_over(contact_id: int, spread: timedelta, room: timedelta) -> timedelta:
    """How long after it came due a first step goes, always the same for a contact; within ``room``."""
    share = contact_id * _GOLDEN % 2**64 / 2**64
    return max(timedelta(0), min(spread, room) * share)
