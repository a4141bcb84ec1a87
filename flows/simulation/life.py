"""What the engine does about one shopper: the real gates, asked at the moments at which dispatch asks.

Carts are looked at when they are idle, when what they waited for arrives, and when they get too old.
Enrolled ones are asked about when a step is due, then at the moment that the gates gave, later by the
place in the line that the release spread makes. An order, a stop or an emptied cart is asked about as
soon as it is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from connectors.events import ConsentState
from flows import consent, gates, opt_in, spread
from flows.caps import caps_for
from flows.compose import Composed, NoText, compose
from flows.consent import Consent, ConsentEvent
from flows.contact_history import CONVERSATION
from flows.definition import DEFAULT_CART_FLOW
from flows.gates import Answer, CartState, Outcome, PlatformCheck, Situation, StepKind, StoreState
from flows.opt_in import Tick
from flows.senders import Identity, Kind, Registration, RegistrationState, Sender, senders_for
from flows.sending import FRESH_FOR
from flows.simulation.truth import ENROLLMENT, REQUEST, Cart, Decision, News, Said, Shopper, Store, Story
from flows.simulation.wording import cart_text, request
from flows.windows import windows_for
from flows.zones import possible_zones, regions_of

FLOW = DEFAULT_CART_FLOW
ADDRESS = "https://go.example.com"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_TOKEN = 12
# Where in the line a text stands that waited for hours to open: seldom far back, but that too.
_LINES = ((0, 49), (0, 49), (50, 2_000), (2_000, 36_050))


def live(shopper: Shopper, chance: Random) -> Story:
    """The shopper's year, to the end of the last cart."""
    life = _Life(shopper, chance)
    while life.plans:
        life.go_on()
    return life.story


class _Progress:
    """How far a cart has come. ``plan`` is the number of the only plan that still holds."""

    def __init__(self, cart: Cart) -> None:
        self.cart = cart
        self.step: int | None = None
        self.over = False
        self.texts = 0
        self.plan = 0


