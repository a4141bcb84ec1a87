"""Seasons in words: what is prepared, what comes up, and the lines of a dry run. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.admin import formats, hours_forms
from app.admin.formats import Formats, is_right_to_left
from app.admin.offer_words import RUNGS, gives
from app.admin.preview import ROOM
from app.admin.story import step
from flows import season_calendar, seasons
from flows.definition import FlowDefinition
from flows.dry_run import PlaceRun, PlannedText
from flows.offer_form import Rung
from flows.season_calendar import Coming
from flows.season_form import Season
from flows.seasons import NAMES, Days


@dataclass(frozen=True)
class Prepared:
    """A season of a flow: its place in the list, where and when it runs, and what it changes."""

    place: int
    key: str
    name: str
    active: bool
    when: list[str]
    changes: str


@dataclass(frozen=True)
class StepLine:
    """A step in the form of a season: what it offers by itself, and whether it offers anything then."""

    key: str
    usually: str
    offers: bool


@dataclass(frozen=True)
class TextLine:
    """One text of a dry run."""

    step_key: str
    when: str
    within: bool
    offer: str
    planned: PlannedText
    cost: str | None

    @property
    def room(self) -> int:
        return ROOM[self.planned.text.measure.encoding] if self.planned.text else 0

    @property
    def direction(self) -> str:
        return "rtl" if self.planned.text and is_right_to_left(self.planned.text.language) else "ltr"


@dataclass(frozen=True)
class PlaceLine:
    """One country of a dry run."""

    country: str
    days: str
    hours: str
    sender: str
    most_texts: str | None
    carts: str
    languages: str
    segments: str
    texts: list[tuple[str, list[TextLine]]]


def prepared(flow: FlowDefinition, countries: Sequence[str], today: date, wording: Formats) -> list[Prepared]:
    """The seasons of a flow, with their next days; ``countries`` are the store's."""
    return [
        Prepared(
            place=place,
            key=season.key,
            name=NAMES[season.key],
            active=season.active,
            when=_when(season, season.countries or countries, today, wording),
            changes=_changes(season, wording),
        )
        for place, season in enumerate(flow.seasons)
    ]


def _when(season: Season, countries: Sequence[str], today: date, wording: Formats) -> list[str]:
    found = [(country, season_calendar.next_days(season, country, today)) for country in countries]
    return by_days(found, wording) or ["It is over, or comes up in none of your countries."]


def _changes(season: Season, wording: Formats) -> str:
    parts = [
        f"{name} offer: {gives(one, wording)}"
        for name, one in (("small", season.small), ("best", season.best))
        if one
    ]
    parts += [f"{step(key)}: {RUNGS[rung].lower()}" for key, rung in season.rungs.items()]
    if season.texts or season.offer_texts:
        parts.append("words of its own")
    if season.spread:
        parts.append(f"first texts spread over {formats.duration(season.spread)}")
    if season.most_offers:
        parts.append(f"at most {wording.number(season.most_offers)} offers")
    told = "; ".join(parts) or "nothing is changed yet"
    return f"{told[:1].upper()}{told[1:]}."


@dataclass(frozen=True)
class ComingLine:
    """A season that comes up, and how far it is prepared where it does."""

    key: str
    name: str
    days: str
    countries: str
    state: str
    tone: str


def coming(one: Coming, wording: Formats) -> ComingLine:
    left = len(one.countries) - len(one.prepared)
    state, tone = ("Prepared", "good") if not left else ("", "plain")
    if left and one.prepared:
        state, tone = f"Prepared in {len(one.prepared)} of {len(one.countries)} countries", "wait"
    places = formats.countries(one.countries)
    return ComingLine(one.key, NAMES[one.key], wording.days(*one.days), places, state, tone)


def by_days(found: Iterable[tuple[str, Days | None]], wording: Formats) -> list[str]:
    """Days, and the countries that have them, the earliest first."""
    places: dict[Days, list[str]] = defaultdict(list)
    for country, span in found:
        if span is not None:
            places[span].append(country)
    return [f"{wording.days(*span)}: {formats.countries(some)}" for span, some in sorted(places.items())]


def calendar_days(key: str, countries: Iterable[str], today: date, wording: Formats) -> list[str]:
    """When the calendar has a season next, country by country."""
    return by_days(((country, seasons.next_days(key, country, today)) for country in countries), wording)


def steps(flow: FlowDefinition, season: Season | None) -> list[StepLine]:
    usually = {Rung.NONE: "no offer", Rung.SMALL: "the small offer", Rung.BEST: "the best offer"}
    rungs = season.rungs if season else {}
    return [
        StepLine(step.key, usually[step.offer], rungs.get(step.key, step.offer) is not Rung.NONE)
        for step in flow.steps
    ]


def line(place: PlaceRun, wording: Formats) -> PlaceLine:
    """A country of a dry run in words."""
    texts = [(_language(one.locale), [_text(text, wording) for text in one.texts]) for one in place.spoken]
    segments = [text.text.measure.segments for one in place.spoken for text in one.texts if text.text]
    return PlaceLine(
        country=formats.country(place.country),
        days=wording.days(*place.days),
        hours=_hours(place),
        sender=place.sender.value if place.sender else "No sender: texts are held",
        most_texts=f"{place.most_texts}: carriers there ask for it" if place.most_texts else None,
        carts=_carts(place, wording),
        languages=", ".join(dict.fromkeys(_spoken(place))),
        segments=f"{min(segments)} to {max(segments)}"
        if len(set(segments)) > 1
        else str(max(segments, default=0)),
        texts=texts,
    )


def _language(locale: str | None) -> str:
    return f"For checkouts in {formats.language(locale)}" if locale else "For checkouts of no known language"


def _spoken(place: PlaceRun) -> Iterable[str]:
    return (formats.language(text.text.language) for one in place.spoken for text in one.texts if text.text)


def _text(planned: PlannedText, wording: Formats) -> TextLine:
    offer = gives(planned.offer, wording) if planned.offer else "No offer"
    if planned.offer and planned.ends:
        offer += f", through {wording.day(planned.ends)}"
    return TextLine(
        step_key=planned.step_key,
        when=f"{formats.duration(planned.after)} after the shopper's last activity",
        within=planned.within,
        offer=f"{offer[:1].upper()}{offer[1:]}",
        planned=planned,
        cost=wording.price(*planned.cost) if planned.cost else None,
    )


def _hours(place: PlaceRun) -> str:
    told = hours_forms.told_week(place.hours)
    return told if place.on_holidays else f"{told}; none on public holidays"


def _carts(place: PlaceRun, wording: Formats) -> str:
    return f"{wording.number(place.carts)}; about {wording.number(place.expected)} in these days"
