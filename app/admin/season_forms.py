"""A season as a merchant types it: from and to its JSON form, and what is wrong in words beside the field.

Pure. What is typed is not judged here: it goes into the flow's form as it is, which is checked whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.admin.formats import country
from app.admin.offer_forms import NO_PERCENT, sentence, with_point
from app.admin.story import step
from connectors.discounts import DiscountKind
from flows.definition import DefinitionError
from flows.form_reader import duration_form
from flows.offer_form import Concession, dump_concession
from flows.season_form import Season

FORM = "season"
"""The name of the whole form: what is wrong with none of its fields stands there."""
RUNGS = ("small", "best")
SUBJECTS = {
    "countries": "Countries",
    "year": "When",
    "first": "From",
    "last": "To",
    "small_value": "The small offer",
    "best_value": "The best offer",
    "spread": "First texts go",
    "most_offers": "Most offers",
}
"""What fields are about; those of steps bear the name of their step."""
SPREADS = ("PT0S", "PT1H", "PT3H", "PT6H", "PT12H", "PT24H")
NO_AMOUNT = "Write how much."
NO_LAST = "Choose the last day, too."
NO_FIRST = "Choose the first day, too."


@dataclass(frozen=True)
class RungForm:
    """One rung of the ladder as typed; no kind: as in the flow."""

    kind: str = ""
    value: str = ""


@dataclass(frozen=True)
class SeasonForm:
    """A season as typed. ``year`` empty: each year; ``first`` and ``last`` empty: the calendar's days.

    ``rungs`` are by step, empty: as in the flow. ``errors`` are by field.
    """

    countries: frozenset[str] = frozenset()
    year: str = ""
    first: str = ""
    last: str = ""
    small: RungForm = RungForm()
    best: RungForm = RungForm()
    rungs: Mapping[str, str] = field(default_factory=dict)
    spread: str = SPREADS[0]
    most_offers: str = ""
    active: bool = True
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, str]:
        """The errors with what they are about, to be read away from their fields."""
        return {
            name: told if name == FORM else f"{_subject(name)}: {told}" for name, told in self.errors.items()
        }


def _subject(name: str) -> str:
    return step(name.removeprefix("rung-")) if name.startswith("rung-") else SUBJECTS[name]


def fresh(countries: Sequence[str], year: int | None) -> SeasonForm:
    """A season that is to be prepared, for the coming year alone."""
    return SeasonForm(frozenset(countries), str(year or ""))


def stored(season: Season, currency: str) -> SeasonForm:
    return SeasonForm(
        countries=frozenset(season.countries),
        year=str(season.year or ""),
        first=season.own[0].isoformat() if season.own else "",
        last=season.own[1].isoformat() if season.own else "",
        small=_rung(season.small, currency),
        best=_rung(season.best, currency),
        rungs={key: rung.value for key, rung in season.rungs.items()},
        spread=duration_form(season.spread),
        most_offers=str(season.most_offers or ""),
        active=season.active,
    )


def _rung(concession: Concession | None, currency: str) -> RungForm:
    if concession is None:
        return RungForm()
    values = {DiscountKind.PERCENT: concession.percent, DiscountKind.AMOUNT: concession.amounts.get(currency)}
    return RungForm(concession.kind.value, str(values.get(concession.kind) or ""))


def read(form: Mapping[str, str], countries: Sequence[str], steps: Sequence[str]) -> SeasonForm:
    """The form as it was sent."""

    def typed(name: str) -> str:
        return form.get(name, "").strip()

    return SeasonForm(
        countries=frozenset(countries),
        year=typed("year"),
        first=typed("first"),
        last=typed("last"),
        small=RungForm(typed("small_kind"), typed("small_value")),
        best=RungForm(typed("best_kind"), typed("best_value")),
        rungs={key: rung for key in steps if (rung := typed(f"rung-{key}"))},
        spread=typed("spread"),
        most_offers=typed("most_offers"),
        active=form.get("active") == "1",
    )


def as_json(typed: SeasonForm, key: str, currency: str, before: Season | None = None) -> dict[str, Any]:
    """The season's JSON form without its words; None stands for what it does not say.

    Sums in other currencies than the store's stay as they were ``before``.
    """
    own = bool(typed.first or typed.last)
    ladder = {
        name: _concession(getattr(typed, name), currency, getattr(before, name, None)) for name in RUNGS
    }
    return {
        "season": key,
        "countries": sorted(typed.countries) or None,
        "year": None if own else _number(typed.year),
        "from": (typed.first or None) if own else None,
        "to": (typed.last or None) if own else None,
        "offers": {name: one for name, one in ladder.items() if one} or None,
        "rungs": dict(typed.rungs) or None,
        "spread": None if typed.spread == SPREADS[0] else typed.spread,
        "most_offers": _number(typed.most_offers),
        "active": typed.active,
    }


def _concession(typed: RungForm, currency: str, before: Concession | None) -> dict[str, Any] | None:
    if not typed.kind:
        return None
    if typed.kind == DiscountKind.PERCENT:
        return {"kind": typed.kind, "percent": _number(typed.value.removesuffix("%").strip()) or ""}
    if typed.kind == DiscountKind.AMOUNT:
        others = dump_concession(before).get("amounts", {}) if before else {}
        return {"kind": typed.kind, "amounts": {**others, currency: with_point(typed.value)}}  # type: ignore[dict-item]
    return {"kind": typed.kind}


def _number(typed: str) -> int | str | None:
    """A number where it is one; the reader of the form says what is wrong with anything else."""
    if not typed:
        return None
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else typed


_FIELDS = (
    ("countries", "countries"),
    ("year", "year"),
    ("from", "first"),
    ("to", "last"),
    ("offers.small", "small_value"),
    ("offers.best", "best_value"),
    ("spread", "spread"),
    ("most_offers", "most_offers"),
)


def refused(typed: SeasonForm, error: DefinitionError, place: int, steps: Sequence[str]) -> SeasonForm:
    """The form with what is wrong, by field; what is wrong elsewhere in the flow stands at the countries."""
    found: dict[str, list[str]] = {}
    for told in error.errors:
        where, _, problem = told.partition(": ")
        inside = where.removeprefix(f"seasons[{place}]")
        ours = inside != where
        name = _field(inside.removeprefix("."), steps) if ours else None
        found.setdefault(name or "countries", []).append(problem if ours else told)
    by_field = {name: " ".join(map(_sentence, told)) for name, told in found.items()}
    if bool(typed.first) != bool(typed.last):
        by_field = {name: told for name, told in by_field.items() if name not in ("first", "last")}
    by_field |= dict(_left_empty(typed))
    return replace(typed, errors={name: by_field[name] for name in sorted(by_field, key=_place)})


def _place(name: str) -> float:
    """Where a field stands on the page: those of steps stand below the offers."""
    fields = list(SUBJECTS)
    return fields.index(name) if name in fields else fields.index("best_value") + 0.5


def _left_empty(typed: SeasonForm) -> Iterator[tuple[str, str]]:
    if bool(typed.first) != bool(typed.last):
        yield ("last", NO_LAST) if typed.first else ("first", NO_FIRST)
    needed: Mapping[str, str] = {DiscountKind.PERCENT: NO_PERCENT, DiscountKind.AMOUNT: NO_AMOUNT}
    for name in RUNGS:
        rung: RungForm = getattr(typed, name)
        if not rung.value and rung.kind in needed:
            yield f"{name}_value", needed[rung.kind]


def _field(inside: str, steps: Sequence[str]) -> str | None:
    for key in steps:
        if inside.startswith((f"rungs.{key}", f"offer_texts.{key}")):
            return f"rung-{key}"
    return next((name for prefix, name in _FIELDS if inside.startswith(prefix)), None)


def _sentence(problem: str) -> str:
    """In words of the page: another season goes by its name, not by its place in the list, a country too."""
    if found := re.fullmatch(r"the ladder in offers has no (\w+)", problem):
        return f"Say above what the {found[1]} offer gives."
    problem = re.sub(r"seasons\[\d+\] \(([^)]*)\)", r"\1", problem)
    problem = re.sub(r"(?<= in )[A-Z]{2}(?=, such as on )", lambda code: country(code[0]), problem)
    return sentence(problem.replace(" with from and to", ""))


def spreads(chosen: str) -> list[tuple[str, str]]:
    """The spreads that may be chosen, and the one that is."""
    named = {"PT0S": "At once", **{name: f"Spread over {int(name[2:-1])} hours" for name in SPREADS[2:]}}
    options = [(name, named.get(name, "Spread over 1 hour")) for name in SPREADS]
    return options if chosen in SPREADS else [*options, (chosen, f"Spread over {chosen}")]


def years(year: int, chosen: str) -> list[tuple[str, str]]:
    """One year alone, or each."""
    known = sorted({str(year), chosen} - {""})
    return [*((one, f"In {one} only") for one in known), ("", "Each year")]
