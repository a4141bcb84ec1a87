"""Simulated shoppers, each with a store, a number, a past, and one to three carts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from babel.core import get_global
from babel.numbers import get_territory_currencies

from flows.catalogs import languages
from flows.locale_samples import Samples, samples
from flows.phones import country_of
from flows.simulation import moments
from flows.simulation.consents import history
from flows.simulation.moments import DAY, HOUR, MINUTE
from flows.simulation.places import Country, countries, settle
from flows.simulation.stores import quiet_of_shopper, store
from flows.simulation.truth import Cart, News, Order, Shopper, Span

_ODD_LOCALES = (
    *("en", "en-AU", "de_DE_formal", "gsw", "ca", "xx", "zh_TW", "sr-Latn-RS", "sr", "es-AR", "fr_CA", "pt"),
    *("uk", "ru", "nn-NO", "lb", "de-x-formal", "", "und", "en_GB@euro"),
)
_FIRST_NAMES = (None, "Ana", "Jean-Luc", "Łucja", "http://x.example", "Zoë", "明")
_IDLE = timedelta(minutes=30)
_SECOND_CART, _BUYS = 0.18, 0.3
MOST_CARTS = 3


def shoppers(carts: int, year: int, seed: int) -> Iterator[Shopper]:
    """People with so many carts together. Each is made of nothing but seed, year and number; every
    country has its turn before any has a second one by chance."""
    known = countries()
    weights = [country.weight for country in known]
    made = number = 0
    while made < carts:
        chance = Random(f"{seed}:{year}:{number}")  # noqa: S311 - dice, no secrets
        country = known[number] if number < len(known) else chance.choices(known, weights)[0]
        shopper = _shopper(number, made, carts - made, country, year, chance)
        made += len(shopper.carts)
        number += 1
        yield shopper


def _shopper(number: int, first: int, most: int, country: Country, year: int, chance: Random) -> Shopper:
    phone, address = settle(country, chance)
    own = country_of(phone) or country.code
    left_at = moments.moment(country.code, year, chance) - _IDLE
    locale = _locale(country.code, chance)
    carts = tuple(_carts(first, most, left_at, country.code, locale, chance))
    name, said = history(left_at, chance)
    return Shopper(
        id=number + 1,
        store=store(left_at, own, chance),
        phone=phone,
        country=own,
        phone_problem=chance.choice(("invalid_number", "not_mobile")) if chance.random() < 0.015 else None,
        address=address,
        locale=_locale(country.code, chance),
        chosen_language=chance.choice(languages()) if chance.random() < 0.05 else None,
        quiet=quiet_of_shopper(chance),
        kinds_off=frozenset([chance.choice(("marketing", "service"))])
        if chance.random() < 0.03
        else frozenset(),
        first_name=chance.choice(_FIRST_NAMES),
        history=name,
        said=said,
        answers_after=_answers_after(chance),
        stopped_before=chance.random() < 0.01,
        writes=_writes(left_at, chance),
        carts=carts,
        orders=tuple(_orders(carts, chance)),
    )


def _carts(
    first: int, most: int, left_at: datetime, country: str, locale: str | None, chance: Random
) -> Iterator[Cart]:
    count = 1
    while count < min(most, MOST_CARTS) and chance.random() < _SECOND_CART:
        count += 1
    for index in range(count):
        yield _cart(first + index + 1, left_at, country, locale, chance)
        left_at += timedelta(minutes=chance.randint(10, 3 * 24 * 60))


def _cart(number: int, left_at: datetime, country: str, locale: str | None, chance: Random) -> Cart:
    sample = _sample(locale, chance)
    activity = [_news(left_at, chance)]
    while chance.random() < 0.12:
        activity.append(_news(activity[-1].at + timedelta(minutes=chance.randint(1, 40 * 60)), chance))
    later = left_at + timedelta(minutes=chance.randint(5, 4 * 24 * 60))
    rolled = chance.random()
    return Cart(
        id=number,
        activity=tuple(activity),
        number=_news(later, chance) if rolled < 0.03 else None,
        emptied=_news(later, chance) if 0.03 < rolled < 0.07 else None,
        checkout_locale=locale if chance.random() < 0.75 else None,
        storefront_locale=_locale(country, chance) if chance.random() < 0.2 else None,
        product=chance.choice((sample.product, sample.product_outside_gsm7, "  ", "Tent 3x4 [XL] €5 {deal}")),
        quantity=chance.choice((1, 1, 2, 14)),
        total=Decimal(chance.randint(500, 2_000_000)) / 100,
        currency=_currency(country),
        silent=chance.random() < 0.1,
    )


@cache
def _currency(country: str) -> str:
    return str(next(iter(get_territory_currencies(country) or ()), "EUR"))


@cache
def _usual_languages(country: str) -> tuple[str, ...]:
    """By how many people speak them; locales as platforms write them."""
    spoken = get_global("territory_languages").get(country, {})
    ranked = sorted(spoken, key=lambda tag: -spoken[tag]["population_percent"])[:3]
    return tuple(f"{tag.replace('_', '-')}-{country}" for tag in ranked) or ("en",)


def _locale(country: str, chance: Random) -> str | None:
    rolled = chance.random()
    if rolled < 0.2:
        return None
    if rolled < 0.75:
        return chance.choice(_usual_languages(country))
    return chance.choice(languages()) if rolled < 0.92 else chance.choice(_ODD_LOCALES)


def _sample(locale: str | None, chance: Random) -> Samples:
    known = samples(locale.replace("_", "-")) if locale and locale in languages() else None
    found = known or samples(chance.choice(languages())) or samples("en")
    if found is None:
        raise LookupError("locales/en/samples.json is missing")
    return found


def _news(at: datetime, chance: Random) -> News:
    """Mostly read within a second; sometimes the worker was busy, or away."""
    seconds = chance.choices((0, 1, 8, 240, 3000), (40, 40, 12, 6, 2))[0]
    return News(at, at + timedelta(seconds=seconds))


def _orders(carts: tuple[Cart, ...], chance: Random) -> Iterator[Order]:
    for cart in carts:
        if chance.random() < _BUYS:
            left_at = cart.activity[0].at
            placed_at = left_at + timedelta(seconds=chance.randint(1, 4 * 24 * 3600))
            late = timedelta(minutes=chance.choices((0, 90), (85, 15))[0])
            mine = cart.id if chance.random() < 0.8 else None
            yield Order(placed_at, _news(placed_at + late, chance), mine)


def _answers_after(chance: Random) -> int | None:
    """Minutes after our request: soon, the next day, too late to count, or never."""
    return chance.choices(
        (2, chance.randint(5, 300), chance.randint(300, 2800), 4000, None), (30, 25, 15, 5, 25)
    )[0]


def _writes(left_at: datetime, chance: Random) -> Span | None:
    if chance.random() > 0.02:
        return None
    at = left_at + chance.randint(-10 * 24, 60) * HOUR + chance.randrange(60) * MINUTE
    return at, at + chance.choice((2 * HOUR, 2 * DAY, 20 * DAY))
