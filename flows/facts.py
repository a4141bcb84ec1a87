"""Everything that decides about the texts of many due rows, loaded with a query per kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, text, tuple_
from sqlalchemy.orm import Session

from app.models import Cart, Contact, Delivery, Discount, Enrollment, Message, Store, TimelineEntry
from app.models.message import OPEN_MESSAGE_STATUSES
from app.runtime import Runtime
from flows import bulk, candidates, caps, contact_history, due, identities, in_season, providers, registry
from flows.contact_history import History
from flows.definition import FlowDefinition, Step
from flows.due import Claim
from flows.gates import PlatformCheck, Situation, StepKind
from flows.in_season import Running
from flows.offer_form import DEFAULT, Offers
from flows.providers import Senders
from flows.senders import Identity, Sender, senders_for
from flows.windows import Hours, windows_for
from flows.zones import possible_zones

UNKNOWN_OUTCOMES = ("calling", "in_doubt")
SALE_TOLD = "sale_is_as_good"
"""The reason on the timeline of a text that tells of a sale in place of an offer."""


@dataclass(frozen=True, slots=True)
class DueStep:
    """A text whose turn has come, with the rows that it is about; cart and contact are locked.

    ``sender`` is the first of ``wanted_senders`` that may send it, None where none may. ``message`` is a
    text that certainly did not leave, or did not arrive, and may go once more, with its last provider
    call, the code that it tells of, and the percents of the sale that it tells of (``told_sale``).
    ``earlier`` is a text of this very step that was claimed for sending before. ``step`` and ``offers`` are
    as the ``season`` makes them that runs where the shopper is.
    """

    claim: Claim
    enrollment: Enrollment
    cart: Cart
    contact: Contact
    store: Store
    flow: FlowDefinition
    step: Step
    wanted_senders: tuple[Sender, ...]
    sender: Sender | None
    situation: Situation
    message: Message | None = None
    last_call: Delivery | None = None
    earlier: Message | None = None
    season: Running | None = None
    offers: Offers = DEFAULT
    code: Discount | None = None
    told_sale: int | None = None

    @property
    def in_doubt(self) -> Message | None:
        """A text of which nobody knows whether it left: its worker died over the call."""
        if self.last_call is not None and self.last_call.outcome in UNKNOWN_OUTCOMES:
            return self.message
        return self.earlier

    @property
    def once_key(self) -> str:
        return f"step:{self.enrollment.id}:{self.step.key}:{self.enrollment.round}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """``over``: claims with nothing left to do. ``busy``: their rows are being changed by somebody else."""

    steps: list[DueStep]
    over: list[Claim]
    busy: list[Claim]
    senders: Senders


@dataclass(frozen=True, slots=True)
class _Rows:
    enrollment: Enrollment
    cart: Cart
    contact: Contact
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is the same for all claims of a batch."""

    runtime: Runtime
    stores: Mapping[int, Store]
    flows: Mapping[tuple[int, int, int], FlowDefinition]
    facts: candidates.Facts
    identities: Mapping[int, Identity]
    senders: Senders
    checks: Mapping[int, PlatformCheck]
    calls: Mapping[int, Delivery]
    histories: Mapping[int, History]
    now: datetime


def load(
    session: Session,
    runtime: Runtime,
    claims: Sequence[Claim],
    checks: Mapping[int, PlatformCheck],
    now: datetime,
) -> Loaded:
    """What is due for these claims, of the kinds ``step`` and ``resend``.

    ``checks`` is what platforms answered about orders, by claim id.
    """
    rows = _lock(session, claims)
    missing = [claim for claim in claims if claim.id not in rows]
    there = _existing(session, missing)
    stores = candidates.stores_by_id(session, {claim.store_id for claim in claims})
    pairs = [(found.cart, found.contact) for found in rows.values()]
    known = _Known(
        runtime,
        stores,
        registry.versions(session, {_version(found.enrollment) for found in rows.values()}),
        candidates.load_facts(session, runtime, stores, pairs),
        identities.load(session, runtime.settings, stores.values()),
        providers.load_senders(session, runtime.settings.sms_provider, now),
        checks,
        last_calls(session, [found.message.id for found in rows.values() if found.message is not None]),
        contact_history.load(session, [found.contact for found in rows.values()], now),
        now,
    )
    found = [_due_step(known, claim, rows[claim.id]) for claim in claims if claim.id in rows]
    steps = [step for step in found if step is not None]
    going_on = {step.claim.id for step in steps} | there
    return Loaded(
        steps=_with_sales(session, _with_codes(session, _with_earlier(session, steps))),
        over=[claim for claim in claims if claim.id not in going_on],
        busy=[claim for claim in missing if claim.id in there],
        senders=known.senders,
    )


