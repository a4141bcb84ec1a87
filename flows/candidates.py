"""Everything that decides whether carts may be enrolled, loaded for many carts with a query per kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.orm import Session

from app.crypto import keyed_hash
from app.models import Cart, CartKey, Contact, Enrollment, Store
from app.runtime import Runtime
from flows import bulk, mentions, opt_in, registry
from flows.consent import Standing
from flows.definition import DEFAULT_CART_FLOW, FlowDefinition
from flows.gates import CartState, Situation, StoreState
from flows.registry import ActiveFlow

Name = tuple[int, int]  # store id, cart id


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cart, its row locked, and the flow that it would enter, if one is switched on."""

    cart: Cart
    store: Store
    contact: Contact | None
    flow: ActiveFlow | None
    enrolled: bool
    situation: Situation


def load(session: Session, runtime: Runtime, names: Collection[Name], now: datetime) -> list[Candidate]:
    """The carts of these names that nobody else is changing at this moment."""
    rows = _lock_carts(session, names)
    stores = stores_by_id(session, {cart.store_id for cart, _ in rows})
    flows = registry.active_flows(session, stores)
    enrolled = _enrolled(session, names)
    facts = load_facts(session, runtime, stores, rows)
    found = []
    for cart, contact in rows:
        store, flow = stores[cart.store_id], flows.get(cart.store_id)
        told = _situation_before(runtime, store, cart, contact, flow, facts, now)
        known = (cart.store_id, cart.id) in enrolled
        found.append(Candidate(cart, store, contact, flow, known, told))
    return found


