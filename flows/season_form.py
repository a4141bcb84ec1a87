"""Seasons as a part of a flow's JSON form: campaigns that are prepared ahead and end by themselves.

::

    [{"season": "black_friday", "countries": ["US"], "year": 2027,
      "offers": {"small": {"kind": "percent", "percent": 10}, "best": {"kind": "percent", "percent": 20}},
      "rungs": {"reminder": "small"},
      "texts": {"reminder": {"en": "..."}}, "offer_texts": {"reminder": {"en": "..."}},
      "spread": "PT6H", "most_offers": 5000, "active": true}]

Only ``season`` must be there. Days are those of ``flows.seasons``, each year or in ``year`` alone, or the
merchant's own, ``from`` and ``to``. What a season does not name stays as it is in the flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from flows import seasons as calendar
from flows.form_reader import OUTSIDE, FormReader, duration_form
from flows.offer_form import Concession, Offers, Rung, dump_concession, read_concession
from flows.placeholders import ALLOWED, OF_OFFERS
from flows.seasons import NAMES, Days
from flows.text_form import Texts, check_offer, read_texts

LONGEST = timedelta(days=60)
LONGEST_SPREAD = timedelta(hours=24)
MOST_OFFERS = 1_000_000
YEARS = range(2026, 2054)
"""In 28 years each day of a month has fallen on each weekday: who meets nobody in them meets nobody."""


@dataclass(frozen=True, slots=True)
class Season:
    """A season of a flow. ``key`` is one of ``flows.seasons.NAMES``; no country: all that have the season.

    ``year``: only the one that begins in it. ``own``: the merchant's days, in place of the calendar's.
    ``small`` and ``best`` replace those rungs of the ladder, ``rungs`` say by step which of them it offers,
    ``texts`` and ``offer_texts`` are words by step and language. ``spread``: first steps are spread over so
    long after they come due. ``most_offers``: so many codes are made at most.
    """

    key: str
    countries: tuple[str, ...] = ()
    year: int | None = None
    own: Days | None = None
    small: Concession | None = None
    best: Concession | None = None
    rungs: Mapping[str, Rung] = field(default_factory=dict)
    texts: Mapping[str, Texts] = field(default_factory=dict)
    offer_texts: Mapping[str, Texts] = field(default_factory=dict)
    spread: timedelta = timedelta(0)
    most_offers: int | None = None
    active: bool = True

    def ladder(self, offers: Offers) -> Offers:
        """The flow's offers with this season's rungs."""
        return replace(offers, small=self.small or offers.small, best=self.best or offers.best)

    def days(self, country: str, year: int) -> Days | None:
        """From when to when it runs there, if it begins in ``year``."""
        if self.countries and country not in self.countries:
            return None
        if self.own is not None:
            return self.own if self.own[0].year == year else None
        return calendar.dates(self.key, country, year) if self.year in (None, year) else None


KEYS = (
    "countries",
    "year",
    "from",
    "to",
    "offers",
    "rungs",
    "texts",
    "offer_texts",
    "spread",
    "most_offers",
    "active",
)


def read_seasons(reader: FormReader, data: object, place: str = "seasons") -> tuple[Season, ...]:
    """The seasons in ``data``; what is wrong is told to ``reader``. OUTSIDE: there are none."""
    rows = reader.rows(data, place)
    return tuple(_season(reader, one, f"{place}[{index}]") for index, one in enumerate(rows))


def _season(reader: FormReader, data: object, place: str) -> Season:
    fields = reader.record(data, place, required=("season",), optional=KEYS)
    ladder = reader.record(
        fields.get("offers", OUTSIDE), f"{place}.offers", required=(), optional=("small", "best")
    )
    own, year = _own_days(reader, fields, place), fields.get("year", OUTSIDE)
    if own is not None and year is not OUTSIDE:
        reader.error(f"{place}.year", "is nothing beside from and to")
    most = fields.get("most_offers", OUTSIDE)
    return Season(
        key=reader.one_of(fields.get("season", OUTSIDE), tuple(NAMES), f"{place}.season"),
        countries=reader.countries(fields.get("countries", OUTSIDE), f"{place}.countries"),
        year=None if year is OUTSIDE else reader.whole(year, f"{place}.year", 2020, 2100),
        own=own,
        small=read_concession(reader, ladder.get("small", OUTSIDE), f"{place}.offers.small"),
        best=read_concession(reader, ladder.get("best", OUTSIDE), f"{place}.offers.best"),
        rungs=_rungs(reader, fields.get("rungs", OUTSIDE), f"{place}.rungs"),
        texts=_texts(reader, fields.get("texts", OUTSIDE), f"{place}.texts", ALLOWED),
        offer_texts=_texts(reader, fields.get("offer_texts", OUTSIDE), f"{place}.offer_texts", OF_OFFERS),
        spread=_spread(reader, fields.get("spread", OUTSIDE), f"{place}.spread"),
        most_offers=None if most is OUTSIDE else reader.whole(most, f"{place}.most_offers", 1, MOST_OFFERS),
        active=reader.flag(fields.get("active", True), f"{place}.active"),
    )


def _own_days(reader: FormReader, fields: Mapping[str, object], place: str) -> Days | None:
    given = [name for name in ("from", "to") if name in fields]
    if not given:
        return None
    if len(given) == 1:
        reader.error(f"{place}.{given[0]}", "needs from and to together")
    first, last = (reader.day(fields.get(name, OUTSIDE), f"{place}.{name}") for name in ("from", "to"))
    if date.min in (first, last):
        return None
    if last < first:
        reader.error(f"{place}.to", "must not be before from")
    elif last - first >= LONGEST:
        reader.error(f"{place}.to", f"must be within {LONGEST.days} days from the first")
    return first, last


def _rungs(reader: FormReader, data: object, place: str) -> Mapping[str, Rung]:
    found = {
        key: reader.one_of(name, tuple(Rung), f"{place}.{key}")
        for key, name in reader.entries(data, place).items()
    }
    return {key: Rung(name) for key, name in found.items() if name in tuple(Rung)}


def _texts(reader: FormReader, data: object, place: str, allowed: tuple[str, ...]) -> Mapping[str, Texts]:
    steps = reader.entries(data, place)
    return {key: read_texts(reader, texts, f"{place}.{key}", allowed) for key, texts in steps.items()}


def _spread(reader: FormReader, data: object, place: str) -> timedelta:
    spread = reader.duration(data, place, timedelta(0))
    if spread > LONGEST_SPREAD:
        reader.error(place, f"must not be longer than {duration_form(LONGEST_SPREAD)}")
    return spread


Steps = Mapping[str, tuple[Rung, Texts]]
"""What each step of a flow offers by itself, and its own words for that."""


def check_seasons(
    reader: FormReader, seasons: Sequence[Season], steps: Steps, offers: Offers, place: str = "seasons"
) -> None:
    """Whether the seasons fit the flow that they are part of, and one another."""
    for index, season in enumerate(seasons):
        _check_steps(reader, season, steps, f"{place}[{index}]")
        _check_ladder(reader, season, steps, offers, f"{place}[{index}]")
        _check_countries(reader, season, f"{place}[{index}]")
    for one, other, country, day in _meetings(seasons):
        where = "in any country" if country == "*" else f"in {country}"
        reader.error(
            f"{place}[{other}]",
            f"meets {place}[{one}] ({NAMES[seasons[one].key]}) {where}, such as on {day}: give one of them "
            "other countries, or days of its own with from and to",
        )


def _check_steps(reader: FormReader, season: Season, steps: Steps, place: str) -> None:
    for name in ("rungs", "texts", "offer_texts"):
        named: Mapping[str, object] = getattr(season, name)
        for key in named:
            if key not in steps:
                reader.error(f"{place}.{name}.{key}", f"the flow has no step {key!r}")


def _check_ladder(reader: FormReader, season: Season, steps: Steps, offers: Offers, place: str) -> None:
    for name in ("small", "best"):
        concession: Concession | None = getattr(season, name)
        if concession and concession.percent and concession.percent > offers.highest_percent:
            told = f"is above highest_percent of the flow's offers, {offers.highest_percent}"
            reader.error(f"{place}.offers.{name}.percent", told)
    ladder = season.ladder(offers)
    for key, (usual, words) in steps.items():
        rung, own = season.rungs.get(key, usual), season.offer_texts.get(key, {})
        if rung is not usual or own or ladder.concession(rung) != offers.concession(rung):
            texts = own if rung is Rung.NONE else {**words, **own}
            check_offer(reader, rung, texts, ladder, f"{place}.rungs.{key}", f"{place}.offer_texts.{key}")


def _check_countries(reader: FormReader, season: Season, place: str) -> None:
    if season.own is not None or season.key not in NAMES:
        return
    years = YEARS if season.year is None else (season.year,)
    for index, country in enumerate(season.countries):
        if not any(season.days(country, year) for year in years):
            reader.error(
                f"{place}.countries[{index}]",
                f"the calendar has no {NAMES[season.key]} there: give days of your own with from and to",
            )


def _meetings(seasons: Sequence[Season]) -> Iterator[tuple[int, int, str, date]]:
    """Pairs of seasons that would run in one country at once, each once, with a country and a day of it."""
    running = [index for index, season in enumerate(seasons) if season.active and season.key in NAMES]
    told = set()
    for country in _countries([seasons[index] for index in running]):
        spans = sorted(
            (days, index)
            for index in running
            for year in _years(seasons[index])
            if (days := seasons[index].days(country, year))
        )
        end, holder = date.min, 0
        for (first, last), index in spans:
            pair = (min(index, holder), max(index, holder))
            if first <= end and pair not in told:
                told.add(pair)
                yield *pair, country, first
            if last > end:
                end, holder = last, index


def _countries(seasons: Sequence[Season]) -> list[str]:
    """Where they may run: those that they name, and those of the calendar for one that names none."""
    named = {country for season in seasons for country in season.countries}
    everywhere = any(not season.countries for season in seasons)
    return sorted(named | set(calendar.countries() if everywhere else ()))


def _years(season: Season) -> Sequence[int]:
    if season.own is not None:
        return (season.own[0].year,)
    return YEARS if season.year is None else (season.year,)


def dump_season(season: Season) -> dict[str, object]:
    """The JSON form, without what is as it is by itself."""
    ladder = {"small": season.small, "best": season.best}
    form: dict[str, object] = {
        "season": season.key,
        "countries": list(season.countries),
        "year": season.year,
        "from": season.own and season.own[0].isoformat(),
        "to": season.own and season.own[1].isoformat(),
        "offers": {name: dump_concession(one) for name, one in ladder.items() if one},
        "rungs": {key: rung.value for key, rung in season.rungs.items()},
        "texts": {key: dict(texts) for key, texts in season.texts.items() if texts},
        "offer_texts": {key: dict(texts) for key, texts in season.offer_texts.items() if texts},
        "spread": duration_form(season.spread) if season.spread else None,
        "most_offers": season.most_offers,
        "active": season.active,
    }
    return {name: value for name, value in form.items() if value is not None and value not in ({}, [])}
