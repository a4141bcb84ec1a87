"""What shoppers text back: stop and start take effect for the right stores, once, with one answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import FixedClock
from app.models import (
    Consent,
    ConsentEvent,
    Flow,
    InboundEvent,
    Link,
    Message,
    Reply,
    SenderContact,
    Store,
    Suppression,
)
from app.runtime import Runtime
from connectors.sms import Category, Refused
from flows import dispatch, erasure, inbox, links
from flows.incoming import Incoming
from flows.traces import Shopper
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import Scene, fresh, make_scene

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def scene(runtime: Runtime, provider: PocketProvider) -> Scene:
    """A cart whose first text went out from the installation's sender."""
    with runtime.database.session() as session:
        scene = make_scene(session, locale="de-DE")
        consented(session, scene)
    dispatch.drain(runtime)
    return scene


def consented(session: Session, scene: Scene) -> None:
    """The tick that the consent rests on."""
    factories.make_consent_event(session, scene.store, scene.contact.phone, confirmed=True)


def reply(
    runtime: Runtime,
    scene: Scene,
    body: str,
    provider_id: str = "in-1",
    answered: str = "",
    to: str = "Warmcart",
) -> None:
    told = f"{provider_id}|{scene.contact.phone}|{to}|{body}|{answered}"
    with runtime.database.session() as session:
        session.add(
            InboundEvent(
                source="sms:sandbox:reply",
                topic="reply",
                subject=scene.contact.phone,
                dedupe_key=f"{provider_id}:{runtime.clock.now()}",
                body=told.encode(),
                received_at=runtime.clock.now(),
            )
        )
    inbox.drain(runtime)


def consent(runtime: Runtime, scene: Scene) -> Consent:
    with runtime.database.session() as session:
        return session.get_one(Consent, (scene.store.id, "sms", scene.contact.phone))


def replies(runtime: Runtime) -> list[Reply]:
    with runtime.database.session() as session:
        return list(session.scalars(select(Reply).order_by(Reply.id)))


def answers(runtime: Runtime) -> list[Message]:
    return [message for message in scenes.messages(runtime) if message.cart_id is None]


def test_a_stop_ends_everything_and_is_confirmed_once(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    clock.advance(MINUTE)
    reply(runtime, scene, "STOP")
    state = consent(runtime, scene)
    assert (state.stopped, state.source, state.since) == (True, "keyword_stop", NOW + MINUTE)
    assert fresh(runtime, scene.enrollment).reason == "stopped"
    with runtime.database.session() as session:
        assert session.scalars(select(Suppression)).one().reason == "keyword_stop"
        assert session.scalars(select(Link)).one().ended_at == NOW + MINUTE
    dispatch.drain(runtime)
    (answer,) = answers(runtime)
    assert (answer.kind, answer.status, answer.language) == ("stop_confirmation", "accepted", "de")
    assert provider.texts[-1].body == answer.body
    assert provider.texts[-1].to == scene.contact.phone
    clock.advance(MINUTE)
    reply(runtime, scene, "Stop!!", provider_id="in-2")
    dispatch.drain(runtime)
    assert len(answers(runtime)) == 1
    assert scenes.story(runtime, scene.cart)[-2:] == [("replied", None), ("replied", None)]
    assert scenes.planned(runtime) == {}


def test_a_confirmation_goes_at_any_hour(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=8))
    reply(runtime, scene, "STOP")
    dispatch.drain(runtime)
    assert [answer.status for answer in answers(runtime)] == ["accepted"]


def test_no_confirmation_where_the_provider_sent_one(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "stop it", answered="stop")
    assert consent(runtime, scene).stopped
    assert answers(runtime) == []
    assert replies(runtime)[0].answered


