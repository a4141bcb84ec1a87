"""May this cart be enrolled, may this text go, now? Go, or a named reason and what follows from it.

Pure: a ``Situation`` of plain values in, an ``Answer`` out. What ends a cart is asked before what only
delays it, cheap questions before dear ones, and the first refusal wins. Nothing is held beyond the
cart's deadline: a text that could only go later than that ends at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from flows import caps, timing
from flows.caps import Cap
from flows.consent import Standing
from flows.countries import CountryRule, country_rule
from flows.public_holidays import is_holiday
from flows.reasons import REASONS
from flows.reasons import Outcome as Outcome
from flows.timing import Holiday
from flows.windows import Hours, Window

# How soon to look again at what clears by itself, and at what somebody has to mend.
EVENT_PENDING_PAUSE = timedelta(seconds=5)
RECHECK_PAUSE = timedelta(minutes=15)


class StoreState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    RECONNECT = "reconnect"
    UNINSTALLED = "uninstalled"


class CartState(StrEnum):
    OPEN = "open"
    EMPTIED = "emptied"
    ORDERED = "ordered"
    EXPIRED = "expired"


class PlatformCheck(StrEnum):
    """What the platform said when asked about an order just now. UNKNOWN: not asked, or no answer in time."""

    CLEAR = "clear"
    ORDERED = "ordered"
    UNKNOWN = "unknown"


class StepKind(StrEnum):
    """``service`` texts are outside the cap between two marketing texts, and under every other gate."""

    MARKETING = "marketing"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that decides about one text of one cart, as it is at ``now``.

    ``country`` is the number's own; ``allowed_countries`` None: any. ``phone_problem`` is
    ``invalid_number`` or ``not_mobile``, from reading the number or from a provider. ``ordered``: our own
    rows hold an order of this cart or this person since the last activity. ``event_pending``: the inbox
    holds an unapplied event of this cart or number. ``idle`` and ``cutoff`` are the flow's.
    ``texts_for_this_cart`` counts claimed texts over all flows. ``windows`` and ``zones`` are those of
    all places where the recipient may be, ``caps`` limit what these allow within some hours, and
    ``recent_texts`` are the moments of the latest claimed ones to this contact, of any kind but answers;
    ``quiet`` are the quiet hours of the merchant and of the shopper, ``days_off`` the merchant's weekdays
    without texts (Monday 0), ``kinds_off`` what the shopper does not want, ``avoided_hours`` the local
    hours (0 to 23) at which shoppers of the store opt out. ``conversation_until``: the shopper wrote
    something that a person should answer, and texts wait for that until then. ``paused_until`` None: the
    store's pause has no end. ``asks_twice``: the store wants a confirmed consent in this country,
    whatever the rule says. ``flow_active`` matters to enrollment only: who is in a flow stays in it.
    What follows matters to sending only; left out, nothing is sent.
    """

    now: datetime
    last_activity_at: datetime
    idle: timedelta
    cutoff: timedelta
    store: StoreState
    paused_until: datetime | None = None
    before_install: bool
    cart: CartState
    items: int
    ordered: bool
    event_pending: bool
    phone: str | None
    phone_problem: str | None
    country: str | None
    allowed_countries: frozenset[str] | None
    consent: Standing
    confirmed: bool
    suppressed: bool
    texts_for_this_cart: int
    last_marketing_text_at: datetime | None
    contact_cap: timedelta
    asks_twice: bool = False
    flow_active: bool = True
    kind: StepKind = StepKind.MARKETING
    platform_check: PlatformCheck = PlatformCheck.UNKNOWN
    sender_available: bool = False
    windows: tuple[Window, ...] = ()
    zones: tuple[str, ...] = ()
    caps: tuple[Cap, ...] = ()
    recent_texts: tuple[datetime, ...] = ()
    kinds_off: frozenset[str] = frozenset()
    quiet: tuple[Hours, ...] = ()
    days_off: frozenset[int] = frozenset()
    avoided_hours: frozenset[int] = frozenset()
    conversation_until: datetime | None = None

    @property
    def rule(self) -> CountryRule:
        return country_rule(self.country)

    @property
    def lacks_confirmation(self) -> bool:
        """Consent is given and not confirmed, where it must be."""
        due = self.rule.double_opt_in or self.asks_twice
        return self.consent is Standing.GIVEN and due and not self.confirmed

    @property
    def deadline(self) -> datetime:
        """From here on no text about this cart may go."""
        longest = self.rule.max_age
        return self.last_activity_at + (self.cutoff if longest is None else min(self.cutoff, longest))


@dataclass(frozen=True, slots=True)
class Answer:
    """A gate's answer. ``reason`` is a key of REASONS, None for GO.

    ``until``: for HOLD and WAIT, when to ask again at the latest; for GO of a text, the moment after
    which the provider must not deliver it any more. ``held_by``: for ``too_late``, the reason that would
    have held the text beyond the cart's deadline. ``closes_at``: for a HOLD until hours open, until when
    a text may go from there on.
    """

    outcome: Outcome
    reason: str | None = None
    until: datetime | None = None
    held_by: str | None = None
    closes_at: datetime | None = field(default=None, compare=False)