def _due_step(known: _Known, claim: Claim, rows: _Rows) -> DueStep | None:
    """None: the step is done in some way."""
    flow, store = known.flows.get(_version(rows.enrollment)), known.stores[claim.store_id]
    step = _step_of(rows, flow)
    if flow is None or step is None:
        return None
    contact = rows.contact
    wanted = _wanted_senders(known.identities[store.id], contact, rows.message)
    sender = known.senders.choose(wanted, contact.country)
    situation = candidates.situation(
        known.runtime, store, rows.cart, rows.contact, flow, known.facts, known.now
    )
    situation = _for_sending(situation, known, claim, rows, step, sender)
    country = rows.cart.country or contact.country
    season = in_season.running_at(flow, country, known.now, situation.zones)
    step, offers = in_season.in_season(flow, step, season)
    return DueStep(
        claim=claim,
        enrollment=rows.enrollment,
        cart=rows.cart,
        contact=rows.contact,
        store=store,
        flow=flow,
        step=step,
        wanted_senders=wanted,
        sender=sender,
        situation=situation,
        message=rows.message,
        last_call=known.calls.get(rows.message.id) if rows.message else None,
        season=season,
        offers=offers,
    )


def _lock(session: Session, claims: Sequence[Claim]) -> dict[int, _Rows]:
    """The rows of each claim, by its id, without those that somebody else is changing at this moment.

    Carts before due rows, as intake locks them: two that lock in the same order never wait for each other.
    """
    steps = {claim.subject: claim for claim in claims if claim.kind == due.STEP}
    resends = {claim.subject: claim for claim in claims if claim.kind == due.RESEND}
    found: dict[int, _Rows] = {}
    if steps:
        query = _locked(select(Enrollment, Cart, Contact)).where(bulk.among(Enrollment.id, steps))
        for enrollment, cart, contact in session.execute(query):
            claim = steps[enrollment.id]
            if claim.store_id == enrollment.store_id:
                found[claim.id] = _Rows(enrollment, cart, contact)
    if resends:
        same = (Message.store_id == Enrollment.store_id) & (Message.enrollment_id == Enrollment.id)
        query = _locked(select(Enrollment, Cart, Contact, Message).join(Message, same), Message)
        query = query.where(Message.id.in_(resends))
        for enrollment, cart, contact, message in session.execute(query):
            claim = resends[message.id]
            if claim.store_id == message.store_id:
                found[claim.id] = _Rows(enrollment, cart, contact, message)
    return found


