"""A store's past: texts over ninety days, what they cost, and the orders that came of them."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from app.models import Store
from app.ops.embedded import NAME
from app.runtime import Runtime
from flows import stats

DAYS = 90
# Half as many carts as texts, and one text in twenty brought an order.
TEXTS_PER_CART, TEXTS_PER_ORDER = 2, 20

_PLACES = "ARRAY['DE','AT','CH','FR','BE','ES','IT','NL','GB','IE','PL','SI']"
_LANGUAGES = "ARRAY['de','de','de','fr','fr','es','it','nl','en','en','pl','sl']"
_AT = "%(now)s - n * %(apart)s"

STATEMENTS = (
    """
    INSERT INTO contact (id, store_id, phone, unreachable_count, created_at, updated_at)
    SELECT n, %(store)s, '+49151' || lpad(n::text, 8, '0'), 0, %(now)s, %(now)s
    FROM generate_series(1, %(carts)s) AS n
    """,
    """
    INSERT INTO cart (id, store_id, contact_id, state, currency, total, step, platform_updated_at,
        activity_at, activity_print, event_at, texts_sent, created_at, updated_at)
    SELECT n, %(store)s, n, 'expired', 'EUR', 48, 'contact', at, at, '', at, 2, at, at
    FROM generate_series(1, %(carts)s) AS n, LATERAL (SELECT CAST(%(now)s AS timestamptz) AS at) AS moment
    """,
    f"""
    INSERT INTO message (id, store_id, contact_id, cart_id, step_key, kind, channel, phone, country, language,
        body, encoding, segments, lane, status, clicked_at, created_at, accepted_at, delivered_at)
    SELECT n, %(store)s, (n + 1) / 2, (n + 1) / 2,
        (ARRAY['reminder', 'second_call', 'last_call'])[1 + n %% 3], 'marketing', 'sms',
        '+49151' || lpad(((n + 1) / 2)::text, 8, '0'),
        ({_PLACES})[1 + n * 7 %% 12], ({_LANGUAGES})[1 + n * 7 %% 12],
        repeat('x', 120), 'GSM-7', 1 + n %% 2, %(store)s::text,
        CASE WHEN n %% 25 = 0 THEN 'undelivered' ELSE 'delivered' END,
        CASE WHEN n %% 6 = 0 THEN {_AT} END, {_AT}, {_AT}, {_AT}
    FROM generate_series(1, %(texts)s) AS n
    """,
    f"""
    INSERT INTO usage (store_id, delivery_id, provider, country, segments, price, currency, occurred_at)
    SELECT %(store)s, n, 'twilio', 'DE', 1 + n %% 2, 0.0741, 'USD', {_AT}
    FROM generate_series(1, %(texts)s) AS n
    """,
    f"""
    INSERT INTO "order" (id, store_id, platform_order_id, cart_id, contact_id, status, currency, total, test,
        placed_at, platform_updated_at, created_at, updated_at)
    SELECT n, %(store)s, n::text, n * 10, n * 10, 'paid', 'EUR', 20 + n %% 80, false, at, at, at, at
    FROM generate_series(1, %(orders)s) AS n,
        LATERAL (SELECT {_AT.replace("n *", "n * 20 *")} + interval '1 hour' AS at) AS moment
    """,
    """
    INSERT INTO recovery (store_id, order_id, cart_id, message_id, rule, clicked, recovered_at)
    SELECT store_id, id, cart_id, id * 20, 'cart', id %% 2 = 0, placed_at FROM "order"
    """,
    "SELECT setval(pg_get_serial_sequence(name, 'id'), %(texts)s)"
    " FROM unnest(ARRAY['contact', 'cart', 'message', '\"order\"']) AS name",
    "ANALYZE",
)


def write(runtime: Runtime, store: Store, texts: int) -> None:
    """Fill an empty database with the past of one store, and count its figures from the rows."""
    now = runtime.clock.now()
    values = {
        "store": store.id,
        "now": now,
        "apart": timedelta(days=DAYS) / texts,
        "texts": texts,
        "carts": texts // TEXTS_PER_CART,
        "orders": texts // TEXTS_PER_ORDER,
    }
    superuser_url = runtime.settings.database_url.replace(f"//{NAME}@", "//postgres@")
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        # The rows fit each other by the way they are made: checking each foreign key takes minutes.
        connection.execute("SET session_replication_role = replica")
        for statement in STATEMENTS:
            connection.execute(statement, values)
    stats.rebuild_all(runtime, store)
