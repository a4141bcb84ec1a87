"""One cart of the made-up past, from its first item to its end.

What the shopper does is rolled with dice; what the engine does about it the gates decide, as in life.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from flows import gates
from flows.consent import Standing
from flows.gates import Answer, CartState, Outcome, Situation, StoreState
from flows.sample_history import offer, text
from flows.sample_history.past import Past
from flows.sample_history.settings import CAP, CURRENCY, EXCHANGE, FLOW, SHELF
from flows.windows import windows_for
from flows.zones import possible_zones, regions_of

NO_NUMBER, BUYS_AT_ONCE, EMPTIES, BUYS_BETWEEN = 0.14, 0.2, 0.03, 0.013
CENT = Decimal("0.01")
FIRST_ORDER = 4000


class Cart:
    """``begun_at`` is the first item, ``left_at`` the last that the shopper did at the checkout."""

    def __init__(self, past: Past, begun_at: datetime) -> None:
        self.past, self.begun_at = past, begun_at
        self.left_at = begun_at + past.minutes(2, 25)
        self.person = None if past.chance(NO_NUMBER) else past.people.come(begun_at)
        titles = past.random.sample(list(SHELF), past.random.choices((1, 2, 3), (7, 3, 1))[0])
        self.lines = {title: past.random.choices((1, 2), (8, 1))[0] for title in titles}
        self.total = sum((SHELF[title] * count for title, count in self.lines.items()), Decimal(0))
        self.token = past.token()
        self.texts: list[int] = []
        self.ordered = False
        self.enrollment: int | None = None
        self.offer: int | None = None
        self.place = past.add("cart", **self._columns())
        past.add("cart_key", cart_id=self.place, kind="demo_cart", value=self.token, in_use=True)

    def live(self) -> None:
        past = self.past
        count = sum(self.lines.values())
        self.line("seen", self.begun_at, details={"items": count, "step": "cart"})
        if self.left_at >= past.until:
            return
        self._leave_contact(count)
        if past.chance(BUYS_AT_ONCE):
            self.order(self.left_at + past.minutes(1, 20))
        elif past.chance(EMPTIES):
            self._empty(self.left_at + past.minutes(1, 25))
        else:
            self._abandon(self.left_at + FLOW.trigger.idle)

    def line(self, kind: str, at: datetime, reason: str | None = None, **more: Any) -> None:
        self.past.line(self.place, kind, at, reason, **more)
        if self.person is not None:
            self.person.busy_until = max(self.person.busy_until, at)

    def change(self, **columns: Any) -> None:
        self.past.change("cart", self.place, **columns)

    def end(self, reason: str | None, at: datetime, answer: Answer | None = None) -> None:
        """Take the cart out of its flow."""
        if self.enrollment is None or self.past.of("enrollment", self.enrollment)["state"] != "active":
            return
        self.past.change("enrollment", self.enrollment, state="ended", reason=reason, ended_at=at)
        self.line("ended", at, reason, details=_held_by(answer))
        if reason == "too_late":
            self.change(state="expired", updated_at=at)

    def order(self, at: datetime) -> None:
        """The shopper buys; attribution follows ``flows.attribution``."""
        if at >= self.past.until:
            return
        self.ordered = True
        self.change(state="ordered", ordered_at=at, waits_for=None, step="payment", updated_at=at)
        number = f"NG-{FIRST_ORDER + len(self.past.rows['order'])}"
        place = self.past.add("order", **self._order_columns(number, at))
        self.past.add("order_key", order_id=place, kind="demo_cart", value=self.token)
        offer.end(self, "ordered", at)
        self.end("ordered", at)
        self.line("ordered", at, details={"order": number, "number": number})
        text.attribute(self, place, number, at)

    def _leave_contact(self, count: int) -> None:
        person, past = self.person, self.past
        self.line("changed", self.left_at, details={"items": count, "step": "contact"})
        self.change(step="contact", activity_at=self.left_at, event_at=self.left_at, updated_at=self.left_at)
        self.change(platform_updated_at=self.left_at)
        if person is None:
            return
        self.change(country=person.country, email=person.email, first_name=person.first_name)
        self.change(phone_problem=person.problem)
        if person.problem:
            return
        if person.contact is None:
            person.contact = past.add("contact", created_at=self.left_at)
        self.change(contact_id=person.contact)
        if person.agrees and person.consent is Standing.NONE:
            person.consent = Standing.GIVEN
            past.say(person, "given", self.left_at, "demo_checkout", f"box:demo_cart:{self.token}:1")

    def _empty(self, at: datetime) -> None:
        if at < self.past.until:
            self.change(state="emptied", items=[], total=Decimal(0), updated_at=at)
            self.line("emptied", at)

    def _abandon(self, at: datetime) -> None:
        if at >= self.past.until:
            return
        answer = gates.may_enroll(self.situation(at))
        if answer.outcome is Outcome.GO:
            self._enroll(at)
        elif answer.outcome is Outcome.WAIT and answer.until is not None:
            self._wait(at, answer.reason, answer.until)
        else:
            self.line("ended", at, answer.reason)

    def _wait(self, at: datetime, reason: str | None, until: datetime) -> None:
        self.line("waited", at, reason, until=until)
        self.change(waits_for=reason)
        if self.past.chance(BUYS_BETWEEN):
            self.order(at + self.past.minutes(20, 2000))
        elif until < self.past.until:
            self.change(state="expired", waits_for=None, updated_at=until)
            self.line("ended", until, "too_late")

    def _enroll(self, at: datetime) -> None:
        person = self.person
        self.line("enrolled", at, details={"flow": FLOW.name})
        self.enrollment = self.past.add(
            "enrollment",
            flow_version=1,
            contact_id=person.contact if person else None,
            subject_type="cart",
            subject_id=self.place,
            round=0,
            state="active",
            reason=None,
            step_index=0,
            sent=0,
            enrolled_at=at,
            ended_at=None,
        )
        for index, step in enumerate(FLOW.steps):
            at = self._step(index, at, at + step.delay)
            if at >= self.past.until or self.past.of("enrollment", self.enrollment)["state"] != "active":
                return

    def _step(self, index: int, since: datetime, due_at: datetime) -> datetime:
        """Send the text of a step once it may go, or end; the moment from which the next step counts."""
        if self.past.chance(BUYS_BETWEEN):
            self.order(since + (due_at - since) * self.past.random.random())
        if self.ordered:
            return due_at
        at, key = due_at, FLOW.steps[index].key
        while at < self.past.until:
            answer = gates.may_send(self.situation(at))
            if answer.outcome is Outcome.GO:
                return text.send(self, index, at, answer)
            if answer.outcome is Outcome.END or answer.until is None:
                self.end(answer.reason, at, answer)
                return at
            self.line("held", at, answer.reason, step_key=key, until=answer.until)
            at = answer.until
        return at

    def situation(self, at: datetime) -> Situation:
        """What the gates are asked at this moment."""
        person, trigger = self.person, FLOW.trigger
        texted = person if person is not None and person.problem is None else None
        return Situation(
            now=at,
            last_activity_at=self.left_at,
            idle=trigger.idle,
            cutoff=trigger.cutoff,
            store=StoreState.ACTIVE,
            before_install=False,
            cart=CartState.OPEN,
            items=len(self.lines),
            ordered=self.ordered,
            event_pending=False,
            phone=texted.phone if texted else None,
            phone_problem=person.problem if person else None,
            country=texted.country if texted else None,
            allowed_countries=None,
            consent=texted.consent if texted else Standing.NONE,
            confirmed=texted.confirmed if texted else False,
            suppressed=False,
            texts_for_this_cart=len(self.texts),
            last_marketing_text_at=texted.texted_at if texted else None,
            contact_cap=CAP,
            sender_available=True,
            windows=windows_for(regions_of(texted.area, texted.country, None)) if texted else (),
            zones=possible_zones(texted.area, texted.country, None) if texted else (),
        )

    def _columns(self) -> dict[str, Any]:
        """As the cart is at its beginning."""
        at, person = self.begun_at, self.person
        currency, rate = EXCHANGE.get(person.country if person else "", (CURRENCY, Decimal(1)))
        return {
            "contact_id": None,
            "state": "open",
            "waits_for": None,
            "currency": CURRENCY,
            "total": self.total,
            "presentment_currency": currency,
            "presentment_total": (self.total * rate).quantize(CENT),
            "items": [
                {"title": title, "quantity": count, "product_id": title, "unit_price": str(SHELF[title])}
                for title, count in self.lines.items()
            ],
            "locale": person.language if person else "en",
            "country": None,
            "email": None,
            "first_name": None,
            "phone_problem": None,
            "step": "cart",
            "platform_created_at": at,
            "platform_updated_at": at,
            "activity_at": at,
            "activity_print": "",
            "event_at": at,
            "texts_sent": 0,
            "ordered_at": None,
            "created_at": at,
            "updated_at": at,
        }

    def _order_columns(self, number: str, at: datetime) -> dict[str, Any]:
        cart, person = self.past.of("cart", self.place), self.person
        codes, share = offer.use(self, at)
        return {
            "presentment_currency": cart["presentment_currency"],
            "presentment_total": (cart["presentment_total"] * share).quantize(CENT),
            "discount_codes": codes,
            "platform_order_id": number,
            "cart_id": self.place,
            "contact_id": cart["contact_id"],
            "number": number,
            "status": "paid",
            "currency": CURRENCY,
            "total": (self.total * share).quantize(CENT),
            "email": person.email if person else None,
            "refunded": Decimal(0),
            "test": False,
            "placed_at": at,
            "platform_updated_at": at,
            "created_at": at,
            "updated_at": at,
        }


def _held_by(answer: Answer | None) -> dict[str, str]:
    return {"held_by": answer.held_by} if answer and answer.held_by else {}