class _Life:
    def __init__(self, shopper: Shopper, chance: Random) -> None:
        self.shopper, self.store, self.chance = shopper, shopper.store, chance
        self.story = Story(shopper, list(shopper.said))
        where = (shopper.phone, *shopper.address)
        places = regions_of(*where)
        self.windows, self.caps, self.zones = windows_for(places), caps_for(places), possible_zones(*where)
        self.story.zones = self.zones
        self.story.region = _region(shopper.country, places)
        self.carts = [_Progress(cart) for cart in shopper.carts]
        self.texts: list[datetime] = []
        self.marketing_at: datetime | None = None
        self.sender: str | None = None
        self.asked_at: datetime | None = None
        self.asked_for: set[int] = set()
        self.asking = False
        self.plans: list[tuple[datetime, int, int, str]] = []
        self.count = 0
        for moment in sorted(_read_moments(shopper)):
            self._push(moment, -1, "news")

    def go_on(self) -> None:
        """The next moment at which something is asked."""
        now, number, place, kind = heappop(self.plans)
        if kind == "news":
            self._hear(now)
        elif kind == "ask":
            self._ask(now)
        elif number == self.carts[place].plan:
            self._enroll(now, self.carts[place]) if kind == "enroll" else self._send(now, self.carts[place])

    def _push(self, at: datetime, place: int, kind: str) -> int:
        self.count += 1
        heappush(self.plans, (at, self.count, place, kind))
        return self.count

    def _plan(self, one: _Progress, at: datetime) -> None:
        one.plan = self._push(at, self.carts.index(one), "enroll" if one.step is None else "send")

    def _hear(self, now: datetime) -> None:
        """Something was read: what it ends is ended, what waited for it is looked at."""
        for one in self.carts:
            if one.over or one.cart.activity[0].at > now:
                continue
            if one.step is None:
                self._plan(one, max(now, _last_activity(one.cart, now) + FLOW.trigger.idle))
                self._plan_to_ask(now + opt_in.PAUSE, self._situation(now, one))
                continue
            answer = gates.may_send(self._situation(now, one, sender=self._best_sender()))
            if answer.outcome is Outcome.END:
                self._note(one, now, answer, _key(one))
                one.over, one.plan = True, 0

    def _plan_to_ask(self, at: datetime, situation: Situation) -> None:
        if situation.lacks_confirmation and not self.asking:
            self.asking = True
            self._push(at, -1, "ask")

    def _enroll(self, now: datetime, one: _Progress) -> None:
        situation = self._situation(now, one, enrolling=True)
        answer = gates.may_enroll(situation)
        if answer.outcome is Outcome.GO:
            one.step = 0
            self._plan(one, now + FLOW.steps[0].delay)
            return
        self._note(one, now, answer, ENROLLMENT)
        if answer.outcome is Outcome.END or answer.until is None:
            one.over = True
            return
        self._plan(one, answer.until)
        self._plan_to_ask(now, situation)

    def _ask(self, now: datetime) -> None:
        """The request to confirm, for the newest tick and the cart that was touched last."""
        self.asking = False
        tick = self._newest_tick(now)
        waiting = [one for one in self.carts if not one.over and one.cart.activity[0].read_at <= now]
        if tick is None or not waiting or tick.event_id in self.asked_for:
            return
        one = max(waiting, key=lambda one: _last_activity(one.cart, now))
        sender = next((one for one in self._senders() if one.receives_replies), None)
        situation = self._situation(now, one, sender=sender)
        if not situation.lacks_confirmation or not opt_in.may_ask_again(self.asked_at, tick, now):
            return
        answer = gates.may_ask(situation)
        decision = self._note(one, now, answer, REQUEST)
        if answer.outcome is Outcome.HOLD and answer.until is not None:
            self._plan_to_ask(answer.until, situation)
        if answer.outcome is Outcome.GO and sender is not None:
            self.asked_at = now
            self.asked_for.add(tick.event_id)
            self._leave(decision, now, request(self.shopper, one.cart), sender)
            self._await_answer(now)

    def _newest_tick(self, now: datetime) -> Tick | None:
        ticks = [
            Tick(number, said.checkout_created_at)
            for number, said in enumerate(self._known(now))
            if said.state == "given"
        ]
        return ticks[-1] if ticks else None

    def _await_answer(self, now: datetime) -> None:
        minutes = self.shopper.answers_after
        if minutes is not None:
            at = now + timedelta(minutes=minutes)
            if at < now + opt_in.OPEN_FOR:
                self.story.said.append(Said("given", consent.DOUBLE_OPT_IN, at, at, confirmed=True))
                self._push(at, -1, "news")

    def _send(self, now: datetime, one: _Progress) -> None:
        sender = self._best_sender()
        answer = gates.may_send(self._situation(now, one, sender=sender))
        if answer.outcome is Outcome.GO and now - _last_activity(one.cart, now) > FRESH_FOR:
            check = self._look_at_platform(now, one.cart)
            answer = gates.may_send(self._situation(now, one, sender=sender, check=check))
        if answer.outcome is Outcome.GO and sender is not None:
            self._go(now, one, sender)
            return
        self._note(one, now, answer, _key(one))
        if answer.outcome is Outcome.END or answer.until is None:
            one.over = True
            return
        until = answer.until
        if answer.closes_at is not None:
            place = self.chance.randint(*self.chance.choice(_LINES))
            until += spread.delay(place, self.shopper.id, answer.closes_at - until)
        self._plan(one, until)

    def _go(self, now: datetime, one: _Progress, sender: Sender) -> None:
        step = FLOW.steps[one.step or 0]
        decision = self._note(one, now, Answer(Outcome.GO), step.key)
        token = "".join(self.chance.choices(_LETTERS, k=_TOKEN))
        decision.link = f"{ADDRESS}/r/{token}"
        decision.stop_link = None if sender.receives_replies else f"{ADDRESS}/p/{token}"
        try:
            composed = compose(cart_text(self.shopper, one.cart, step.key, decision))
        except NoText:
            decision.answer, decision.reason = Outcome.SKIP.value, "no_text"
        else:
            self._leave(decision, now, composed, sender)
            one.texts += 1
            self.texts.append(now)
            self.marketing_at = now if self._kind(one) is StepKind.MARKETING else self.marketing_at
        one.step = (one.step or 0) + 1
        if one.step == len(FLOW.steps):
            one.over = True
        else:
            self._plan(one, now + FLOW.steps[one.step].delay)

    def _leave(self, decision: Decision, now: datetime, composed: Composed, sender: Sender) -> None:
        decision.sent_at, decision.body, decision.language = now, composed.body, composed.language
        decision.segments, decision.sender = composed.measure.segments, sender.value
        self.sender = sender.value

    def _note(self, one: _Progress, now: datetime, answer: Answer, step: str) -> Decision:
        decision = Decision(
            cart=one.cart.id,
            step=step,
            asked_at=now,
            answer=answer.outcome.value,
            reason=answer.reason,
            until=answer.until if answer.outcome in (Outcome.HOLD, Outcome.WAIT) else None,
        )
        self.story.decisions.append(decision)
        return decision

    def _kind(self, one: _Progress) -> StepKind:
        return StepKind(self.store.kinds[one.step or 0])

    def _known(self, now: datetime) -> list[Said]:
        return [said for said in self.story.said if said.recorded_at <= now]

    def _consent(self, now: datetime) -> Consent:
        events = [_event(said) for said in self._known(now)]
        if self.shopper.stopped_before:
            before = self.store.installed_at - timedelta(days=1)
            events.append(ConsentEvent(ConsentState.WITHDRAWN, consent.KEYWORD_STOP, before, before))
        return consent.derive(events)

    def _senders(self) -> tuple[Sender, ...]:
        store = self.store
        identity = Identity(
            store.name,
            store.number,
            Sender(store.pool, Kind.POOL) if store.pool else None,
            {
                country: Registration(name, RegistrationState.REGISTERED)
                for country, name in store.registered.items()
            },
        )
        return senders_for(identity, self.shopper.country, self.sender)

    def _best_sender(self) -> Sender | None:
        return next(iter(self._senders()), None)

    def _look_at_platform(self, now: datetime, cart: Cart) -> PlatformCheck:
        if cart.silent:
            return PlatformCheck.UNKNOWN
        placed = any(_is_about(order.placed_at, order.cart, cart, now) for order in self.shopper.orders)
        return PlatformCheck.ORDERED if placed else PlatformCheck.CLEAR

    def _situation(
        self,
        now: datetime,
        one: _Progress,
        *,
        enrolling: bool = False,
        sender: Sender | None = None,
        check: PlatformCheck = PlatformCheck.UNKNOWN,
    ) -> Situation:
        shopper = self.shopper
        return Situation(
            now=now,
            idle=FLOW.trigger.idle,
            cutoff=FLOW.trigger.cutoff,
            kind=StepKind.MARKETING if enrolling else self._kind(one),
            kinds_off=frozenset() if enrolling else shopper.kinds_off,
            platform_check=check,
            sender_available=sender is not None,
            texts_for_this_cart=one.texts,
            last_marketing_text_at=self.marketing_at,
            recent_texts=tuple(self.texts),
            windows=self.windows,
            zones=self.zones,
            caps=self.caps,
            quiet=tuple(hours for hours in (self.store.quiet, shopper.quiet) if hours is not None),
            conversation_until=self._conversation_until(now),
            **_of_cart(shopper, one.cart, now),
            **_of_store(self.store, shopper.country, now),
            **self._of_number(one.cart, now),
        )

    def _of_number(self, cart: Cart, now: datetime) -> dict[str, Any]:
        """The number, as soon as it was read, and what its owner has said."""
        shopper, stands = self.shopper, self._consent(now)
        numbered = cart.number is None or cart.number.read_at <= now
        return {
            "phone": shopper.phone if numbered else None,
            "phone_problem": shopper.phone_problem,
            "country": shopper.country,
            "consent": stands.state if numbered else consent.Standing.NONE,
            "confirmed": stands.confirmed,
            "suppressed": shopper.stopped_before and numbered and stands.state is not consent.Standing.GIVEN,
        }

    def _conversation_until(self, now: datetime) -> datetime | None:
        writes = self.shopper.writes
        return writes[0] + CONVERSATION if writes and writes[0] <= now < writes[1] else None


