"""The texts of the made-up past, and what follows from them: receipts, clicks, orders, stops.

How often people do what is near what vendors publish of cart texts: 12 to 19 % click, 5 to 10 % of the
texted carts come back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.after_tap import passed
from flows.attribution import CLICK_COUNTS_FOR
from flows.compose import Answer, CartText, Composed, OfferText, Product, compose, compose_service
from flows.consent import Standing
from flows.devices import device
from flows.gates import Answer as GateAnswer
from flows.language import Wishes
from flows.links import TOKEN_LENGTH, link_end
from flows.sample_history import offer
from flows.sample_history.people import Click, Person
from flows.sample_history.settings import CURRENCY, FLOW, LANGUAGE, NAME, PRICES, PROVIDER, SENDER

if TYPE_CHECKING:
    from flows.sample_history.cart import Cart
    from flows.sample_history.past import Past

CLICKS = {"reminder": 0.19, "second_call": 0.135, "last_call": 0.115}
GOES_ON = {"contact": 0.3, "shipping": 0.14, "payment": 0.07}
DELIVERED, PREVIEWED, STOPS, BUYS_UNPROMPTED = 0.968, 0.025, 0.008, 0.004
BUYS_AFTER_CLICK, BUYS_AFTER_OFFER = 0.11, 0.17
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Mobile/15E148 Safari/604.1"
PREVIEWER = "WhatsApp/2.24.6 A"
ANY_LINK = "/r/" + "0" * TOKEN_LENGTH


class _Found(NamedTuple):
    """The columns of a recovery."""

    message_id: int
    cart_id: int
    rule: str
    clicked: bool


def send(cart: Cart, index: int, at: datetime, answer: GateAnswer) -> datetime:
    """Send the text of a step; the moment at which the provider took it."""
    past, step = cart.past, FLOW.steps[index]
    person, token = _known(cart.person), past.token()
    decision = offer.decide(cart, index, cart.situation(at))
    product = next(iter(cart.lines))
    words = _words(past.address, step.key, person.language, person.country, product, offer.words(decision))
    message = add_message(
        past,
        person,
        at,
        cart_id=cart.place,
        enrollment_id=cart.enrollment,
        step_key=step.key,
        kind=step.kind,
        language=words.language,
        language_reason=words.language_reason.value,
        body=words.body.replace(ANY_LINK, f"/r/{token}"),
        encoding=words.measure.encoding.value,
        segments=words.measure.segments,
        link_token=token,
        validity_until=answer.until,
    )
    cart.texts.append(message)
    accepted_at: datetime = past.of("message", message)["accepted_at"]
    person.texted_at = at
    _count(cart, index, at, accepted_at)
    offer.tell(cart, index, decision, at)
    link = past.add(
        "link",
        token=token,
        message_id=message,
        cart_id=cart.place,
        contact_id=person.contact,
        created_at=at,
        expires_at=link_end(cart.left_at, FLOW.trigger.cutoff),
        ended_at=None,
        progress=None,
    )
    arrived_at = _arrive(cart, message, step.key, at)
    if arrived_at is not None:
        _react(cart, person, message, link, step.key, arrived_at)
    return accepted_at


def attribute(cart: Cart, order: int, number: str, at: datetime) -> None:
    """Whether the order counts as recovered, by the rule of ``flows.attribution``."""
    past, clicks = cart.past, cart.person.clicks if cart.person else []
    accepted = [message for message in cart.texts if past.of("message", message)["accepted_at"] <= at]
    before = [click for click in clicks if at - CLICK_COUNTS_FOR <= click.at <= at]
    if accepted:
        clicked = any(click.message in accepted and click.at <= at for click in clicks)
        found = _Found(accepted[-1], cart.place, "cart", clicked)
    elif before:
        last = max(before, key=lambda click: click.at)
        found = _Found(last.message, last.cart, "click", True)
    else:
        return
    past.add("recovery", order_id=order, recovered_at=at, **found._asdict())
    if found.clicked:
        _order_after_tap(past, [click for click in before if click.cart == found.cart_id], at)
    details = {"order": number, "number": number, "rule": found.rule}
    past.line(found.cart_id, "recovered", at, details=details)


def _order_after_tap(past: Past, clicks: list[Click], at: datetime) -> None:
    if clicks:
        last = max(clicks, key=lambda click: click.at)
        past.change("link", last.link, progress=passed("ordered", at))


def add_message(past: Past, person: Person, at: datetime, **columns: Any) -> int:
    """A text that the provider took, with its delivery and its price."""
    accepted_at = at + timedelta(milliseconds=past.random.randrange(120, 900))
    message = past.add(
        "message",
        contact_id=person.contact,
        channel="sms",
        phone=person.phone,
        country=person.country,
        sender=SENDER,
        status="accepted",
        reason=None,
        clicked_at=None,
        created_at=at,
        accepted_at=accepted_at,
        delivered_at=None,
        final_at=None,
        **columns,
    )
    delivery = past.add(
        "delivery",
        message_id=message,
        provider=PROVIDER,
        sender=SENDER,
        provider_id=f"sample-{message}",
        outcome="accepted",
        status="accepted",
        category=None,
        started_at=at,
        answered_at=accepted_at,
    )
    past.add(
        "usage",
        delivery_id=delivery,
        provider=PROVIDER,
        country=person.country,
        segments=columns["segments"],
        price=PRICES[person.country] * columns["segments"],
        currency=CURRENCY,
        occurred_at=accepted_at,
    )
    return message


def _count(cart: Cart, index: int, at: datetime, accepted_at: datetime) -> None:
    """The flow goes on to the next step, or is done."""
    past, step = cart.past, FLOW.steps[index]
    cart.change(texts_sent=len(cart.texts), updated_at=accepted_at)
    done = index + 1 == len(FLOW.steps)
    moved = {"state": "completed", "ended_at": accepted_at} if done else {}
    past.change("enrollment", cart.enrollment or 0, step_index=index + 1, sent=len(cart.texts), **moved)
    once_key = f"step:{cart.token}:{step.key}:0"
    past.add("message_once", once_key=once_key, message_id=cart.texts[-1], created_at=at)
    for kind, moment in (("sending", at), ("sent", accepted_at)):
        cart.line(kind, moment, step_key=step.key, message_id=cart.texts[-1])


def _arrive(cart: Cart, message: int, key: str, at: datetime) -> datetime | None:
    """The network's receipt; when the text arrived, None if it did not."""
    past = cart.past
    final_at = at + timedelta(seconds=2) + past.minutes(0.02, 1.5)
    if final_at >= past.until:
        return None
    if past.chance(DELIVERED):
        _finish(past, message, "delivered", final_at, delivered_at=final_at)
        cart.line("delivered", final_at, step_key=key, message_id=message)
        return final_at
    _finish(past, message, "undelivered", final_at, reason="unreachable")
    past.change("delivery", message, category="unreachable")
    cart.line("undelivered", final_at, "unreachable", step_key=key, message_id=message)
    return None