Question = tuple[str, Callable[[Situation], bool]]
Delay = tuple[str, Callable[[Situation], datetime | None]]

_ENDS: tuple[Question, ...] = (
    ("uninstalled", lambda s: s.store is StoreState.UNINSTALLED),
    ("ordered", lambda s: s.ordered or s.cart is CartState.ORDERED),
    ("ordered", lambda s: s.platform_check is PlatformCheck.ORDERED),
    # A later tick that asks to confirm lifts a stop once it is confirmed; until then its cart waits.
    ("stopped", lambda s: s.suppressed and s.consent is not Standing.PENDING),
    ("stopped", lambda s: s.consent is Standing.WITHDRAWN),
    ("kind_off", lambda s: s.kind in s.kinds_off),
    ("cart_emptied", lambda s: s.cart is CartState.EMPTIED or s.items < 1),
    ("before_install", lambda s: s.before_install),
    ("too_late", lambda s: s.cart is CartState.EXPIRED or s.now >= s.deadline),
    ("invalid_number", lambda s: s.phone_problem == "invalid_number"),
    ("not_mobile", lambda s: s.phone_problem is not None),
    ("country_off", lambda s: s.phone is not None and not _country_allowed(s)),
    ("one_text_per_cart", lambda s: _carrier_limit_reached(s)),
)

_WAITS: tuple[Question, ...] = (
    ("no_number", lambda s: s.phone is None),
    ("no_consent", lambda s: s.consent is Standing.NONE),
    ("no_double_opt_in", lambda s: s.consent is Standing.PENDING or s.lacks_confirmation),
)

_ENROLLMENT_WAITS: tuple[Question, ...] = (*_WAITS, ("no_active_flow", lambda s: not s.flow_active))

# What delays, and until when; None: not at all.
_ENROLLMENT_HOLDS: tuple[Delay, ...] = (
    ("store_inactive", lambda s: s.now + RECHECK_PAUSE if s.store is StoreState.RECONNECT else None),
    ("store_paused", lambda s: _look_again_at(s, s.paused_until) if s.store is StoreState.PAUSED else None),
    ("event_pending", lambda s: s.now + EVENT_PENDING_PAUSE if s.event_pending else None),
    ("idle_again", lambda s: _if_later(s, s.last_activity_at + s.idle)),
)
_NO_SENDER: Delay = ("no_sender", lambda s: None if s.sender_available else s.now + RECHECK_PAUSE)
_HOLDS: tuple[Delay, ...] = (
    *_ENROLLMENT_HOLDS,
    ("conversation_open", lambda s: _conversation_ends_at(s)),
    _NO_SENDER,
    ("cap_reached", lambda s: _if_later(s, _cap_ends_at(s))),
    ("daily_cap", lambda s: _if_later(s, caps.ends_at(s.caps, s.recent_texts))),
)


# A request to confirm waits for no idle cart, and caps on cart texts are not about it.
_REQUEST_HOLDS: tuple[Delay, ...] = (
    *(delay for delay in _ENROLLMENT_HOLDS if delay[0] != "idle_again"),
    _NO_SENDER,
)


def may_enroll(situation: Situation) -> Answer:
    """May the cart enter the flow now?

    WAIT: the shopper or the merchant must do something first; ``until`` is the cart's deadline, by
    which it is too late. END without an enrollment: the cart is not looked at again until it changes.
    """
    if ended := _first(_ENDS, situation):
        return _refusal(ended)
    if missing := _first(_ENROLLMENT_WAITS, situation):
        return _refusal(missing, situation.deadline)
    for reason, delay in _ENROLLMENT_HOLDS:
        if until := delay(situation):
            return _held(situation, reason, until, until)
    return Answer(Outcome.GO)


def may_send(situation: Situation, holiday: Holiday = is_holiday) -> Answer:
    """May the text go now? Asked again for every text right before it goes, however it came due.

    A WAIT here (the consent changed on the way) is asked again at ``until`` like a HOLD.
    """
    if ended := _first(_ENDS, situation):
        return _refusal(ended)
    if missing := _first(_WAITS, situation):
        return _held_to_opening(situation, missing, situation.now + RECHECK_PAUSE, holiday)
    for reason, delay in _HOLDS:
        if until := delay(situation):
            return _held_to_opening(situation, reason, until, holiday)
    return _within_hours(situation, holiday)