def _of_cart(shopper: Shopper, cart: Cart, now: datetime) -> dict[str, Any]:
    """The cart as far as it was read, and whether it was bought."""
    last = _last_activity(cart, now)
    emptied = cart.emptied is not None and cart.emptied.read_at <= now
    read = [order for order in shopper.orders if order.news.read_at <= now]
    return {
        "last_activity_at": last,
        "before_install": last < shopper.store.installed_at,
        "cart": CartState.EMPTIED if emptied else CartState.OPEN,
        "items": 0 if emptied else cart.quantity,
        "ordered": any(order.cart == cart.id or order.placed_at >= last for order in read),
        "event_pending": any(news.at <= now < news.read_at for news in _news(shopper, cart)),
    }


def _of_store(store: Store, country: str, now: datetime) -> dict[str, Any]:
    """What the store has chosen, for a number of that country."""
    off = store.switched_off
    return {
        "store": _store_state(store, now),
        "paused_until": store.paused[1] if store.paused else None,
        "allowed_countries": store.countries,
        "contact_cap": timedelta(hours=store.cap_hours),
        "asks_twice": "*" in store.confirms_in or country in store.confirms_in,
        "flow_active": not (off and off[0] <= now < off[1]),
        "days_off": store.days_off,
        "avoided_hours": store.avoided_hours,
    }


