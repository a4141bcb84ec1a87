"""Replies that a person should read: what stands there, and what settling one does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.models import AuditEvent, Consent, Contact, Due, Reply, Store
from app.runtime import Runtime
from connectors.events import ConsentSignal, ConsentState
from flows import consents, replies
from tests import factories
from tests.app.admin.browser import Browser, find, words
from tests.factories import NOW

PHONE = "+38640123456"
HASH_KEY = "h" * 32


def write(
    runtime: Runtime, store: Store, body: str | None, number: int = 1, intent: str = "other", **more: Any
) -> int:
    """A reply of Ana's; what it reads as a stop stops her number, which had consented before."""
    with runtime.database.session() as session:
        contact = session.scalar(select(Contact).where(Contact.store_id == store.id, Contact.phone == PHONE))
        contact = contact or factories.make_contact(
            session, store, phone=PHONE, country="SI", first_name="Ana"
        )
        reply = Reply(
            store_id=store.id,
            contact_id=contact.id,
            provider="sandbox",
            provider_id=f"in-{number}",
            from_number=PHONE,
            to_number="Warmcart",
            body=body,
            intent=intent,
            needs_person=True,
            received_at=NOW - timedelta(minutes=100 - number),
            **more,
        )
        session.add(reply)
        session.flush()
        if intent == "stop":
            say(session, store, ConsentState.GIVEN, "shopify_checkout", "tick", 1000)
            key = replies.dedupe_key(reply.provider_id)
            say(session, store, ConsentState.WITHDRAWN, "plain_words_stop", key, 90)
        return reply.id


def say(session: Any, store: Store, state: ConsentState, source: str, key: str, minutes: int) -> None:
    signal = ConsentSignal(state, PHONE, source, occurred_at=NOW - timedelta(minutes=minutes))
    consents.record_signal(session, store, PHONE, signal, NOW, key, hash_key=HASH_KEY)


def settle(browser: Browser, reply_id: int, how: str) -> Any:
    """Press the button that is labelled so on the page of replies."""
    page = browser.get("/app/replies?show=all")
    address = f"/app/replies/{reply_id}/settle"
    for form in find(page, "form"):
        pressed = {field.attrib.get("name"): field.attrib.get("value") for field in form.iter()}
        if form.attrib["action"].split("?")[0] == address and pressed.get("as") == how:
            return browser.post(
                form.attrib["action"], {name: value for name, value in pressed.items() if name}
            )
    raise AssertionError(f"no button for {how}")


def stored(runtime: Runtime, reply_id: int) -> Reply:
    with runtime.database.session() as session:
        return session.get_one(Reply, reply_id)


def consent(runtime: Runtime, store: Store) -> str:
    with runtime.database.session() as session:
        return session.get_one(Consent, (store.id, "sms", PHONE)).state


