"""What carriers and laws of a country ask of cart texts, beyond the hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from flows.rules import from_tables, read_table


@dataclass(frozen=True, slots=True)
class CountryRule:
    """The limits for numbers of one country. None: the flow decides.

    ``max_age`` counts from the shopper's last activity. ``double_opt_in``: a tick alone is no consent,
    the platform must report that the shopper confirmed it.
    """

    country: str | None
    max_texts_per_cart: int | None = None
    max_age: timedelta | None = None
    double_opt_in: bool = False
    basis: str = "no rule of the country's own found: the flow decides"
    confidence: str = "low"
    source: str = ""
    read_on: str = ""


@from_tables
@cache
def _rules() -> dict[str, CountryRule]:
    return {row["country"]: _rule(row) for row in read_table("countries")}


def _rule(row: dict[str, str]) -> CountryRule:
    return CountryRule(
        country=row["country"],
        max_texts_per_cart=int(row["max_texts_per_cart"]) if row["max_texts_per_cart"] else None,
        max_age=timedelta(hours=int(row["max_age_hours"])) if row["max_age_hours"] else None,
        double_opt_in=row["double_opt_in"] == "yes",
        basis=row["basis"],
        confidence=row["confidence"],
        source=row["source"],
        read_on=row["read_on"],
    )


def country_rule(country: str | None) -> CountryRule:
    """The rule for numbers of ``country`` (ISO 3166-1 alpha-2); one without limits where there is none."""
    return _rules().get(country or "") or CountryRule(country)
