"""What became of a text after the provider took it: states that only move forward, prices, failures."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import Delivery, InboundEvent, Message, Store, Usage
from app.runtime import Runtime
from connectors.sms import CallbackRequest, Category, Receipt, Status, moves_forward
from flows import outcomes, providers, refusals, retries, stats, timeline
from flows.conflicts import NotYet
from flows.outgoing import story

log = structlog.get_logger()

# A provider may tell of a text before we have written down its id. The inbox tries such a receipt again,
# with growing pauses; after so many tries it is of a text that is not ours.
MOST_TRIES = 4

# What a later try may mend; a text goes once more for it, and not a third time.
REPEATED = {
    Category.TEMPORARY: retries.AFTER_TEMPORARY_FAILURE,
    Category.QUIET_HOURS: refusals.QUIET_PAUSE,
}


def apply(session: Session, runtime: Runtime, event: InboundEvent) -> None:
    """Apply a stored receipt. Raises MalformedCallback, and NotYet for one that came before our own write."""
    name = event.source.split(":")[1]
    provider = providers.provider(runtime)
    if provider.name != name:
        log.warning("receipt_of_other_provider", event_id=event.id, provider=name)
        return
    receipt = provider.parse_receipt(callback_of(event))
    if not take(session, runtime, name, receipt, runtime.clock.now()):
        if event.attempts < MOST_TRIES:
            raise NotYet("the text of this receipt is not known yet")
        log.warning("receipt_of_unknown_text", event_id=event.id, provider=name)


def callback_of(event: InboundEvent) -> CallbackRequest:
    """A callback as it was stored. Its signature was checked then: the address no longer matters."""
    return CallbackRequest("POST", "", event.headers, event.body or b"")


def take(session: Session, runtime: Runtime, name: str, receipt: Receipt, now: datetime) -> bool:
    """Write down what a receipt tells; False if no text of ours is known by its provider's id."""
    row = session.execute(
        select(Delivery, Message)
        .join(Message, (Message.store_id == Delivery.store_id) & (Message.id == Delivery.message_id))
        .where(Delivery.provider == name, Delivery.provider_id == receipt.provider_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return False
    delivery, message = row
    failed_before = delivery.category is not None
    delivery.status, delivery.code = receipt.provider_status, receipt.code or delivery.code
    _price(session, delivery, receipt)
    if receipt.sender:
        outcomes.remember_senders(session, [(receipt.sender, message)], message.accepted_at or now)
    if receipt.status is None:
        log.warning("receipt_status_unknown", provider=name, status=receipt.provider_status)
    elif receipt.status in (Status.UNDELIVERED, Status.FAILED):
        if not failed_before:
            delivery.category = (receipt.category or Category.UNKNOWN).value
            _fail(session, runtime, delivery, message, receipt, now)
    elif _moves(message, receipt.status):
        _move(session, message, receipt.status, now)
    store = session.get_one(Store, message.store_id)
    stats.flag(session, store.id, store.timezone, [message.accepted_at or now], now)
    return True


def _moves(message: Message, reported: Status) -> bool:
    return message.status != "sending" and moves_forward(Status(message.status), reported)


def _move(session: Session, message: Message, status: Status, now: datetime) -> None:
    message.status = status.value
    if status is Status.DELIVERED:
        message.delivered_at = message.final_at = now
        message.reason = None
        timeline.record_all(session, story(message, "delivered", now))


def _fail(
    session: Session,
    runtime: Runtime,
    delivery: Delivery,
    message: Message,
    receipt: Receipt,
    now: datetime,
) -> None:
    """A text did not arrive. It goes once more if that may help; an earlier call's failure means nothing
    once a later call was made."""
    category = receipt.category or Category.UNKNOWN
    about = (delivery.provider, delivery.sender, message.country)
    providers.take_note(session, *about, category, receipt.code, now)
    refusals.heed(session, runtime, message, category, f"delivery:{delivery.id}", now, by_receipt=True)
    status = receipt.status or Status.UNDELIVERED
    if not _moves(message, status) or _was_called_again(session, delivery):
        return
    pause = REPEATED.get(category)
    if pause is not None and message.enrollment_id is not None and _calls(session, message) == 1:
        timeline.record_all(session, story(message, "undelivered", now, category.value, now + pause))
        message.reason = category.value
        retries.plan(session, message, now + pause, now)
        return
    timeline.record_all(session, story(message, status.value, now, category.value))
    message.status, message.reason, message.final_at = status.value, category.value, now


def _was_called_again(session: Session, delivery: Delivery) -> bool:
    later = select(Delivery.id).where(
        Delivery.store_id == delivery.store_id,
        Delivery.message_id == delivery.message_id,
        Delivery.attempt > delivery.attempt,
    )
    return session.scalar(later.limit(1)) is not None


def _calls(session: Session, message: Message) -> int:
    """How many calls for this text the provider accepted."""
    query = select(func.count()).where(
        Delivery.store_id == message.store_id,
        Delivery.message_id == message.id,
        Delivery.outcome == "accepted",
    )
    return session.scalar(query) or 0


def _price(session: Session, delivery: Delivery, receipt: Receipt) -> None:
    """A price is told late, and once; segments that were not known at first are counted then."""
    told: dict[str, object] = {}
    if receipt.price is not None:
        told |= {"price": receipt.price, "currency": receipt.currency}
    if receipt.segments:
        told["segments"] = receipt.segments
    if told:
        session.execute(
            update(Usage)
            .where(Usage.store_id == delivery.store_id, Usage.delivery_id == delivery.id)
            .values(**told)
        )
