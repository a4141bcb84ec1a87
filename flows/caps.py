"""How many texts a place allows one number within some hours, over all flows of a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from flows.rules import from_tables, read_table
from flows.zones import Place


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``max_texts`` within any ``period``, whatever they are called: marketing or service."""

    max_texts: int
    period: timedelta


def caps_for(places: Iterable[Place]) -> tuple[Cap, ...]:
    """The caps of all places that a recipient may be in; all of them hold."""
    return tuple(cap for cap in map(_cap_of, places) if cap is not None)


def ends_at(caps: Iterable[Cap], texts: Sequence[datetime]) -> datetime | None:
    """From when on every cap allows one more text; ``texts`` are the moments of the earlier ones."""
    latest = sorted(texts, reverse=True)
    ends = [latest[cap.max_texts - 1] + cap.period for cap in caps if len(latest) >= cap.max_texts]
    return max(ends, default=None)


@from_tables
@cache
def longest() -> Cap:
    """As far back as any cap looks, and as many texts as any of them counts."""
    caps = _caps().values()
    most = max((cap.max_texts for cap in caps), default=0)
    return Cap(most, max((cap.period for cap in caps), default=timedelta()))


def _cap_of(place: Place) -> Cap | None:
    return _caps().get((place.country, place.region or "")) or _caps().get((place.country, ""))


@from_tables
@cache
def _caps() -> dict[tuple[str, str], Cap]:
    return {
        (row["country"], row["region"]): Cap(int(row["max_texts"]), timedelta(hours=int(row["hours"])))
        for row in read_table("caps")
    }