def _finish(past: Past, message: int, status: str, at: datetime, **columns: Any) -> None:
    """Messages and deliveries stand at the same places: each text left with its first call."""
    past.change("message", message, status=status, final_at=at, **columns)
    past.change("delivery", message, status=status)


def _react(cart: Cart, person: Person, message: int, link: int, key: str, arrived_at: datetime) -> None:
    past = cart.past
    if past.chance(PREVIEWED):
        opened_at = arrived_at + timedelta(seconds=past.random.randrange(1, 6))
        _open(cart, message, link, key, opened_at, human=False)
    if past.chance(CLICKS[key]):
        clicked_at = arrived_at + past.minutes(0.5, 700)
        if clicked_at >= past.until:
            return
        _open(cart, message, link, key, clicked_at, human=True)
        past.change("message", message, clicked_at=clicked_at)
        person.clicks.append(Click(clicked_at, message, cart.place, link))
        if past.chance(BUYS_AFTER_CLICK if cart.offer is None else BUYS_AFTER_OFFER):
            cart.order(clicked_at + past.minutes(2, 45))
        else:
            _go_on(past, link, clicked_at)
    elif past.chance(STOPS):
        _stop(cart, person, arrived_at + past.minutes(0.5, 90))
    elif past.chance(BUYS_UNPROMPTED):
        cart.order(arrived_at + past.minutes(20, 1200))


def _go_on(past: Past, link: int, at: datetime) -> None:
    """How far those come who do not buy."""
    steps = [step for step, share in GOES_ON.items() if past.chance(share)]
    at += past.minutes(0.5, 10)
    if steps and at < past.until:
        past.change("link", link, progress=passed(steps[-1], at))


def _open(cart: Cart, message: int, link: int, key: str, at: datetime, *, human: bool) -> None:
    agent = BROWSER if human else PREVIEWER
    if at < cart.past.until:
        cart.past.add("click", link_id=link, human=human, agent=agent, occurred_at=at)
    details = {"opened_on": device(agent)} if human else {}
    cart.line("clicked" if human else "bot_clicked", at, step_key=key, message_id=message, details=details)


def _stop(cart: Cart, person: Person, at: datetime) -> None:
    """The shopper answers STOP, and is told once that it was heard."""
    past = cart.past
    if at >= past.until:
        return
    number = len(past.rows["reply"])
    past.add(
        "reply",
        contact_id=person.contact,
        provider=PROVIDER,
        provider_id=f"sample-{number}",
        from_number=person.phone,
        to_number=SENDER,
        body="STOP",
        intent="stop",
        answered=True,
        received_at=at,
    )
    person.consent = Standing.WITHDRAWN
    past.say(person, "withdrawn", at, "keyword_stop", f"reply:{number}")
    past.stopped.append((person.phone, at))
    for row in past.rows["link"][-400:]:
        if row["contact_id"] == person.contact:
            row["ended_at"] = at
    cart.line("replied", at, details={"intent": "stop"})
    offer.end(cart, "stopped", at)
    cart.end("stopped", at)
    _confirm_stop(past, person, at + timedelta(seconds=1))


def _confirm_stop(past: Past, person: Person, at: datetime) -> None:
    wishes = Wishes(checkout_locale=person.language, number_country=person.country, store_locale=LANGUAGE)
    words = compose_service(Answer.STOP, wishes, NAME, "")
    message = add_message(
        past,
        person,
        at,
        cart_id=None,
        enrollment_id=None,
        step_key=None,
        kind="stop_confirmation",
        language=words.language,
        language_reason=words.language_reason.value,
        body=words.body,
        encoding=words.measure.encoding.value,
        segments=words.measure.segments,
        link_token=None,
        validity_until=None,
    )
    past.add("message_once", once_key=f"stop-confirmation:{message}", message_id=message, created_at=at)
    _finish(past, message, "delivered", at + timedelta(seconds=4), delivered_at=at + timedelta(seconds=4))


@lru_cache(maxsize=1024)
def _words(
    address: str, key: str, language: str, country: str, product: str, offered: OfferText | None
) -> Composed:
    """The words of a step; one long link stands for all, for tokens are equally long."""
    wishes = Wishes(checkout_locale=language, country=country, store_locale=LANGUAGE)
    return compose(
        CartText(key, NAME, address + ANY_LINK, wishes, products=(Product(product),), offer=offered)
    )


def _known(person: Person | None) -> Person:
    if person is None:
        raise ValueError("a cart without a number has no texts")
    return person