def _situation_before(
    runtime: Runtime,
    store: Store,
    cart: Cart,
    contact: Contact | None,
    flow: ActiveFlow | None,
    facts: Facts,
    now: datetime,
) -> Situation:
    """With no flow switched on, the times are those of the built-in one."""
    definition = flow.definition if flow else DEFAULT_CART_FLOW
    told = situation(runtime, store, cart, contact, definition, facts, now)
    return told if flow else replace(told, flow_active=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of many carts and numbers, each by its store."""

    ordered: set[Name]
    pending: set[Name]
    consents: dict[tuple[int, str], Row[*tuple[Any, ...]]]
    suppressed: set[tuple[int, str]]


def load_facts(
    session: Session,
    runtime: Runtime,
    stores: dict[int, Store],
    rows: Sequence[tuple[Cart, Contact | None]],
) -> Facts:
    """What decides beside the rows of the carts and their contacts themselves, one query per kind."""
    return Facts(
        ordered=ordered(session, [(cart.store_id, cart.id) for cart, _ in rows]),
        pending=with_pending_events(session, rows),
        consents=_consents(session, rows),
        suppressed=suppressed(session, runtime, stores, rows),
    )


def situation(
    runtime: Runtime,
    store: Store,
    cart: Cart,
    contact: Contact | None,
    flow: FlowDefinition,
    facts: Facts,
    now: datetime,
) -> Situation:
    """All that the gates ask about a cart, but for what matters to sending only."""
    name = (cart.store_id, cart.id)
    number = (store.id, contact.phone) if contact else None
    consent = facts.consents.get(number) if number else None
    return Situation(
        now=now,
        last_activity_at=cart.activity_at,
        idle=flow.trigger.idle,
        cutoff=flow.trigger.cutoff,
        store=store_state(store, now),
        paused_until=store.paused_until,
        before_install=cart.activity_at < store.installed_at,
        cart=CartState(cart.state),
        items=sum(item["quantity"] for item in cart.items),
        ordered=name in facts.ordered,
        event_pending=name in facts.pending,
        phone=contact.phone if contact else None,
        phone_problem=(contact.unreachable_reason if contact else None) or cart.phone_problem,
        country=contact.country if contact else None,
        allowed_countries=allowed_countries(runtime.settings.countries, store),
        consent=Standing(consent.state) if consent else Standing.NONE,
        confirmed=consent.confirmed if consent else False,
        suppressed=number in facts.suppressed,
        texts_for_this_cart=cart.texts_sent,
        last_marketing_text_at=contact.texted_at if contact else None,
        contact_cap=runtime.settings.contact_cap,
        asks_twice=opt_in.wished(store, contact.country if contact else None),
    )


def store_state(store: Store, now: datetime) -> StoreState:
    """How the store stands; a pause whose end has come is over, whoever writes that down."""
    over = store.status == "paused" and store.paused_until is not None and store.paused_until <= now
    return StoreState.ACTIVE if over else StoreState(store.status)


def allowed_countries(limit: tuple[str, ...] | None, store: Store) -> frozenset[str] | None:
    """The countries that a store may text; None: any. The store's own choice only narrows the limit."""
    outer = outer_countries(limit, store)
    if store.countries is None:
        return outer
    chosen = frozenset(store.countries)
    return chosen if outer is None else chosen & outer


def outer_countries(limit: tuple[str, ...] | None, store: Store) -> frozenset[str] | None:
    """The countries that a store may choose from; None: any.

    ``limit`` is the setting COUNTRIES: a list, ``*``, or None for the store's own country and those it
    ships to.
    """
    if limit == ("*",):
        return None
    return frozenset(limit or filter(None, (store.country, *store.ships_to)))


def _lock_carts(session: Session, names: Collection[Name]) -> list[tuple[Cart, Contact | None]]:
    """What somebody changes right now is left out: it will be another cart in a moment."""
    query = (
        select(Cart, Contact)
        .outerjoin(Contact, (Contact.store_id == Cart.store_id) & (Contact.id == Cart.contact_id))
        .where(tuple_(Cart.store_id, Cart.id).in_(names))
        .order_by(Cart.id)
        .with_for_update(of=Cart, skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    return [(cart, contact) for cart, contact in session.execute(query)]


def stores_by_id(session: Session, ids: Collection[int]) -> dict[int, Store]:
    return {store.id: store for store in session.scalars(select(Store).where(bulk.among(Store.id, ids)))}


def _enrolled(session: Session, names: Collection[Name]) -> set[Name]:
    subject = (Enrollment.store_id, Enrollment.subject_id)
    query = select(*subject).where(Enrollment.subject_type == "cart", tuple_(*subject).in_(names))
    return {(store_id, cart_id) for store_id, cart_id in session.execute(query)}


ORDERED = text(
    """
    SELECT cart.store_id, cart.id
    FROM unnest(CAST(:stores AS bigint[]), CAST(:carts AS bigint[])) AS wanted(store_id, id)
    JOIN cart USING (store_id, id)
    LEFT JOIN contact ON contact.store_id = cart.store_id AND contact.id = cart.contact_id
    WHERE EXISTS (SELECT FROM "order" o WHERE o.store_id = cart.store_id AND o.cart_id = cart.id)
       OR EXISTS (SELECT FROM "order" o WHERE o.store_id = cart.store_id
                  AND o.contact_id = cart.contact_id AND o.placed_at >= cart.activity_at)
       OR EXISTS (SELECT FROM "order" o WHERE o.store_id = cart.store_id
                  AND o.email IN (cart.email, contact.email) AND o.placed_at >= cart.activity_at)
       OR EXISTS (SELECT FROM "order" o WHERE o.store_id = cart.store_id
                  AND o.customer_id IN (cart.customer_id, contact.customer_id)
                  AND o.placed_at >= cart.activity_at)
    """
)


def ordered(session: Session, names: Collection[Name]) -> set[Name]:
    """Carts that were ordered, or whose person (number, e-mail, customer) ordered since the last activity."""
    store_ids, cart_ids = [name[0] for name in names], [name[1] for name in names]
    rows = session.execute(ORDERED, {"stores": store_ids, "carts": cart_ids})
    return {(store_id, cart_id) for store_id, cart_id in rows}


BUSY_STORES = text(
    "SELECT DISTINCT store_id FROM inbound_event"
    " WHERE state = 'pending' AND store_id = ANY(CAST(:stores AS bigint[]))"
)

PENDING = text(
    """
    SELECT DISTINCT wanted.store_id, wanted.cart_id
    FROM unnest(CAST(:stores AS bigint[]), CAST(:carts AS bigint[]), CAST(:names AS text[]))
        AS wanted(store_id, cart_id, name)
    JOIN inbound_event ON inbound_event.state = 'pending'
        AND inbound_event.store_id = wanted.store_id AND inbound_event.mentions @> ARRAY[wanted.name]
    """
)


def with_pending_events(session: Session, rows: Sequence[tuple[Cart, Contact | None]]) -> set[Name]:
    """Carts that an unapplied event of the inbox may be about. Mostly no such event waits at all."""
    busy = set(session.scalars(BUSY_STORES, {"stores": list({cart.store_id for cart, _ in rows})}))
    rows = [(cart, contact) for cart, contact in rows if cart.store_id in busy]
    if not rows:
        return set()
    keys = _cart_keys(session, [(cart.store_id, cart.id) for cart, _ in rows])
    asked = [
        (cart.store_id, cart.id, mention)
        for cart, contact in rows
        for mention in [*keys.get((cart.store_id, cart.id), []), *mentions.of_cart(cart, contact)]
    ]
    stores, carts, names = [[row[column] for row in asked] for column in range(3)]
    found = session.execute(PENDING, {"stores": stores, "carts": carts, "names": names})
    return {(store_id, cart_id) for store_id, cart_id in found}


def _cart_keys(session: Session, names: Collection[Name]) -> dict[Name, list[str]]:
    owner = (CartKey.store_id, CartKey.cart_id)
    query = select(*owner, CartKey.kind, CartKey.value).where(tuple_(*owner).in_(names))
    found: dict[Name, list[str]] = {}
    for store_id, cart_id, kind, value in session.execute(query):
        found.setdefault((store_id, cart_id), []).append(f"{kind}:{value}")
    return found


CONSENTS = text(
    """
    SELECT store_id, address, state, confirmed
    FROM unnest(CAST(:stores AS bigint[]), CAST(:phones AS text[])) AS wanted(store_id, address)
    JOIN consent USING (store_id, address)
    WHERE channel = 'sms'
    """
)


def _consents(
    session: Session, rows: Sequence[tuple[Cart, Contact | None]]
) -> dict[tuple[int, str], Row[*tuple[Any, ...]]]:
    contacts = [contact for _, contact in rows if contact]
    numbers = {"stores": [one.store_id for one in contacts], "phones": [one.phone for one in contacts]}
    return {(row.store_id, row.address): row for row in session.execute(CONSENTS, numbers)}


SUPPRESSED = text(
    """
    SELECT domain, number_hash
    FROM unnest(CAST(:domains AS text[]), CAST(:hashes AS text[])) AS wanted(domain, number_hash)
    JOIN suppression USING (domain, number_hash)
    WHERE channel = 'sms' AND lifted_at IS NULL
    """
)


def suppressed(
    session: Session,
    runtime: Runtime,
    stores: dict[int, Store],
    rows: Sequence[tuple[Cart, Contact | None]],
) -> set[tuple[int, str]]:
    """The numbers, by (store id, E.164), that said stop at this domain, perhaps before a reinstall."""
    hashed = {}
    for _, contact in rows:
        if contact is not None:
            domain = stores[contact.store_id].domain
            number = keyed_hash(runtime.settings.hash_key, domain, contact.phone)
            hashed[domain, number] = (contact.store_id, contact.phone)
    names = {"domains": [domain for domain, _ in hashed], "hashes": [number for _, number in hashed]}
    return {hashed[domain, number] for domain, number in session.execute(SUPPRESSED, names)}