def may_ask(situation: Situation, holiday: Holiday = is_holiday) -> Answer:
    """May the shopper be asked now to confirm the consent that this cart waits for?

    Answers to a shopper's own texts are outside the hours; a request is nobody's answer, so it keeps
    them. It ends with whatever ends the cart: there is nothing left to remind of.
    """
    if ended := _first(_ENDS, situation):
        return _refusal(ended)
    for reason, delay in _REQUEST_HOLDS:
        if until := delay(situation):
            return _held_to_opening(situation, reason, until, holiday)
    return _within_hours(situation, holiday)


def _first(questions: Iterable[Question], situation: Situation) -> str | None:
    return next((reason for reason, refuses in questions if refuses(situation)), None)


def _refusal(reason: str, until: datetime | None = None) -> Answer:
    return Answer(REASONS[reason].outcome, reason, until)


def _held(situation: Situation, reason: str, until: datetime, opens_at: datetime) -> Answer:
    if opens_at >= situation.deadline:
        return Answer(Outcome.END, "too_late", held_by=reason)
    return _refusal(reason, until)


def _held_to_opening(situation: Situation, reason: str, until: datetime, holiday: Holiday) -> Answer:
    """Held until ``until``; ended at once if the windows open only after the deadline from there."""
    opens_at = _opening(situation, until, holiday)
    return _refusal("no_open_window") if opens_at is None else _held(situation, reason, until, opens_at)


def _within_hours(situation: Situation, holiday: Holiday) -> Answer:
    now, deadline = situation.now, situation.deadline
    if deadline - now < timing.LEAST_VALIDITY:
        return _refusal("too_late")
    sky = _state(situation, now, holiday)
    if isinstance(sky, timing.Open):
        if timing.validity(now, sky.closes_at, deadline) is not None:
            if better := _better_hour(situation, holiday):
                return _until_opening(situation, "low_receptivity", better, holiday)
            return Answer(Outcome.GO, until=min(sky.closes_at, deadline))
        now = sky.closes_at
    opens_at = _opening(situation, now, holiday)
    if opens_at is None:
        return _refusal("no_open_window")
    return _until_opening(situation, "quiet_hours", opens_at, holiday)


def _until_opening(situation: Situation, reason: str, opens_at: datetime, holiday: Holiday) -> Answer:
    sky = _state(situation, opens_at, holiday)
    closes_at = sky.closes_at if isinstance(sky, timing.Open) else opens_at
    held = _held(situation, reason, opens_at, opens_at)
    return replace(held, closes_at=min(closes_at, situation.deadline))


def _opening(situation: Situation, moment: datetime, holiday: Holiday) -> datetime | None:
    """The first moment from ``moment`` on at which all windows are open; None if there is none."""
    sky = _state(situation, moment, holiday)
    if isinstance(sky, timing.Open):
        return moment
    return sky.opens_at if isinstance(sky, timing.Closed) else None


def _better_hour(situation: Situation, holiday: Holiday) -> datetime | None:
    """The next moment that is open and no avoided hour; None where it is now, or never before the deadline.

    What was learnt delays a text and never costs it.
    """
    if not situation.avoided_hours:
        return None
    avoided = tuple((time(hour), time((hour + 1) % 24)) for hour in sorted(situation.avoided_hours))
    sky = _state(situation, situation.now, holiday, avoided)
    if not isinstance(sky, timing.Closed) or sky.opens_at + timing.LEAST_VALIDITY > situation.deadline:
        return None
    return sky.opens_at


def _state(
    situation: Situation, moment: datetime, holiday: Holiday, avoided: tuple[Hours, ...] = ()
) -> timing.State:
    return timing.state(
        moment,
        situation.windows,
        situation.zones,
        holiday=holiday,
        quiet=(*situation.quiet, *avoided),
        days_off=situation.days_off,
    )


def _country_allowed(situation: Situation) -> bool:
    return situation.allowed_countries is None or situation.country in situation.allowed_countries


def _carrier_limit_reached(situation: Situation) -> bool:
    limit = situation.rule.max_texts_per_cart
    return limit is not None and situation.texts_for_this_cart >= limit


def _if_later(situation: Situation, moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > situation.now else None


def _look_again_at(situation: Situation, ends_at: datetime | None) -> datetime:
    """When what a person can end at any time is looked at again: at its end, if the cart lives to see it.

    A cart that would be too old by then is not given up for that: the person may come earlier.
    """
    if ends_at is None or ends_at >= situation.deadline:
        return situation.now + RECHECK_PAUSE
    return max(ends_at, situation.now + timedelta(seconds=1))


def _conversation_ends_at(situation: Situation) -> datetime | None:
    ends_at = situation.conversation_until
    if situation.kind is StepKind.SERVICE or ends_at is None or ends_at <= situation.now:
        return None
    return min(ends_at, situation.now + RECHECK_PAUSE)


def _cap_ends_at(situation: Situation) -> datetime:
    if situation.kind is StepKind.SERVICE or situation.last_marketing_text_at is None:
        return situation.now
    return situation.last_marketing_text_at + situation.contact_cap
