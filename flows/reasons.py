"""The words for why a text waits or does not go: what each leads to, and how the merchant reads it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What follows from an answer. WAIT: not before something is known that is missing now."""

    GO = "go"
    WAIT = "wait"
    HOLD = "hold"
    SKIP = "skip"
    END = "end"


class Reason(NamedTuple):
    """What a reason leads to, and how it is told to the merchant (English, the key of the catalogs)."""

    outcome: Outcome
    sentence: str


REASONS: dict[str, Reason] = {
    "uninstalled": Reason(Outcome.END, "The app was uninstalled."),
    "ordered": Reason(Outcome.END, "The shopper has ordered."),
    "stopped": Reason(Outcome.END, "The shopper asked for no more texts."),
    "kind_off": Reason(Outcome.END, "The shopper does not want this kind of texts."),
    "cart_emptied": Reason(Outcome.END, "The cart was emptied, or its order was cancelled unpaid."),
    "before_install": Reason(Outcome.END, "The cart was left before the app was installed."),
    "too_late": Reason(Outcome.END, "The cart is too old, or would be before a text may go."),
    "invalid_number": Reason(Outcome.END, "What was typed is not a valid phone number."),
    "not_mobile": Reason(Outcome.END, "The number cannot receive texts: it is not a mobile number."),
    "country_off": Reason(Outcome.END, "Texts to this country are switched off."),
    "one_text_per_cart": Reason(Outcome.END, "Carriers of this country allow one text per cart."),
    "no_open_window": Reason(Outcome.END, "There is no hour at which this number may be texted."),
    "no_number": Reason(Outcome.WAIT, "The shopper has not left a phone number."),
    "no_consent": Reason(Outcome.WAIT, "The shopper has not agreed to texts."),
    "no_active_flow": Reason(Outcome.WAIT, "The flow for abandoned carts is switched off."),
    "no_double_opt_in": Reason(Outcome.WAIT, "The shopper has not confirmed the consent to texts."),
    "store_inactive": Reason(
        Outcome.HOLD, "The store's connection is broken: open the app to connect again."
    ),
    "store_paused": Reason(Outcome.HOLD, "Texts of this store are paused."),
    "conversation_open": Reason(
        Outcome.HOLD, "The shopper wrote something that waits for a person; texts wait, too."
    ),
    "event_pending": Reason(Outcome.HOLD, "News about this cart has just come in and is being read first."),
    "no_sender": Reason(
        Outcome.HOLD, "There is no sender that may text this country: see Settings, Senders."
    ),
    "idle_again": Reason(Outcome.HOLD, "The shopper is active; the text waits until the cart is quiet."),
    "cap_reached": Reason(Outcome.HOLD, "The shopper had another text a short while ago."),
    "daily_cap": Reason(
        Outcome.HOLD, "The rules where the shopper lives allow no more texts within a day for now."
    ),
    "quiet_hours": Reason(Outcome.HOLD, "It is outside the hours at which this shopper may be texted."),
    "low_receptivity": Reason(
        Outcome.HOLD, "At this hour shoppers of this store often ask for no more texts; a better one comes."
    ),
}
