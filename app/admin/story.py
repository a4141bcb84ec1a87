"""A cart's story in words: what each line of its timeline says, and how the cart stands now.

Pure: rows in, words out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date

from app.models import AuditEvent, Cart, Consent, Enrollment, Recovery, TimelineEntry
from connectors.sms import Category
from flows.offers import WITHOUT
from flows.reasons import REASONS

KINDS: dict[str, tuple[str, str, str]] = {
    "seen": ("cart", "plain", "The shopper filled a cart"),
    "changed": ("cart", "plain", "The shopper went on with the cart"),
    "emptied": ("cart", "plain", "The cart was emptied"),
    "asked": ("text", "plain", "The shopper was asked to confirm the consent"),
    "not_asked": ("skip", "plain", "The shopper was not asked to confirm the consent"),
    "confirmed": ("check", "good", "The shopper confirmed the consent"),
    "enrolled": ("flow", "plain", "The cart entered the flow"),
    "waited": ("wait", "wait", "Nothing was sent: something is missing"),
    "held": ("wait", "wait", "The text was held"),
    "skipped": ("skip", "plain", "The text was left out"),
    "ended": ("stop", "plain", "No more texts"),
    "sending": ("text", "plain", "The text was handed to the provider"),
    "sent": ("text", "plain", "The text left"),
    "delivered": ("check", "good", "The text was delivered"),
    "undelivered": ("alert", "bad", "The text did not arrive"),
    "failed": ("alert", "bad", "The text failed"),
    "clicked": ("tap", "good", "The shopper opened the link"),
    "bot_clicked": ("tap", "plain", "A preview or bot opened the link; it does not count"),
    "replied": ("reply", "plain", "The shopper replied"),
    "ordered": ("order", "good", "The shopper ordered"),
    "recovered": ("heart", "good", "The order counts as recovered"),
    "refunded": ("order", "plain", "The order was refunded"),
    "cancelled": ("order", "plain", "The order was cancelled"),
    "offered": ("offer", "plain", "The text makes an offer"),
    "no_offer": ("offer", "plain", "The text makes no offer"),
    "withdrawn": ("offer", "plain", "The offer ended"),
}
"""By kind of line: its icon, its tone, and what it says."""

OTHER_REASONS = {
    "no_text": "There is no text for this step in a language that the shopper or the store speaks.",
    "not_needed": "Nothing was left to ask.",
    "in_doubt": "Nobody knows whether it left: the provider is asked, and it is never sent twice.",
    "paced": "The sender sends only so much a second: the text waits for its turn.",
    "season_spread": "In this season first texts go spread over some time: this one waits for its turn.",
    "no_code": "The shop has not made the discount code yet that this text tells of.",
    "over": "Its last day is over.",
    "replaced": "A later text made another one.",
    "currency_changed": "The shop has changed its currency: the sum is not what the text said.",
    "not_told": "No text had told of it.",
    "not_made": "The shop did not make the code in time.",
    "number_changed": "The shopper has typed another number since.",
    "provider_busy": "The provider asks us to slow down.",
    "provider_stopped": "The provider refuses our texts for now.",
    "provider_unreachable": "The provider cannot be reached.",
    Category.OPTED_OUT: "The provider says that the shopper asked for no more texts.",
    Category.INVALID_NUMBER: "The provider does not know this number.",
    Category.NOT_MOBILE: "The provider says that this number cannot receive texts.",
    Category.TEMPORARY: "The network could not deliver it at that time.",
    Category.RATE: "The provider was asked too much at once.",
    Category.BLOCKED: "The carrier blocked it.",
    Category.FILTERED: "The carrier's filter took it for spam.",
    Category.EXPIRED: "The phone was not reachable until it was too late.",
    Category.QUIET_HOURS: "The provider does not send at this hour.",
    Category.SENDER_NOT_ALLOWED: "The sender may not text this country.",
    Category.REGISTRATION: "The sender is not registered with the carriers.",
    Category.ACCOUNT: "The provider stopped the account: look at its balance and state.",
    Category.CONFIG: "The provider's settings are wrong.",
    Category.CANCELLED: "It was cancelled.",
    Category.UNREACHABLE: "The phone was not reachable.",
    Category.UNKNOWN: "The provider gave no reason.",
}
"""What the provider does or says about a text: reasons that are no gate's."""

