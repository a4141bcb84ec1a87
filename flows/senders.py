"""Who a text comes from: the store's own name where its country lets it, else its number, else the pool.

A name tells at a glance who writes, but cannot be replied to, and every country has its own idea of names:
``rules/senders.csv``. Where a country wants names registered first, the name counts once the merchant has
noted it as registered there. Pure: what a store has and what is known of a country in, senders out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cache

from flows.rules import from_tables, read_table

MOST_CHARACTERS = 11

# What all providers of the reference take (Twilio, glossary, "Alphanumeric Sender ID", read 2026-11-21):
# letters of the Latin alphabet, digits and spaces, at least one letter.
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_NAME_WITH_PREFIX = re.compile(r"[A-Z]{2}-[A-Za-z0-9 ]+")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}")


_REFUSALS = {
    "says_nothing": "does not say who writes, and operators refuse it",
    "pretends": "looks like an authority, a bank or a network, and operators refuse it",
}


class Kind(StrEnum):
    NAME = "name"
    NUMBER = "number"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Sender:
    """What stands above a text. ``pool``: the account's own, whichever number the provider takes."""

    value: str
    kind: Kind

    @property
    def receives_replies(self) -> bool:
        """Whether STOP can arrive. Where it cannot, the text carries another way out."""
        return self.kind is not Kind.NAME


class Names(StrEnum):
    """What a country does with names as senders."""

    FREE = "yes"
    REGISTERED = "registered"
    REFUSED = "no"


@dataclass(frozen=True, slots=True)
class NameRule:
    """What holds for names in one country. ``starts_with`` and ``exact_length`` are empty, 0: no such rule.

    ``requirement`` is what registers of that country ask for, as far as it is known.
    """

    country: str
    names: Names
    starts_with: str
    spaces: bool
    exact_length: int
    confidence: str
    requirement: str
    source: str
    read_on: str


class RegistrationState(StrEnum):
    ASKED = "asked"
    REGISTERED = "registered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Registration:
    """A name in one country's register; it may differ from the store's usual one (``AD-KAMRA``)."""

    name: str
    state: RegistrationState


@dataclass(frozen=True, slots=True)
class Identity:
    """All that a store may write under. ``registrations`` are by country (ISO 3166-1 alpha-2)."""

    name: str | None = None
    number: str | None = None
    pool: Sender | None = None
    registrations: Mapping[str, Registration] = field(default_factory=dict)


class WhyNoName(Enum):
    """Why the store's name does not stand above its texts in a country."""

    NONE_SET = "none_set"
    REFUSED = "refused"
    NOT_REGISTERED = "not_registered"
    ASKED = "asked"
    REGISTRATION_REFUSED = "registration_refused"
    UNFIT = "unfit"


@cache
def _refused_names() -> dict[str, str]:
    return {row["name"]: row["because"] for row in read_table("refused_names")}


@from_tables
@cache
def _rules() -> dict[str, NameRule]:
    return {row["country"]: _rule(row) for row in read_table("senders")}


def name_rule(country: str | None) -> NameRule:
    """The row of the country; for one that no table names, the strict general row."""
    return _rules().get(country or "") or _rules()["*"]


def senders_for(identity: Identity, country: str | None, known: str | None = None) -> tuple[Sender, ...]:
    """What may stand above a text to this country, best first; empty if nothing may.

    ``known`` is the sender that the contact had before: it comes first as long as it may be used, so that
    a conversation stays one conversation.
    """
    name = name_in(identity, country)
    found = [Sender(name, Kind.NAME)] if isinstance(name, str) else []
    found += [Sender(identity.number, Kind.NUMBER)] if identity.number else []
    if identity.pool and (identity.pool.receives_replies or _may_use(identity.pool.value, country)):
        found.append(identity.pool)
    return tuple(sorted(dict.fromkeys(found), key=lambda sender: sender.value != known))


def name_in(identity: Identity, country: str | None) -> str | WhyNoName:
    """The name that the store writes under in a country, or why there is none."""
    rule, registration = name_rule(country), identity.registrations.get(country or "")
    if rule.names is Names.REFUSED:
        return WhyNoName.REFUSED
    if registration is not None and registration.state is RegistrationState.REGISTERED:
        return registration.name if country_problem(registration.name, rule) is None else WhyNoName.UNFIT
    if identity.name is None:
        return WhyNoName.NONE_SET
    if registration is not None and registration.state is RegistrationState.REFUSED:
        return WhyNoName.REGISTRATION_REFUSED
    if rule.names is Names.REGISTERED:
        return WhyNoName.ASKED if registration is not None else WhyNoName.NOT_REGISTERED
    return identity.name if country_problem(identity.name, rule) is None else WhyNoName.UNFIT


def name_problem(name: str) -> str | None:
    """Why no country would take this name, in words for the merchant; None if nothing is wrong with it."""
    if len(name) > MOST_CHARACTERS:
        return f"has {len(name)} characters, at most {MOST_CHARACTERS} are possible"
    if not (_NAME.fullmatch(name) or _NAME_WITH_PREFIX.fullmatch(name)):
        return "may hold letters from A to Z, digits and single spaces, and needs a letter"
    return _REFUSALS.get(_refused_names().get(re.sub(r"[^A-Z0-9]", "", name.upper()), ""))


def country_problem(name: str, rule: NameRule) -> str | None:
    """Why this country would not take the name, in words for the merchant."""
    if rule.starts_with and not name.startswith(rule.starts_with):
        return f"must begin with {rule.starts_with}"
    if rule.exact_length and not (len(name) == rule.exact_length and name.isalpha()):
        return f"must have exactly {rule.exact_length} letters"
    if not rule.spaces and " " in name:
        return "must not hold a space"
    return None


def is_number(value: str) -> bool:
    """Whether this is a number in E.164 or a short code."""
    return _NUMBER.fullmatch(value) is not None


def _may_use(name: str, country: str | None) -> bool:
    """A name that the account itself sends from: the operator answers for its registration."""
    rule = name_rule(country)
    return rule.names is not Names.REFUSED and country_problem(name, rule) is None


def _rule(row: dict[str, str]) -> NameRule:
    return NameRule(
        country=row["country"],
        names=Names(row["names"]),
        starts_with=row["starts_with"],
        spaces=row["spaces"] == "yes",
        exact_length=int(row["exact_length"] or 0),
        confidence=row["confidence"],
        requirement=row["note"],
        source=row["source"],
        read_on=row["read_on"],
    )