def trail(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.database.session() as session:
        return [(event.actor, event.action) for event in session.scalars(select(AuditEvent))]


def test_a_question_stands_there_with_the_number_masked_until_it_is_settled(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    reply_id = write(runtime, store, "Do you have it in <blue>?")
    page = browser.get("/app/replies")
    assert "Do you have it in <blue>?" in words(page)
    assert "write to the shopper from your store." in words(page)
    assert "Reminders to this number wait until it is settled" in words(page)
    assert "456" in words(page)
    assert "123456" not in page.text.replace(" ", "")
    assert "Settled." in words(settle(browser, reply_id, "settled"))
    assert "Nothing waits for you" in words(browser.get("/app/replies"))
    settled = words(browser.get("/app/replies?show=all"))
    assert "Settled" in settled and "Reminders to this number wait" not in settled
    assert stored(runtime, reply_id).settled_at == NOW
    ((actor, action),) = trail(runtime)
    assert (actor.partition(":")[0], action) == ("person", "reply_settled")


def test_a_reply_leads_to_the_shoppers_last_cart(browser: Browser, runtime: Runtime, store: Store) -> None:
    reply_id = write(runtime, store, "Do you have it in blue?")
    with runtime.database.session() as session:
        contact = session.get_one(Contact, session.get_one(Reply, reply_id).contact_id)
        moments = [NOW - timedelta(hours=hours) for hours in (3, 1, 2)]
        carts = [factories.make_cart(session, store, contact, activity_at=at).id for at in moments]
    page = browser.get("/app/replies").text
    assert [f"/app/carts/{cart}?" in page for cart in carts] == [False, True, False]


def test_a_stop_in_plain_words_says_why_and_may_stay(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    reply_id = write(runtime, store, "Please don't text me again", intent="stop")
    shown = words(browser.get("/app/replies"))
    assert "Read as a stop" in shown
    assert "The number was stopped at once, and told so." in shown
    assert "Because of: “dont text me”" in shown
    settle(browser, reply_id, "kept")
    assert (stored(runtime, reply_id).settled_as, consent(runtime, store)) == ("kept", "withdrawn")


@pytest.mark.parametrize("kept_before", [False, True])
def test_a_stop_that_was_none_is_undone_and_the_change_names_who_did_it(
    browser: Browser, runtime: Runtime, store: Store, kept_before: bool
) -> None:
    reply_id = write(runtime, store, "No more of the red ones please", intent="stop")
    if kept_before:
        settle(browser, reply_id, "kept")
    assert "Undone: the text was no stop." in words(settle(browser, reply_id, "undone"))
    assert (stored(runtime, reply_id).settled_as, consent(runtime, store)) == ("undone", "given")
    assert trail(runtime)[-1][1] == "reply_undone"
    assert "and is open again now" in words(browser.get("/app/replies?show=all"))


def test_a_button_that_is_pressed_twice_settles_once(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    reply_id = write(runtime, store, "No more of the red ones please", intent="stop")
    page = browser.get("/app/replies")
    for _ in range(2):
        answer = browser.send(page, f"/app/replies/{reply_id}/settle", **{"as": "undone"})
        assert "Undone: the text was no stop." in words(answer)
    assert [action for _, action in trail(runtime)] == ["reply_undone"]
    assert consent(runtime, store) == "given"


def test_a_number_that_is_open_again_is_not_said_to_be_kept_stopped(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    reply_id = write(runtime, store, "Please don't text me again", intent="stop")
    with runtime.database.session() as session:
        say(session, store, ConsentState.GIVEN, "keyword_start", "start", 1)
    assert "Keep stopped" not in words(browser.get("/app/replies"))
    settle(browser, reply_id, "settled")
    assert consent(runtime, store) == "given"


def test_a_stop_by_keyword_cannot_be_undone_from_a_reply(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    reply_id = write(runtime, store, "please stop", intent="stop")
    with runtime.database.session() as session:
        say(session, store, ConsentState.WITHDRAWN, "keyword_stop", "reply:later", 5)
    settle(browser, reply_id, "undone")
    assert consent(runtime, store) == "withdrawn"
    other = write(runtime, store, "hm", 2)
    page = browser.get("/app/replies")
    form = next(form for form in find(page, "form") if f"/{other}/settle" in form.attrib["action"])
    token = next(field.attrib["value"] for field in form.iter() if field.attrib.get("name") == "csrf_token")
    answer = browser.post(form.attrib["action"], {"as": "undone", "csrf_token": token})
    assert answer.status_code == 409
    assert browser.post(form.attrib["action"], {"as": "?", "csrf_token": token}).status_code == 400


def test_settling_lets_the_texts_go_that_waited_for_it(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    reply_id = write(runtime, store, "Is it warm?")
    with runtime.database.session() as session:
        factories.make_due(session, store, due_at=NOW + timedelta(hours=1), reason="conversation_open")
    settle(browser, reply_id, "settled")
    with runtime.database.session() as session:
        assert session.scalars(select(Due.due_at)).all() == [NOW]


def test_replies_of_another_store_are_not_there(browser: Browser, runtime: Runtime, store: Store) -> None:
    with runtime.database.session() as session:
        other = factories.make_store(session)
    foreign = write(runtime, other, "theirs", 1)
    own = write(runtime, store, "ours", 2)
    page = browser.get("/app/replies")
    assert "theirs" not in page.text
    form = next(form for form in find(page, "form") if f"/{own}/settle" in form.attrib["action"])
    token = next(field.attrib["value"] for field in form.iter() if field.attrib.get("name") == "csrf_token")
    address = form.attrib["action"].replace(f"/{own}/", f"/{foreign}/")
    assert browser.post(address, {"as": "settled", "csrf_token": token}).status_code == 404
    assert stored(runtime, foreign).settled_at is None


def test_fifty_stand_on_a_page_and_the_rest_behind_it_with_as_many_queries(
    browser: Browser, runtime: Runtime, store: Store, queries: list[str]
) -> None:
    write(runtime, store, "reply 1", 1)
    queries.clear()
    browser.get("/app/replies")
    few = len(queries)
    for number in range(2, 54):
        write(runtime, store, f"reply {number}", number)
    queries.clear()
    page = browser.get("/app/replies")
    assert len(queries) == few
    assert len([item for item in find(page, "li") if item.attrib.get("class") == "w-reply"]) == 50
    older = next(link for link in find(page, "a") if "".join(link.itertext()) == "Older")
    rest = browser.get(older.attrib["href"])
    assert "reply 3" in words(rest) and "reply 53" not in words(rest)
