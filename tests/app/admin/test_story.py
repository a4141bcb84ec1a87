from __future__ import annotations

import re
from typing import Any

import pytest

from app.admin import story
from app.models import AuditEvent, Cart, Consent, Enrollment, Recovery, TimelineEntry
from connectors.sms import Category
from flows.language import Reason
from flows.offers import WITHOUT
from flows.reasons import REASONS
from tests.factories import NOW


def entry(kind: str, **more: Any) -> TimelineEntry:
    return TimelineEntry(**({"id": 1, "kind": kind, "details": {}, "occurred_at": NOW} | more))


def cart(state: str = "open", texts_sent: int = 0) -> Cart:
    return Cart(state=state, texts_sent=texts_sent)


def enrolled(state: str = "active") -> Enrollment:
    return Enrollment(state=state, enrolled_at=NOW)


def test_every_kind_of_line_that_the_tables_know_has_words() -> None:
    documented = re.search(r"``kind``: ([^.]*)\.", TimelineEntry.__doc__ or "")
    assert documented is not None
    assert set(re.split(r"[,\s]+", documented.group(1))) == set(story.KINDS)


ENDS = ("no_code", "over", "replaced", "currency_changed", "not_told", "not_made")


@pytest.mark.parametrize("reason", [*REASONS, *WITHOUT, *ENDS, *Category, "in_doubt", "provider_stopped"])
def test_every_reason_is_a_sentence(reason: str) -> None:
    words = story.sentence(reason)
    assert words is not None and words[0].isupper() and words.endswith(".") and "_" not in words


def test_every_reason_of_a_language_has_words() -> None:
    assert set(story.LANGUAGE_REASONS) == set(Reason)


def test_a_reason_that_nobody_foresaw_is_still_readable() -> None:
    assert story.sentence("moon_is_full") == "Moon is full."
    assert story.tell(entry("moon_rose")).title == "Moon rose"


def test_a_line_tells_its_reason_until_when_and_what_came_before() -> None:
    line = story.tell(entry("ended", reason="too_late", details={"held_by": "quiet_hours"}))
    assert line.reason == REASONS["too_late"].sentence
    assert line.before == f"Before that: {REASONS['quiet_hours'].sentence}"
    held = story.tell(entry("held", reason="quiet_hours", until=NOW, step_key="reminder"))
    assert (held.until, held.notes) == (NOW, ("Reminder",))


@pytest.mark.parametrize(
    ("kind", "details", "note"),
    [
        ("clicked", {"opened_on": "phone"}, "opened on a phone"),
        (
            "clicked",
            {"opened_on": "phone", "left_on": "computer"},
            "opened on another device: a phone, the cart was left on a computer",
        ),
        (
            "recovered",
            {"opened_on": "phone", "ordered_on": "tablet"},
            "opened on a phone, ordered on another device: a tablet",
        ),
        ("changed", {"after_tap": True}, "after the tap"),
    ],
)
def test_a_line_tells_of_the_way_after_the_tap(kind: str, details: dict[str, Any], note: str) -> None:
    assert story.tell(entry(kind, details=details)).notes == (note,)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("percent", "10", "10% off"),
        ("amount", "5.5", "5.5 EUR off"),
        ("free_shipping", None, "free shipping"),
    ],
)
def test_a_line_tells_what_a_text_offers(kind: str, value: str | None, words: str) -> None:
    details = {"code": "back-1", "kind": kind, "value": value, "currency": "EUR", "last_day": "2026-11-30"}
    line = story.tell(entry("offered", details=details))
    assert line.notes == (f"{words} until Nov 30, 2026", "code back-1")


def test_a_line_tells_what_is_worth_knowing_of_its_details() -> None:
    seen = story.tell(entry("seen", details={"items": 1, "step": "payment"}))
    ordered = story.tell(entry("ordered", details={"order": "991", "number": "#1001"}))
    assert (seen.notes, ordered.notes) == (("1 item", "reached payment"), ("order #1001",))


@pytest.mark.parametrize(
    ("about", "enrollment", "last", "word"),
    [
        (cart(), None, None, "Open"),
        (cart(), None, entry("waited", reason="no_consent"), "Waiting"),
        (cart(), enrolled(), entry("enrolled"), "In the flow"),
        (cart(), enrolled(), entry("held", reason="quiet_hours"), "Waiting"),
        (cart(), enrolled(), entry("sending"), "In the flow"),
        (cart(), None, entry("ended", reason="country_off"), "Not texted"),
        (cart(texts_sent=1), enrolled("ended"), entry("ended", reason="stopped"), "No more texts"),
        (cart(texts_sent=3), enrolled("completed"), entry("sending"), "All texts sent"),
        (cart("emptied"), enrolled("ended"), entry("ended", reason="cart_emptied"), "Emptied"),
        (cart("expired"), None, entry("ended", reason="too_late"), "Too old"),
        (cart("ordered"), enrolled("ended"), entry("ended", reason="ordered"), "Ordered"),
    ],
)
def test_a_cart_stands_as_its_last_line_says(
    about: Cart, enrollment: Enrollment | None, last: TimelineEntry | None, word: str
) -> None:
    assert story.stand(about, enrollment, last).word == word


def test_a_recovered_cart_is_just_that() -> None:
    assert story.stand(cart("ordered"), enrolled("ended"), entry("ended"), recovered=True).word == "Recovered"


def test_consent_is_told_with_its_confirmation_and_a_stop_above_all() -> None:
    given = Consent(state="given", confirmed=True, stopped=False)
    stopped = Consent(state="withdrawn", confirmed=True, stopped=True)
    assert [story.consent(found) for found in (None, given, stopped)] == [
        "Not given",
        "Given and confirmed",
        "Withdrawn: the shopper asked for no more texts",
    ]


def test_why_an_order_counts_is_told_by_its_rule() -> None:
    of_cart = Recovery(rule="cart", clicked=False)
    assert story.why_recovered(None) == "No"
    assert story.why_recovered(of_cart) == "Yes: placed after a text for this cart, without a click"
    assert "7 days" in story.why_recovered(Recovery(rule="click", clicked=True))


def test_the_audit_trail_tells_changes_without_our_own_numbers() -> None:
    saved = AuditEvent(action="flow_saved", details={"flow_id": 5, "version": 2, "active": True})
    assert story.audited(saved) == "Saved a flow (version: 2, active: yes)"
    paused = AuditEvent(action="sending_paused", details={})
    assert story.audited(paused) == "Paused sending"
    unknown = AuditEvent(action="moon_moved", details={"countries": ["SI", "AT"], "sender": None})
    assert story.audited(unknown) == "Moon moved (countries: SI, AT, sender: none)"