def _store_state(store: Store, now: datetime) -> StoreState:
    if store.uninstalled_at is not None and store.uninstalled_at <= now:
        return StoreState.UNINSTALLED
    if store.broken and store.broken[0] <= now < store.broken[1]:
        return StoreState.RECONNECT
    paused = store.paused and store.paused[0] <= now < store.paused[2]
    return StoreState.PAUSED if paused else StoreState.ACTIVE


def _key(one: _Progress) -> str:
    return FLOW.steps[one.step or 0].key


def _region(country: str, places: Iterable[tuple[str, str | None]]) -> str | None:
    """The regions by their own names, those of another country with its code: ``NY NJ``, ``US-TX``."""
    names = [region if where == country else f"{where}-{region or ''}" for where, region in places]
    return " ".join(name for name in names if name) or None


def _news(shopper: Shopper, cart: Cart) -> Iterable[News]:
    """What comes in about the cart or its number."""
    yield from cart.activity
    yield from (news for news in (cart.number, cart.emptied) if news is not None)
    yield from (order.news for order in shopper.orders)


def _read_moments(shopper: Shopper) -> set[datetime]:
    moments = {news.read_at for cart in shopper.carts for news in _news(shopper, cart)}
    moments |= {said.recorded_at for said in shopper.said}
    store = shopper.store
    moments |= {store.uninstalled_at} if store.uninstalled_at else set()
    moments |= {store.switched_off[1]} if store.switched_off else set()
    return moments


def _last_activity(cart: Cart, now: datetime) -> datetime:
    """As far as it was read; a cart is known from its first touch on."""
    return max([cart.activity[0].at, *(news.at for news in cart.activity if news.read_at <= now)])


def _is_about(placed_at: datetime, of_cart: int | None, cart: Cart, now: datetime) -> bool:
    return placed_at <= now and (of_cart == cart.id or placed_at >= _last_activity(cart, now))


def _event(said: Said) -> ConsentEvent:
    return ConsentEvent(
        state=ConsentState(said.state),
        source=said.source,
        recorded_at=said.recorded_at,
        occurred_at=said.occurred_at,
        confirmed=said.confirmed,
        checkout_created_at=said.checkout_created_at,
    )
