"""The shoppers of the sample store: made-up people with numbers that belong to nobody.

All numbers are from ranges that regulators keep free for films and books: Ofcom (07700 900000 to
900999), Arcep's numbering plan (06 39 98 00 00 to 99 99), ComReg (020 91), Bundesnetzagentur, notice
148/2021 (0176 040690 00 to 99, 0171 39200 00 to 99) and the North American numbering plan (555-0100 to
555-0199 of each area code).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from flows.consent import Standing
from flows.phones import PhoneProblem

US_AREAS = ("206", "212", "303", "305", "312", "404", "415", "512", "602", "617")
NUMBERS = {
    "DE": tuple(f"+49{prefix}{number:02}" for prefix in ("176040690", "17139200") for number in range(100)),
    "FR": tuple(f"+3363998{number:04}" for number in range(10_000)),
    "GB": tuple(f"+447700900{number:03}" for number in range(1_000)),
    "IE": tuple(f"+3532091{number:05}" for number in range(20_000)),
    "US": tuple(f"+1{area}5550{number}" for area in US_AREAS for number in range(100, 200)),
}
COUNTRIES = {"FR": 34, "GB": 22, "IE": 20, "US": 19, "DE": 5}
"""How many of a hundred shoppers are from each country."""

LANGUAGES = {
    "DE": {"de": 80, "pl": 11, "sl": 9},
    "FR": {"fr": 95, "es": 5},
    "GB": {"en": 87, "pl": 13},
    "IE": {"en": 88, "pl": 12},
    "US": {"en": 81, "es": 19},
}
NAMES = {
    "de": ("Lena", "Jonas", "Mia", "Paul", "Greta", "Emil"),
    "en": ("Aoife", "Jack", "Olivia", "Noah", "Grace", "Liam", "Ruby", "Ethan"),
    "es": ("Lucía", "Mateo", "Sofía", "Diego", "Elena", "Pablo"),
    "fr": ("Camille", "Louis", "Chloé", "Hugo", "Inès", "Jules", "Manon", "Théo"),
    "pl": ("Zofia", "Jan", "Hanna", "Antoni", "Maja", "Filip"),
    "sl": ("Nika", "Luka", "Eva", "Jakob", "Zala", "Matic"),
}
AGREES, CONFIRMS, RETURNS, MISTYPES = 0.66, 0.8, 0.22, 0.02
PROBLEMS = (PhoneProblem("not_mobile"), PhoneProblem("invalid_number"))
REMEMBERED = 600


@dataclass(frozen=True, slots=True)
class Click:
    """A person opened the link of a text; ``message``, ``cart`` and ``link`` are places in their tables."""

    at: datetime
    message: int
    cart: int
    link: int


@dataclass(slots=True)
class Person:
    """Somebody over the whole history.

    ``area`` is a number of the same hundred: it tells the same places and zones as ``phone`` does.
    ``busy_until`` is the end of what happens around the last cart.
    """

    number: int
    phone: str
    area: str
    country: str
    language: str
    first_name: str
    email: str | None
    problem: str | None
    agrees: bool
    confirmed: bool
    busy_until: datetime
    consent: Standing = Standing.NONE
    contact: int | None = None
    texted_at: datetime | None = None
    offered_at: datetime | None = None
    clicks: list[Click] = field(default_factory=list)


class People:
    """Who comes to the shop: new people, and such as were there before."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._free = {
            country: iter(random.sample(numbers, len(numbers))) for country, numbers in NUMBERS.items()
        }
        self._numbers = itertools.count(1)
        self._known: list[Person] = []

    def come(self, now: datetime) -> Person:
        """Somebody who begins a cart at ``now``."""
        if self._known and self._random.random() < RETURNS:
            person = self._random.choice(self._known[-REMEMBERED:])
            if person.busy_until < now:
                return person
        person = self._new(now)
        self._known.append(person)
        return person

    def everybody(self) -> Iterator[Person]:
        return iter(self._known)

    def _new(self, now: datetime) -> Person:
        random, number = self._random, next(self._numbers)
        country, phone = self._free_number()
        language = _weighted(random, LANGUAGES[country])
        mistyped = random.random() < MISTYPES
        return Person(
            number=number,
            phone=phone,
            area=phone[:-2] + "00",
            country=country,
            language=language,
            first_name=random.choice(NAMES[language]),
            email=f"shopper{number}@example.com" if random.random() < 0.6 else None,
            problem=random.choice(PROBLEMS).reason if mistyped else None,
            agrees=random.random() < AGREES,
            confirmed=country == "US" and random.random() < CONFIRMS,
            busy_until=now,
        )

    def _free_number(self) -> tuple[str, str]:
        """A country, and a number of it that is left; France has more than anybody needs."""
        country = _weighted(self._random, COUNTRIES)
        phone = next(self._free[country], None)
        return ("FR", next(self._free["FR"])) if phone is None else (country, phone)


def _weighted(random: Random, shares: Mapping[str, int]) -> str:
    return random.choices(list(shares), list(shares.values()))[0]
