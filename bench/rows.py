"""Rows to measure on: stores one by one, all else by the thousand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Store
from app.runtime import Runtime
from flows import registry, timing
from flows.public_holidays import is_holiday
from flows.windows import windows_for
from flows.zones import possible_zones, regions_of

# Mobile numbers, but for the last six digits, around the globe: somewhere texts may go at any hour.
NUMBERS = {"GB": "+447400", "MX": "+525512", "NZ": "+642100", "AU": "+61412", "IN": "+919876"}
OPEN_FOR = timedelta(minutes=10)


def add_store(runtime: Runtime, domain: str, **columns: Any) -> Store:
    """A Shopify store that was installed long ago, with the built-in flow."""
    now = runtime.clock.now()
    long_ago = now - timedelta(days=400)
    values: dict[str, Any] = {
        "public_id": domain.partition(".")[0],
        "platform": "shopify",
        "domain": domain,
        "name": "Bench",
        "url": f"https://{domain}",
        "currency": "EUR",
        "country": "DE",
        "timezone": "Europe/Berlin",
        "installed_at": long_ago,
        "created_at": long_ago,
        "updated_at": long_ago,
    }
    with runtime.database.session() as session:
        store = Store(**(values | columns))
        session.add(store)
        registry.ensure_default_flow(session, store, now)
    return store


def country_that_is_awake(now: datetime) -> str:
    """One where texts may go for a while yet, whatever the hour here."""
    for country, number in NUMBERS.items():
        e164 = f"{number}123456"
        windows = windows_for(regions_of(e164, country, None))
        sky = timing.state(now, windows, possible_zones(e164, country, None), holiday=is_holiday)
        if isinstance(sky, timing.Open) and sky.closes_at - now > OPEN_FOR:
            return country
    raise RuntimeError("Texts may go nowhere at this hour.")


def add_due_texts(session: Session, stores: Sequence[Store], first: int, count: int, now: datetime) -> None:
    """Carts whose first text is due, numbered from ``first``, in turn over the stores.

    Each with a number that has consented, and with news from its platform a moment ago.
    """
    country = country_that_is_awake(now)
    values = {
        "first": first,
        "last": first + count - 1,
        "stores": [store.id for store in stores],
        "country": country,
        "number": NUMBERS[country],
        "items": '[{"title": "Canvas Tote", "quantity": 2, "product_id": "13", "unit_price": "24.00"}]',
        "now": now,
    }
    for statement in DUE_TEXTS:
        session.execute(statement, values)


# number n is contact, cart and enrollment n, of the store in its turn.
_EACH = """
    FROM generate_series(CAST(:first AS bigint), :last) AS n
    CROSS JOIN LATERAL (
        SELECT (CAST(:stores AS bigint[]))[1 + n % cardinality(CAST(:stores AS bigint[]))] AS store_id,
            :number || lpad(n::text, 6, '0') AS phone
    ) AS whose
"""
DUE_TEXTS = [
    text(statement + more)
    for statement, more in (
        (
            """
            INSERT INTO contact (id, store_id, phone, country, address_country, first_name, unreachable_count,
                created_at, updated_at)
            SELECT n, store_id, phone, :country, :country, 'Ann', 0, :now, :now
            """,
            _EACH,
        ),
        (
            """
            INSERT INTO consent (store_id, channel, address, state, confirmed, stopped, since, updated_at)
            SELECT store_id, 'sms', phone, 'given', true, false, :now, :now
            """,
            _EACH,
        ),
        (
            """
            INSERT INTO cart (id, store_id, contact_id, state, currency, total, items, locale, country,
                step, platform_updated_at, activity_at, activity_print, event_at, texts_sent, created_at,
                updated_at)
            SELECT n, store_id, n, 'open', 'EUR', 48, CAST(:items AS jsonb), 'en', :country, 'contact',
                :now, CAST(:now AS timestamptz) - interval '31 minutes', '', :now, 0, :now, :now
            """,
            _EACH,
        ),
        (
            """
            INSERT INTO cart_key (store_id, cart_id, kind, value, in_use)
            SELECT store_id, n, kind, md5(kind || n), true
            """,
            _EACH + "CROSS JOIN (VALUES ('checkout_token'), ('cart_token')) AS kinds(kind)",
        ),
        (
            """
            INSERT INTO enrollment (id, store_id, flow_id, flow_version, contact_id, subject_type, subject_id,
                round, state, step_index, sent, enrolled_at)
            SELECT n, store_id, flow.id, flow.current_version, n, 'cart', n, 0, 'active', 0, 0, :now
            """,
            _EACH + "JOIN flow USING (store_id)",
        ),
        (
            """
            INSERT INTO due (store_id, kind, subject, lane, due_at, once_key, attempts, created_at)
            SELECT store_id, 'step', n, store_id::text, :now, 'step:' || n, 0, :now
            """,
            _EACH,
        ),
    )
]
