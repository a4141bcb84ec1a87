"""What decides about the offers of many texts, loaded with a query per kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.orm import Session

from app.models import Discount, Store
from app.runtime import Runtime
from connectors.discounts import DiscountMaker, Goods, Sale
from connectors.events import Item
from connectors.platform import ConnectorError
from flows import bulk, connections, links, offers
from flows.facts import DueStep
from flows.offers import Case, Line
from flows.platform_calls import NotAsked, call_makers

ASK_SECONDS = 4.0
SALE_FRESH_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """By enrollment: the code that was wanted for its step before, when its shopper was made an offer about
    another cart, who has bought without one, which carts carry a code that is not ours, and the shop's plugin
    (its encrypted secret, its name of the cart). By store and season: how many codes were made, where it may
    make so many only."""

    discounts: Mapping[int, Discount]
    last_offers: Mapping[int, datetime]
    bought_without: frozenset[int]
    with_code: frozenset[int]
    plugins: Mapping[int, tuple[str, str]]
    made_in_seasons: Mapping[tuple[int, str], int]


def load(session: Session, steps: Sequence[DueStep]) -> Facts:
    pairs = {(step.enrollment.id, step.step.key) for step in steps}
    rows = of_enrollments(session, {(step.store.id, step.enrollment.id) for step in steps})
    return Facts(
        discounts={row.enrollment_id: row for row in rows if (row.enrollment_id, row.step_key) in pairs},
        last_offers=last_offers(session, steps),
        bought_without=frozenset(session.scalars(BOUGHT_WITHOUT, _named(steps))),
        with_code=frozenset(session.scalars(WITH_CODE, _named(steps))),
        plugins=_plugins(session, steps),
        made_in_seasons=_made_in_seasons(session, steps),
    )


def of_enrollments(session: Session, names: Collection[tuple[int, int]]) -> Sequence[Discount]:
    """The codes of these enrollments, each named by its store and its id."""
    of_stores = bulk.among(Discount.store_id, {store_id for store_id, _ in names})
    query = select(Discount).where(of_stores, bulk.among(Discount.enrollment_id, [own for _, own in names]))
    return session.scalars(query).all()


# A shopper may have several numbers: e-mail address and customer tell, as they do when an order ends flows.
NUMBERS = """
    FROM unnest(CAST(:enrollments AS bigint[]), CAST(:stores AS bigint[]), CAST(:contacts AS bigint[]),
        CAST(:carts AS bigint[])) AS wanted(enrollment_id, store_id, contact_id, cart_id)
    JOIN contact ON contact.store_id = wanted.store_id AND contact.id = wanted.contact_id
    CROSS JOIN LATERAL (
        SELECT contact.id
        UNION
        SELECT id FROM contact AS other WHERE store_id = contact.store_id AND email = contact.email
        UNION
        SELECT id FROM contact AS other
        WHERE store_id = contact.store_id AND customer_id = contact.customer_id
    ) AS same