ACTIONS = {
    "flow_saved": "Saved a flow",
    "flow_switched": "Switched a flow",
    "hours_learnt": "Learnt which hours to avoid",
    "hours_changed": "Changed the store's hours",
    "sending_paused": "Paused sending",
    "sending_resumed": "Resumed sending",
    "texts_changed": "Changed how texts look",
    "words_changed": "Changed how texts speak",
    "senders_changed": "Changed the senders",
    "registration_changed": "Noted a sender's registration",
    "countries_changed": "Changed the countries",
    "product_named": "Let texts name a product",
    "product_unnamed": "Left a product unnamed in texts",
    "data_request_asked": "Asked for a shopper's data",
    "customer_redact_asked": "Erased a shopper",
    "export_opened": "Opened a shopper's data",
    "export_downloaded": "Downloaded a shopper's data",
    "consents_imported": "Imported consents",
    "double_opt_in_changed": "Changed where consent is confirmed",
    "reply_settled": "Settled a reply",
    "reply_kept": "Kept a number stopped",
    "reply_undone": "Undid a stop that was none",
    "retention_changed": "Changed for how many days data is kept",
    "guide_dismissed": "Put the set-up guide away",
    "audit_downloaded": "Downloaded the list of changes",
    "login_link_made": "Made a sign-in link",
    "contact_shown": "Looked at what is known of shoppers",
    "contact_exported": "Exported a shopper's data",
    "cart_shown": "Looked at a cart",
    "consents_rebuilt": "Derived consents again",
    "events_retried": "Tried failed events again",
    "uninstalled": "Removed the app",
    "store_disconnected": "Disconnected the store",
    "plugin_disconnected": "Disconnected the shop's companion plugin",
}
"""What an entry of the audit trail says."""

LANGUAGE_REASONS = {
    "chosen": "as the shopper chose",
    "checkout": "as in the checkout",
    "storefront": "as on the shop's pages",
    "customer": "as in the customer's account",
    "country": "as in the country of the address",
    "number": "as in the country of the number",
    "store": "as in the store",
    "default": "for want of any other",
}
"""Why a text is in the language that it is in."""

STEPS = {"reminder": "Reminder", "second_call": "Second call", "last_call": "Last call"}

STATES = {
    "recovered": "Recovered",
    "open": "Open",
    "ordered": "Ordered",
    "emptied": "Emptied",
    "expired": "Too old",
}
"""A cart's state in a word; "recovered" is no state of its own, but what a merchant looks for."""

DECIDING = ("enrolled", "waited", "held", "skipped", "ended", "sending")
"""The kinds of lines of which the last one says how a cart stands."""


@dataclass(frozen=True)
class Line:
    """One line of the story. ``reason`` and ``before`` are sentences; ``until`` is when we look again."""

    icon: str
    tone: str
    title: str
    reason: str | None
    before: str | None
    until: datetime | None
    notes: tuple[str, ...]
    entry: TimelineEntry


@dataclass(frozen=True)
class Standing:
    """How a cart stands: a word, its tone, and the reason with the moment until which it holds."""

    word: str
    tone: str
    reason: str | None = None
    until: datetime | None = None


def tell(entry: TimelineEntry) -> Line:
    """What a line of the timeline says."""
    icon, tone, title = KINDS.get(entry.kind, ("dot", "plain", entry.kind.replace("_", " ").capitalize()))
    held_by = entry.details.get("held_by")
    return Line(
        icon=icon,
        tone=tone,
        title=title,
        reason=sentence(entry.reason),
        before=f"Before that: {sentence(held_by)}" if held_by else None,
        until=entry.until,
        notes=tuple(_notes(entry)),
        entry=entry,
    )


