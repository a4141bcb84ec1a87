"""The offers of the made-up past: decided as in life, told of in the last text, used by some orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.discounts import Goods
from flows import offers
from flows.compose import OfferText
from flows.gates import Situation
from flows.offer_form import Rung
from flows.offers import Case, Decision, Line, NoOffer, Offer
from flows.sample_history.settings import CURRENCY, FLOW, SHELF

if TYPE_CHECKING:
    from flows.sample_history.cart import Cart
    from flows.sample_history.past import Past

HUNDRED = Decimal(100)


def decide(cart: Cart, index: int, situation: Situation) -> Decision | None:
    """What the text of a step offers; None for a step without offer."""
    step = FLOW.steps[index]
    if step.offer is Rung.NONE or cart.person is None:
        return None
    lines = (Line(title, count, SHELF[title], Goods()) for title, count in cart.lines.items())
    return offers.decide(
        Case(
            now=situation.now,
            offers=FLOW.offers,
            rung=step.offer,
            currency=CURRENCY,
            country=cart.person.country,
            zones=situation.zones,
            today=situation.now.date(),
            lines=tuple(lines),
            last_offer_at=cart.person.offered_at,
        )
    )


def words(decision: Decision | None) -> OfferText | None:
    """The offer as the text tells it."""
    if not isinstance(decision, Offer) or decision.value is None:
        return None
    return OfferText(percent=int(decision.value), last_day=decision.last_day)


def tell(cart: Cart, index: int, decision: Decision | None, at: datetime) -> None:
    """Note what the text offered, with its code, or why nothing."""
    step = FLOW.steps[index]
    if isinstance(decision, NoOffer):
        cart.line("no_offer", at, decision.reason, step_key=step.key)
    if not isinstance(decision, Offer) or cart.person is None:
        return
    code = f"back-{cart.token[:8].lower()}{len(cart.past.rows['discount'])}"
    cart.person.offered_at = at
    cart.offer = cart.past.add(
        "discount",
        enrollment_id=cart.enrollment,
        cart_id=cart.place,
        contact_id=cart.person.contact,
        step_key=step.key,
        rung=step.offer.value,
        kind=decision.kind.value,
        value=decision.value,
        currency=decision.currency,
        minimum=decision.minimum,
        code=code,
        mark=f"sample-{code}",
        platform_id=code,
        state="made",
        reason=None,
        ends_at=decision.ends_at,
        created_at=at,
        made_at=at,
        ended_at=None,
        withdrawn_at=None,
    )
    details = {
        "kind": decision.kind.value,
        "value": str(decision.value),
        "currency": decision.currency,
        "code": code,
        "last_day": decision.last_day.isoformat(),
    }
    cart.line("offered", at, step_key=step.key, details=details)


def use(cart: Cart, at: datetime) -> tuple[list[str], Decimal]:
    """The codes of an order, and the share of the total that is paid: who came by a link has its code."""
    if cart.offer is None or cart.person is None:
        return [], Decimal(1)
    made = cart.past.of("discount", cart.offer)
    came = any(
        click.cart == cart.place and made["created_at"] <= click.at <= at for click in cart.person.clicks
    )
    if not came or at >= made["ends_at"]:
        return [], Decimal(1)
    return [made["code"]], 1 - made["value"] / HUNDRED


def end(cart: Cart, reason: str, at: datetime) -> None:
    """An order or a stop ends the cart's code."""
    if cart.offer is not None and at < cart.past.of("discount", cart.offer)["ends_at"]:
        _end(cart.past, cart.offer, reason, at)


def run_out(past: Past) -> None:
    """Codes that nobody used end with their last day."""
    for place, made in enumerate(past.rows["discount"]):
        if made["state"] == "made" and made["ends_at"] < past.until:
            _end(past, place, "over", made["ends_at"])


def _end(past: Past, place: int, reason: str, at: datetime) -> None:
    made = past.of("discount", place)
    past.change("discount", place, state="ended", reason=reason, ended_at=at, withdrawn_at=at)
    past.line(made["cart_id"], "withdrawn", at, reason, step_key=made["step_key"])
