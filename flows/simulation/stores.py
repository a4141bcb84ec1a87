"""The stores of the simulated year: some plain, some with every wish that a merchant may have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from random import Random

from flows.simulation.moments import DAY, HOUR
from flows.simulation.truth import Hours, Span, Store

_NAMES = ("Kamra", "Harbour & Pine", "L'Atelier Bleu", "Fjell & Hav", "木の家", "Łódź Design", "Ocean")
_LOCALES = ("en", "en-US", "sl", "de_DE_formal", "fr-FR", "es-MX", "nb-NO", "ja", "pt_BR", "en", "en-GB")
_SENDER_NAMES = ("Kamra", "Harbour", "Ocean Shop", "KAMRAX")
_REGISTERED = {"AE": "AD-KAMRA", "IN": "KAMRAX", "IE": "Kamra", "AU": "Kamra", "CZ": "Kamra", "SG": "Kamra"}
_WORDS: tuple[Mapping[str, Mapping[str, str]], ...] = (
    {},
    {},
    {},
    {"reminder": {"en": "Hello from {store}! {product} is waiting: {link}"}},
    {
        "reminder": {
            "en": "Your cart ({total}): {link} See you, {store}",
            "de": "Noch da, {product}: {link}",
        },
        "last_call": {"de-x-formal": "{store}: Ihr Warenkorb ist gespeichert. {link}"},
    },
)
_FEW, _SOME = 0.03, 0.12


def store(around: datetime, country: str, chance: Random) -> Store:
    """A store as a shopper of that country meets it; what befalls it lies around that moment."""

    def rare() -> bool:
        return chance.random() < _FEW

    def some() -> bool:
        return chance.random() < _SOME

    number = chance.random() < 0.5
    return Store(
        name_in_texts=chance.choice(_NAMES),
        locale=chance.choice(_LOCALES),
        formality=chance.choice((None, None, None, "formal", "informal")),
        kinds=("marketing", "marketing", "service" if some() else "marketing"),
        words=chance.choice(_WORDS),
        quiet=_quiet(chance) if some() else None,
        days_off=frozenset(chance.sample(range(7), chance.choice((1, 1, 2)))) if some() else frozenset(),
        avoided_hours=frozenset(chance.sample(range(8, 21), chance.randint(1, 4))) if some() else frozenset(),
        countries=_countries(country, chance) if some() else None,
        confirms_in=frozenset((country, "SI") if chance.random() < 0.5 else "*") if some() else frozenset(),
        cap_hours=chance.choice((16, 16, 16, 0, 48)),
        name=chance.choice(_SENDER_NAMES) if some() or some() else None,
        registered=_REGISTERED if some() else {},
        number="+38640111222" if number else None,
        pool=None
        if rare() and rare()
        else ("MG0123456789abcdef0123456789abcdef" if number else "+14155550100"),
        reserves=some(),
        economy=some(),
        names_products=not some(),
        installed_at=around + chance.randint(-60, 60) * HOUR if rare() else around - 400 * DAY,
        uninstalled_at=around + chance.randint(0, 60) * HOUR if rare() else None,
        paused=_pause(around, chance) if rare() else None,
        broken=_span(around, 12, chance) if rare() else None,
        switched_off=_span(around, 40, chance) if rare() else None,
    )


def _quiet(chance: Random) -> Hours:
    """Any two quarters of an hour, mostly over night, seldom the whole day or nothing."""
    start, end = chance.choice(((20, 10), (18, 9), (22, 7), (12, 14), (chance.randrange(24), 9), (9, 9)))
    return time(start, chance.choice((0, 15, 30, 45))), time(end, chance.choice((0, 0, 30)))


def quiet_of_shopper(chance: Random) -> Hours | None:
    return _quiet(chance) if chance.random() < 0.06 else None


def _countries(country: str, chance: Random) -> frozenset[str]:
    return frozenset(("SI", "AT", "US") if chance.random() < 0.3 else ("SI", country))


def _span(around: datetime, hours: int, chance: Random) -> Span:
    start = around + chance.randint(-24, 48) * HOUR + timedelta(minutes=chance.randrange(60))
    return start, start + timedelta(minutes=chance.randint(20, hours * 60))


def _pause(around: datetime, chance: Random) -> tuple[datetime, datetime | None, datetime]:
    """With an end, or until somebody resumes; either may be resumed earlier."""
    start, end = _span(around, 60, chance)
    if chance.random() < 0.4:
        return start, None, end
    return start, end, end - (end - start) / 2 if chance.random() < 0.2 else end