"""
LOCK_NUMBERS = text(
    f"""
    SELECT id FROM contact WHERE id IN (SELECT same.id {NUMBERS}) ORDER BY id FOR NO KEY UPDATE
    """  # noqa: S608  (the inserted part is a constant of this module)
)
LAST_OFFERS = text(
    f"""
    SELECT wanted.enrollment_id, max(discount.created_at)
    {NUMBERS}
    JOIN discount ON discount.store_id = wanted.store_id AND discount.contact_id = same.id
        AND discount.enrollment_id <> wanted.enrollment_id
        AND coalesce(discount.reason, '') NOT IN ('not_told', 'not_made')
    GROUP BY wanted.enrollment_id
    """
)
BOUGHT_WITHOUT = text(
    f"""
    SELECT DISTINCT wanted.enrollment_id
    {NUMBERS}
    JOIN "order" o ON o.store_id = wanted.store_id AND o.contact_id = same.id
    WHERE o.status <> 'cancelled' AND NOT o.test
        AND NOT EXISTS (
            SELECT FROM unnest(o.discount_codes) AS used(code)
            JOIN discount ON discount.store_id = o.store_id AND discount.code = lower(used.code)
        )
    """  # noqa: S608  (the inserted part is a constant of this module)
)
WITH_CODE = text(
    """
    SELECT enrollment_id
    FROM unnest(CAST(:enrollments AS bigint[]), CAST(:stores AS bigint[]), CAST(:contacts AS bigint[]),
        CAST(:carts AS bigint[])) AS wanted(enrollment_id, store_id, contact_id, cart_id)
    JOIN cart ON cart.store_id = wanted.store_id AND cart.id = wanted.cart_id
    WHERE EXISTS (
        SELECT FROM unnest(cart.discount_codes) AS used(code)
        WHERE NOT EXISTS (
            SELECT FROM discount WHERE discount.store_id = cart.store_id AND discount.code = lower(used.code)
        )
    )
    """
)


PLUGINS = text(
    """
    SELECT wanted.enrollment_id, credential.secret, named.value
    FROM unnest(CAST(:enrollments AS bigint[]), CAST(:stores AS bigint[]), CAST(:contacts AS bigint[]),
        CAST(:carts AS bigint[])) AS wanted(enrollment_id, store_id, contact_id, cart_id)
    JOIN credential ON credential.store_id = wanted.store_id AND credential.kind = :plugin
    CROSS JOIN LATERAL (
        SELECT value FROM cart_key
        WHERE cart_key.store_id = wanted.store_id AND cart_key.cart_id = wanted.cart_id
            AND cart_key.kind = :plugin_key AND in_use
        ORDER BY id DESC LIMIT 1
    ) AS named
    """
)


def _plugins(session: Session, steps: Sequence[DueStep]) -> dict[int, tuple[str, str]]:
    names = {"plugin": connections.WOOCOMMERCE_PLUGIN, "plugin_key": links.PLUGIN_KEY}
    rows = session.execute(PLUGINS, _named(steps) | names)
    return {enrollment_id: (secret, key) for enrollment_id, secret, key in rows}


def _made_in_seasons(session: Session, steps: Sequence[DueStep]) -> dict[tuple[int, str], int]:
    running = {
        (step.store.id, step.season.mark)
        for step in steps
        if step.season is not None and step.season.season.most_offers is not None
    }
    if not running:
        return {}
    of_season = (Discount.store_id, Discount.season)
    made = select(*of_season, func.count()).where(
        tuple_(*of_season).in_(running), Discount.reason.is_distinct_from("not_made")
    )
    rows = session.execute(made.group_by(*of_season))
    return {(store_id, season or ""): count for store_id, season, count in rows}


def within_seasons(session: Session, steps: Sequence[DueStep]) -> list[DueStep]:
    """The steps without those for which their season has no code left. Stores whose season gives so many
    only are locked: two workers would else give more."""
    limited = {
        (step.store.id, step.season.mark): step.season.season.most_offers
        for step in steps
        if step.season is not None and step.season.season.most_offers is not None
    }
    if not limited:
        return list(steps)
    stores = select(Store.id).where(bulk.among(Store.id, {store_id for store_id, _ in limited}))
    session.execute(stores.order_by(Store.id).with_for_update(key_share=True)).all()
    made = _made_in_seasons(session, steps)
    left = {name: most - made.get(name, 0) for name, most in limited.items()}
    kept = []
    for step in steps:
        name = (step.store.id, step.season.mark if step.season else "")
        if name not in left:
            kept.append(step)
        elif left[name] > 0:
            left[name] -= 1
            kept.append(step)
    return kept


def lock_shoppers(session: Session, steps: Sequence[DueStep]) -> None:
    """Lock all numbers of the shoppers, so that no other worker writes down an offer to one of them."""
    session.execute(LOCK_NUMBERS, _named(steps)).all()


def last_offers(session: Session, steps: Sequence[DueStep]) -> dict[int, datetime]:
    """When the shopper of each enrollment was made an offer about another cart, if ever."""
    return {enrollment_id: at for enrollment_id, at in session.execute(LAST_OFFERS, _named(steps))}


def _named(steps: Sequence[DueStep]) -> dict[str, Any]:
    return {
        "enrollments": [step.enrollment.id for step in steps],
        "stores": [step.store.id for step in steps],
        "contacts": [step.contact.id for step in steps],
        "carts": [step.cart.id for step in steps],
    }


def lines(step: DueStep) -> list[Line]:
    """The cart's lines. Codes are in the store's currency; prices of a cart in another say nothing there."""
    ours = step.cart.currency == step.store.currency
    return [Line(item.product_id, item.quantity, item.unit_price if ours else None) for item in _items(step)]


def case_of(
    runtime: Runtime, step: DueStep, facts: Facts, sales: Mapping[int, Sale | None], now: datetime
) -> Case:
    """What ``flows.offers`` asks about this text, before the platform is asked about the goods."""
    secret, key = facts.plugins.get(step.enrollment.id, (None, None))
    return Case(
        now=now,
        offers=step.offers,
        rung=step.step.offer,
        currency=step.store.currency,
        country=_country(step),
        zones=step.situation.zones,
        today=_today(step, now),
        lines=lines(step),
        last_offer_at=facts.last_offers.get(step.enrollment.id),
        bought_without=step.enrollment.id in facts.bought_without,
        has_code=step.enrollment.id in facts.with_code,
        applies=links.takes_code(runtime.cipher, step.store, step.cart, secret, key, now),
        sale=sales.get(step.store.id),
        season_last=step.season.last if step.season else None,
        season_full=_is_full(step, facts),
    )


def _is_full(step: DueStep, facts: Facts) -> bool:
    if step.season is None or step.season.season.most_offers is None:
        return False
    if step.enrollment.id in facts.discounts:
        return False
    return facts.made_in_seasons.get((step.store.id, step.season.mark), 0) >= step.season.season.most_offers


def code_is_over(step: DueStep) -> bool:
    """Whether a text that would go once more tells of a code that holds no longer, or lowers nothing now."""
    code = step.code
    if code is None:
        return False
    holds = code.state == "made" and code.ends_at > step.situation.now
    return not holds or not offers.lowers(code.minimum, code.products, lines(step))


def sale_is_over(step: DueStep) -> bool:
    """Whether a text that would go once more tells of a sale that lowers less now, as it was last read."""
    if step.told_sale is None:
        return False
    sale = _best_sale(step)
    return sale is None or (sale.percent or 0) < step.told_sale


def promise_ends_at(step: DueStep) -> datetime | None:
    """When the code or the sale ends of which a text tells that would go once more, where that is known."""
    if step.code is not None:
        return step.code.ends_at
    sale = _best_sale(step) if step.told_sale is not None else None
    return sale.ends_at if sale else None


def _best_sale(step: DueStep) -> Sale | None:
    now, told = step.situation.now, _read_sale(step.store.sale)
    return offers.best_sale(step.offers, told, _country(step), _today(step, now), now)


def _country(step: DueStep) -> str | None:
    return step.cart.country or step.contact.country


def _today(step: DueStep, now: datetime) -> date:
    return now.astimezone(ZoneInfo(step.store.timezone)).date()


def with_goods(case: Case, step: DueStep, goods: Mapping[Item, Goods] | None) -> Case:
    """The same, with what the platform told of the goods; None: it did not."""
    lines = [
        replace(line, goods=goods.get(item) if goods else None)
        for line, item in zip(case.lines, _items(step), strict=True)
    ]
    return replace(case, lines=lines, goods_asked=goods is not None)


def goods(runtime: Runtime, steps: Sequence[DueStep]) -> dict[int, Mapping[Item, Goods] | ConnectorError]:
    """What the platforms tell of the goods in these carts, or why nothing, by claim id; where a rule asks."""
    asking = {step.claim.id: step for step in steps if offers.needs_goods(step.offers)}
    stores = {name: step.store for name, step in asking.items()}

    def ask(maker: DiscountMaker, name: int) -> Mapping[Item, Goods]:
        wanted = bool(asking[name].offers.excluded.collections)
        return maker.goods(_items(asking[name]), collections=wanted)

    return call_makers(runtime, stores, ask, ASK_SECONDS)


def sales(runtime: Runtime, stores: Sequence[Store], now: datetime) -> dict[int, Sale | None]:
    """The sale that each store's platform tells, by store id. One that was read a short while ago holds, as
    does the last one where the platform does not answer."""
    by_id = {store.id: store for store in stores}
    found = {store.id: _read_sale(store.sale) for store in by_id.values()}
    stale = {
        store.id: store
        for store in by_id.values()
        if store.sale_read_at is None or store.sale_read_at < now - SALE_FRESH_FOR
    }
    told = call_makers(runtime, stale, lambda maker, _: maker.running_sale(now), ASK_SECONDS)
    _keep_sales(runtime, told, now)
    return found | {name: sale for name, sale in told.items() if not isinstance(sale, ConnectorError)}


def _keep_sales(runtime: Runtime, told: Mapping[int, Sale | None | ConnectorError], now: datetime) -> None:
    """A platform that tells nothing is asked no more often than one that does."""
    asked = {store_id: sale for store_id, sale in told.items() if not isinstance(sale, NotAsked)}
    with runtime.database.session() as session:
        for store_id, sale in sorted(asked.items(), key=lambda one: one[0]):
            kept = {} if isinstance(sale, ConnectorError) else {"sale": _stored_sale(sale)}
            session.execute(update(Store).where(Store.id == store_id).values(**kept, sale_read_at=now))


def _items(step: DueStep) -> list[Item]:
    return [_item(stored) for stored in step.cart.items]


def _item(stored: Mapping[str, Any]) -> Item:
    price = stored.get("unit_price")
    return Item(
        title=stored["title"],
        quantity=stored["quantity"],
        product_id=stored.get("product_id"),
        variant_id=stored.get("variant_id"),
        unit_price=Decimal(price) if price is not None else None,
    )


def _read_sale(stored: Mapping[str, Any] | None) -> Sale | None:
    if stored is None:
        return None
    ends_at = stored["ends_at"]
    until = datetime.fromisoformat(ends_at) if ends_at else None
    return Sale(stored["name"], stored["percent"], until, stored.get("beside_shipping", True))


def _stored_sale(sale: Sale | None) -> dict[str, Any] | None:
    if sale is None:
        return None
    return asdict(sale) | {"ends_at": sale.ends_at.isoformat() if sale.ends_at else None}