def test_the_same_reply_twice_is_one_reply(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    reply(runtime, scene, "STOP")
    clock.advance(MINUTE)
    reply(runtime, scene, "STOP")
    assert len(replies(runtime)) == 1
    assert len(answers(runtime)) == 1


def test_a_stop_inside_a_short_text_counts_and_a_person_looks_at_it(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "please stop texting")
    assert consent(runtime, scene).stopped
    (kept,) = replies(runtime)
    assert (kept.intent, kept.needs_person) == ("stop", True)


def test_start_allows_texts_again_and_says_so(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    reply(runtime, scene, "STOP")
    clock.advance(MINUTE)
    reply(runtime, scene, "START", provider_id="in-2")
    state = consent(runtime, scene)
    assert (state.state, state.stopped, state.source) == ("given", False, "keyword_start")
    assert [answer.kind for answer in answers(runtime)] == ["stop_confirmation", "start_confirmation"]
    with runtime.database.session() as session:
        assert session.scalars(select(Suppression)).one().lifted_at == NOW + MINUTE


def test_start_gives_nothing_to_somebody_who_never_consented(
    runtime: Runtime, provider: PocketProvider
) -> None:
    with runtime.database.session() as session:
        scene = make_scene(session)
    dispatch.drain(runtime)
    reply(runtime, scene, "START")
    assert consent(runtime, scene).state == "none"
    assert answers(runtime) == []


def test_help_is_answered_with_who_we_are(runtime: Runtime, provider: PocketProvider, scene: Scene) -> None:
    reply(runtime, scene, "HELP")
    dispatch.drain(runtime)
    (answer,) = answers(runtime)
    assert answer.kind == "help"
    assert answer.body is not None
    assert scene.store.name in answer.body
    assert scene.store.url in answer.body
    assert answer.link_token is None
    assert not consent(runtime, scene).stopped


def page_told(runtime: Runtime) -> str | None:
    """The token of the page that the newest answer tells, whose address stands apart from all other words."""
    address = f"{runtime.settings.public_url}/p/"
    body = answers(runtime)[-1].body or ""
    return next((word.removeprefix(address) for word in body.split() if word.startswith(address)), None)


def link_of(runtime: Runtime, scene: Scene) -> str:
    with runtime.database.session() as session:
        return session.scalars(select(Link.token).where(Link.contact_id == scene.contact.id)).one()


def test_help_tells_the_page_of_the_newest_text_that_left(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    later = (("newest000000", 2 * DAY, NOW), ("older0000000", DAY, NOW), ("doubtful0000", 3 * DAY, None))
    with runtime.database.session() as session:
        for token, after, left in later:
            text = factories.make_message(
                session, scene.store, scene.cart, accepted_at=left, created_at=NOW + after
            )
            factories.make_link(session, scene.store, text, token=token)
    reply(runtime, scene, "HELP")
    assert page_told(runtime) == "newest000000"


def test_help_tells_no_page_to_whoever_got_no_text_about_a_cart(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        store = scenes.make_british_store(session)
        asked = factories.make_contact(session, store, phone=scene.contact.phone)
        row = {"sender": "Warmcart", "phone": asked.phone, "texted_at": NOW + MINUTE}
        session.add(SenderContact(store_id=store.id, contact_id=asked.id, **row))
    reply(runtime, scene, "HELP")
    (answer,) = answers(runtime)
    assert (answer.store_id, page_told(runtime)) == (store.id, None)
    assert f"Questions? {store.url}\n" in (answer.body or "")


def test_help_tells_the_page_of_the_store_that_texted_last(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    clock.advance(MINUTE)
    with runtime.database.session() as session:
        last = make_scene(session, contact={"phone": scene.contact.phone})
    dispatch.drain(runtime)
    reply(runtime, scene, "HELP")
    assert page_told(runtime) == link_of(runtime, last)


def test_help_after_a_stop_tells_the_page_still(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "STOP")
    reply(runtime, scene, "HELP", provider_id="in-2")
    token = link_of(runtime, scene)
    assert page_told(runtime) == token
    with runtime.database.session() as session:
        found = links.recipient(session, token)
    assert found is not None and found.contact is not None and found.stopped


def test_help_never_tells_the_page_of_somebody_who_was_erased(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = session.get_one(Store, scene.store.id)
        erasing = Incoming(session, runtime, store, NOW, NOW, dedupe_key="erase")
        erasure.erase_person(erasing, Shopper(phones=(scene.contact.phone,)))
    reply(runtime, scene, "HELP")
    assert answers(runtime) == []
    clock.advance(MINUTE)
    with runtime.database.session() as session:
        store, flow = session.get_one(Store, scene.store.id), session.get_one(Flow, scene.flow.id)
        again = make_scene(session, store, flow, contact={"phone": scene.contact.phone})
    dispatch.drain(runtime)
    reply(runtime, scene, "HELP", provider_id="in-2")
    assert page_told(runtime) == link_of(runtime, again) != link_of(runtime, scene)


def test_any_other_reply_waits_for_a_person(runtime: Runtime, provider: PocketProvider, scene: Scene) -> None:
    reply(runtime, scene, "Do you have it in blue?")
    (kept,) = replies(runtime)
    assert (kept.store_id, kept.contact_id, kept.intent) == (scene.store.id, scene.contact.id, "other")
    assert (kept.needs_person, kept.body) == (True, "Do you have it in blue?")
    assert answers(runtime) == []


def test_a_stop_holds_for_every_store_that_texted_the_number_from_that_sender(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    clock.advance(MINUTE)
    with runtime.database.session() as session:
        same_sender = make_scene(session, contact={"phone": scene.contact.phone})
        consented(session, same_sender)
        own_sender = scenes.make_british_store(session, sender_name="Otherwise")
        elsewhere = make_scene(session, own_sender, contact={"phone": scene.contact.phone})
        consented(session, elsewhere)
        never_texted = factories.make_contact(
            session, factories.make_store(session), phone=scene.contact.phone
        )
    dispatch.drain(runtime)
    reply(runtime, scene, "STOP")
    assert consent(runtime, scene).stopped
    assert consent(runtime, same_sender).stopped
    assert not consent(runtime, elsewhere).stopped
    assert fresh(runtime, elsewhere.enrollment).state == "active"
    with runtime.database.session() as session:
        assert session.get(Consent, (never_texted.store_id, "sms", never_texted.phone)) is None
    assert replies(runtime)[0].store_id == same_sender.store.id
    assert [answer.store_id for answer in answers(runtime)] == [same_sender.store.id]


def test_a_reply_of_a_number_that_nobody_texted_is_kept(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    with runtime.database.session() as session:
        store = session.get_one(Store, scene.store.id)
        stranger = factories.make_contact(session, store)
    reply(runtime, Scene(store, scene.flow, stranger, scene.cart, scene.enrollment), "STOP")
    (kept,) = replies(runtime)
    assert (kept.store_id, kept.intent) == (None, "stop")
    assert answers(runtime) == []
    assert fresh(runtime, scene.enrollment).state == "active"


def test_a_stop_whose_confirmation_is_refused_is_a_stop_all_the_same(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "STOP")
    provider.answers = [Refused(Category.OPTED_OUT)]
    dispatch.drain(runtime)
    (answer,) = answers(runtime)
    assert (answer.status, answer.reason) == ("failed", "opted_out")
    assert consent(runtime, scene).stopped


def test_an_answer_that_could_not_leave_for_an_hour_stays_unsent(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    reply(runtime, scene, "HELP")
    provider.answers = [Refused(Category.UNREACHABLE, retryable=True)] * 99
    for _ in range(8):
        dispatch.drain(runtime)
        clock.advance(15 * MINUTE)
    (answer,) = answers(runtime)
    assert (answer.status, answer.reason) == ("failed", "too_late")


def test_characters_that_cannot_be_stored_do_not_lose_a_reply(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "ST\x00OP")
    assert consent(runtime, scene).stopped


def test_a_stop_in_plain_words_is_confirmed_like_any_other_and_looked_at_by_a_person(
    runtime: Runtime, provider: PocketProvider, scene: Scene, clock: FixedClock
) -> None:
    clock.advance(MINUTE)
    reply(runtime, scene, "Bitte schreibt mir nicht mehr")
    state = consent(runtime, scene)
    assert (state.stopped, state.source, state.since) == (True, "plain_words_stop", NOW + MINUTE)
    assert [answer.kind for answer in answers(runtime)] == ["stop_confirmation"]
    (kept,) = replies(runtime)
    assert (kept.intent, kept.needs_person, kept.settled_at) == ("stop", True, None)


def test_what_is_about_an_order_stops_nothing(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "Stop sending me the wrong size")
    (kept,) = replies(runtime)
    assert (kept.intent, kept.needs_person) == ("other", True)
    assert fresh(runtime, scene.enrollment).state == "active"


def test_the_ledger_keeps_what_was_said_in_which_reply(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "Please stop texting me")
    with runtime.database.session() as session:
        event = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id.desc())).first()
        assert event is not None
        assert event.evidence == {
            "actor": "shopper",
            "keyword": "stop texting",
            "reply": "in-1",
            "sender": "Warmcart",
            "zone": "Europe/London",
        }


def test_a_yes_that_nobody_asked_for_goes_to_a_person(
    runtime: Runtime, provider: PocketProvider, scene: Scene
) -> None:
    reply(runtime, scene, "Ja")
    (kept,) = replies(runtime)
    assert (kept.intent, kept.needs_person) == ("confirm", True)
    assert answers(runtime) == []
