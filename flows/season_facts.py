"""What a dry run of a season knows of a store: where its carts come from, what texts cost, who sends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.config import Settings
from app.models import Store
from flows import candidates, identities
from flows.senders import Identity

LOOKS_BACK = timedelta(days=14)
PRICES_OF = timedelta(days=30)
MOST_ROWS = 20_000
"""So many of the latest carts and texts are looked at, at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """A country, how many carts of the last two weeks entered a flow there, and their locales, most first."""

    country: str
    carts: int
    locales: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """``prices``: what a segment to a country has cost of late, in which currency."""

    places: Sequence[Place]
    prices: Mapping[str, tuple[Decimal, str]]
    identity: Identity


def load(session: Session, settings: Settings, store: Store, now: datetime) -> Facts:
    """All of it, in three queries. Places are those where texts may go and that have carts, most first, and
    the store's own country."""
    allowed = candidates.allowed_countries(settings.countries, store)
    places = _places(session, store, now)
    if store.country and all(place.country != store.country for place in places):
        places.append(Place(store.country, 0, ()))
    return Facts(
        places=[place for place in places if allowed is None or place.country in allowed],
        prices=_prices(session, store, now),
        identity=identities.load(session, settings, [store])[store.id],
    )


CARTS = text(
    """
    SELECT coalesce(cart.country, contact.country) AS country, cart.locale, count(*) AS carts
    FROM (
        SELECT id, store_id, contact_id, country, locale FROM cart
        WHERE store_id = :store AND activity_at >= :since ORDER BY activity_at DESC, id DESC LIMIT :most
    ) AS cart
    JOIN contact ON contact.store_id = cart.store_id AND contact.id = cart.contact_id
    WHERE coalesce(cart.country, contact.country) IS NOT NULL AND EXISTS (
        SELECT FROM enrollment
        WHERE store_id = cart.store_id AND subject_type = 'cart' AND subject_id = cart.id
    )
    GROUP BY 1, 2
    """
)


def _places(session: Session, store: Store, now: datetime) -> list[Place]:
    counts: dict[str, dict[str | None, int]] = defaultdict(dict)
    values = {"store": store.id, "since": now - LOOKS_BACK, "most": MOST_ROWS}
    for country, locale, carts in session.execute(CARTS, values):
        counts[country][locale] = carts
    places = [
        Place(
            country, sum(locales.values()), tuple(sorted(locales, key=lambda one: (-locales[one], one or "")))
        )
        for country, locales in counts.items()
    ]
    return sorted(places, key=lambda place: (-place.carts, place.country))


PRICES = text(
    """
    SELECT country, currency, sum(price) / sum(segments) AS price
    FROM (
        SELECT country, currency, price, segments FROM usage
        WHERE store_id = :store AND occurred_at >= :since ORDER BY occurred_at DESC LIMIT :most
    ) AS usage
    WHERE country IS NOT NULL AND price IS NOT NULL AND currency IS NOT NULL AND segments > 0
    GROUP BY country, currency
    ORDER BY count(*)
    """
)


def _prices(session: Session, store: Store, now: datetime) -> dict[str, tuple[Decimal, str]]:
    """By country, in the currency in which most of its texts were priced."""
    values = {"store": store.id, "since": now - PRICES_OF, "most": MOST_ROWS}
    return {row.country: (row.price, row.currency) for row in session.execute(PRICES, values)}