def stand(
    cart: Cart, enrollment: Enrollment | None, last: TimelineEntry | None, recovered: bool = False
) -> Standing:
    """How the cart stands; ``last`` is its last line of a kind in ``DECIDING``."""
    if recovered:
        return Standing(STATES["recovered"], "good")
    if cart.state == "ordered":
        return Standing(STATES["ordered"], "plain")
    reason = sentence(last.reason) if last else None
    if cart.state in ("emptied", "expired"):
        return Standing(STATES[cart.state], "plain", reason)
    if last is not None and last.kind == "ended":
        return Standing("No more texts" if cart.texts_sent else "Not texted", "plain", reason)
    if enrollment is not None and enrollment.state == "completed":
        return Standing("All texts sent", "plain")
    if last is not None and last.kind in ("waited", "held"):
        return Standing("Waiting", "wait", reason, last.until)
    return Standing("In the flow" if enrollment else STATES["open"], "info")


def sentence(reason: str | None) -> str | None:
    """A reason's name as a sentence for the merchant."""
    if reason is None:
        return None
    if reason in REASONS:
        return REASONS[reason].sentence
    if reason in WITHOUT:
        return WITHOUT[reason]
    return OTHER_REASONS.get(reason, reason.replace("_", " ").capitalize() + ".")


def step(key: str | None) -> str:
    """The name of a step: ours has one, a merchant's is its key in words."""
    return STEPS.get(key or "", (key or "no step").replace("_", " ").capitalize())


def consent(found: Consent | None) -> str:
    """What is known of the shopper's consent to texts."""
    if found is None:
        return "Not given"
    if found.stopped:
        return "Withdrawn: the shopper asked for no more texts"
    words = {"given": "Given", "withdrawn": "Withdrawn", "pending": "Not confirmed yet"}[found.state]
    return f"{words} and confirmed" if found.state == "given" and found.confirmed else words


def why_recovered(recovery: Recovery | None) -> str:
    """By which rule an order counts as recovered."""
    if recovery is None:
        return "No"
    if recovery.rule == "click":
        return "Yes: placed within 7 days of opening the link"
    return f"Yes: placed after a text for this cart, {'after' if recovery.clicked else 'without'} a click"


def action(name: str) -> str:
    """The name of an action in words."""
    return ACTIONS.get(name, name.replace("_", " ").capitalize())


def audited(event: AuditEvent) -> str:
    """What somebody changed, with what they changed it to."""
    words = action(event.action)
    told = {
        name.replace("_", " "): value for name, value in event.details.items() if not name.endswith("_id")
    }
    details = [f"{name}: {_shown(value)}" for name, value in told.items()]
    return f"{words} ({', '.join(details)})" if details else words


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str("none" if value is None else value)


def _notes(entry: TimelineEntry) -> list[str]:
    """What a line's details tell, as far as a merchant can use it."""
    details: Mapping[str, Any] = entry.details
    notes = []
    if entry.step_key:
        notes.append(step(entry.step_key))
    if "items" in details:
        notes.append("1 item" if details["items"] == 1 else f"{details['items']} items")
    if details.get("step", "cart") != "cart":
        notes.append(f"reached {details['step']}")
    if details.get("after_tap"):
        notes.append("after the tap")
    notes += _devices(details)
    notes += _offer(details)
    if details.get("flow"):
        notes.append(str(details["flow"]))
    if details.get("number"):
        notes.append(f"order {details['number']}")
    return notes


def _offer(details: Mapping[str, Any]) -> list[str]:
    """What a text offers, and until when."""
    if not details.get("code"):
        return []
    given = {"percent": f"{details['value']}% off", "amount": f"{details['value']} {details['currency']} off"}
    words = given.get(details["kind"], "free shipping")
    until = format_date(date.fromisoformat(details["last_day"]), locale="en")
    return [f"{words} until {until}", f"code {details['code']}"]


def _devices(details: Mapping[str, Any]) -> list[str]:
    """On what a link was opened, and on what else the cart was left or the order placed."""
    opened_on, left_on, ordered_on = (details.get(name) for name in ("opened_on", "left_on", "ordered_on"))
    if not opened_on:
        return []
    if left_on:
        return [f"opened on another device: a {opened_on}, the cart was left on a {left_on}"]
    if ordered_on:
        return [f"opened on a {opened_on}, ordered on another device: a {ordered_on}"]
    return [f"opened on a {opened_on}"]