def _locked(query: Select[*tuple[Any, ...]], *also: type[Message]) -> Select[*tuple[Any, ...]]:
    return (
        query.join(Cart, (Cart.store_id == Enrollment.store_id) & (Cart.id == Enrollment.subject_id))
        .join(Contact, (Contact.store_id == Enrollment.store_id) & (Contact.id == Enrollment.contact_id))
        .where(Enrollment.subject_type == "cart")
        .order_by(Cart.id)
        .with_for_update(of=[Cart, Contact, *also], skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )


def _existing(session: Session, claims: Sequence[Claim]) -> set[int]:
    """The ids of those claims whose subject is there at all."""
    found: set[int] = set()
    for kind, model in ((due.STEP, Enrollment), (due.RESEND, Message)):
        subjects = {claim.subject: claim.id for claim in claims if claim.kind == kind}
        if subjects:
            there = session.scalars(select(model.id).where(model.id.in_(subjects)))
            found.update(subjects[subject] for subject in there)
    return found


def _version(enrollment: Enrollment) -> tuple[int, int, int]:
    return enrollment.store_id, enrollment.flow_id, enrollment.flow_version


def _step_of(rows: _Rows, flow: FlowDefinition | None) -> Step | None:
    """The step that the claim is about; None if that is done in some way."""
    enrollment, message = rows.enrollment, rows.message
    if flow is None:
        return None
    if message is not None:
        unfinished = message.status in OPEN_MESSAGE_STATUSES
        return next((step for step in flow.steps if unfinished and step.key == message.step_key), None)
    goes_on = enrollment.state == "active" and enrollment.step_index < len(flow.steps)
    return flow.steps[enrollment.step_index] if goes_on else None


def _wanted_senders(identity: Identity, contact: Contact, message: Message | None) -> tuple[Sender, ...]:
    """A text that says "reply STOP" goes once more only from where a reply can arrive."""
    wanted = senders_for(identity, contact.country, contact.sender)
    if message is None:
        return wanted
    return tuple(one for one in wanted if one.receives_replies or one.value == message.sender)


def _for_sending(
    situation: Situation, known: _Known, claim: Claim, rows: _Rows, step: Step, sender: Sender | None
) -> Situation:
    """The situation with what matters to sending only; a text does not stand in its own way."""
    contact, message = rows.contact, rows.message
    store, places = known.stores[contact.store_id], contact_history.places_of(contact)
    history = known.histories.get(contact.id, contact_history.NOTHING)
    own = message.id if message is not None else None
    situation = replace(
        at_recipient(situation, store, contact),
        kind=StepKind(step.kind),
        platform_check=known.checks.get(claim.id) or PlatformCheck.UNKNOWN,
        sender_available=sender is not None,
        caps=caps.caps_for(places),
        avoided_hours=frozenset(store.avoided_hours if store.avoids_hours else ()),
        conversation_until=history.conversation_until,
        recent_texts=tuple(at for message_id, at in history.texts.items() if message_id != own),
    )
    if message is None:
        return situation
    last = situation.last_marketing_text_at
    return replace(
        situation,
        texts_for_this_cart=situation.texts_for_this_cart - 1,
        last_marketing_text_at=None if last == message.created_at else last,
    )


def at_recipient(situation: Situation, store: Store, contact: Contact) -> Situation:
    """The situation with what holds where the recipient may be, and what merchant and recipient chose."""
    address = (contact.phone, contact.address_country, contact.region, contact.postcode)
    return replace(
        situation,
        kinds_off=frozenset(contact.kinds_off),
        windows=windows_for(contact_history.places_of(contact)),
        zones=possible_zones(*address),
        quiet=_quiet(store, contact),
        days_off=frozenset(store.days_off),
    )


def _quiet(*wishes: Store | Contact) -> tuple[Hours, ...]:
    """The hours at which the merchant sends no texts, and at which the shopper wants none."""
    hours = ((one.quiet_from, one.quiet_to) for one in wishes)
    return tuple((start, end) for start, end in hours if start is not None and end is not None)


def last_calls(session: Session, message_ids: Sequence[int]) -> dict[int, Delivery]:
    """The last provider call for each of these texts, by the text's id."""
    if not message_ids:
        return {}
    calls = session.scalars(
        select(Delivery)
        .where(Delivery.message_id.in_(message_ids))
        .order_by(Delivery.message_id, Delivery.attempt)
        .execution_options(populate_existing=True)
    )
    return {call.message_id: call for call in calls}


EARLIER = text(
    """
    SELECT store_id, once_key, message_id
    FROM unnest(CAST(:stores AS bigint[]), CAST(:keys AS text[])) AS wanted(store_id, once_key)
    JOIN message_once USING (store_id, once_key)
    """
)


def _with_earlier(session: Session, steps: Sequence[DueStep]) -> list[DueStep]:
    fresh = {(step.store.id, step.once_key): step for step in steps if step.message is None}
    values = {"stores": [store_id for store_id, _ in fresh], "keys": [key for _, key in fresh]}
    found = session.execute(EARLIER, values).all() if fresh else []
    if not found:
        return list(steps)
    texts = session.scalars(select(Message).where(Message.id.in_([message_id for _, _, message_id in found])))
    by_id = {message.id: message for message in texts}
    earlier = {fresh[store_id, key].claim.id: by_id[message_id] for store_id, key, message_id in found}
    return [replace(step, earlier=earlier.get(step.claim.id)) for step in steps]


def _with_codes(session: Session, steps: Sequence[DueStep]) -> list[DueStep]:
    """The codes of which the texts tell that may go once more; a season that is over may have made them."""
    repeated = [step for step in steps if _may_promise(step)]
    if not repeated:
        return list(steps)
    rows = session.scalars(
        select(Discount).where(
            bulk.among(Discount.store_id, {step.store.id for step in repeated}),
            bulk.among(Discount.enrollment_id, {step.enrollment.id for step in repeated}),
            Discount.reason.is_distinct_from("not_made"),
        )
    )
    codes = {(row.enrollment_id, row.step_key): row for row in rows}
    return [
        replace(step, code=codes.get((step.enrollment.id, step.step.key))) if step.message else step
        for step in steps
    ]


def _with_sales(session: Session, steps: Sequence[DueStep]) -> list[DueStep]:
    """The sales of which the texts tell that may go once more."""
    repeated = {(step.store.id, step.cart.id) for step in steps if _may_promise(step) and step.code is None}
    if not repeated:
        return list(steps)
    lines = session.scalars(
        select(TimelineEntry).where(
            tuple_(TimelineEntry.store_id, TimelineEntry.cart_id).in_(repeated),
            TimelineEntry.reason == SALE_TOLD,
        )
    )
    told = {(line.cart_id, line.step_key, line.occurred_at): line.details.get("percent") for line in lines}
    return [
        replace(step, told_sale=told.get((step.cart.id, step.step.key, step.message.created_at)))
        if step.message
        else step
        for step in steps
    ]


def _may_promise(step: DueStep) -> bool:
    """Whether it is a text that may go once more, and may have told of an offer or a sale."""
    return step.message is not None and (step.step.offer != "none" or bool(step.flow.seasons))
