"""A store's own senders, from its rows to the text that leaves."""

from __future__ import annotations

from datetime import timedelta

from app.clock import FixedClock
from app.models import SenderRegistration
from app.runtime import Runtime
from connectors.sms import Category, Refused
from flows import dispatch, identities, providers
from flows.senders import Kind, Registration, RegistrationState, Sender
from tests import factories
from tests.factories import NOW
from tests.flows.pocket_provider import PocketProvider
from tests.flows.scenes import make_british_store, make_scene, message
from tests.queries import reads, statements

NUMBER = "+447700900000"


def test_a_text_under_a_name_carries_a_link_as_the_way_out(
    runtime: Runtime, provider: PocketProvider
) -> None:
    with runtime.database.session() as session:
        make_scene(session, make_british_store(session, sender_name="Kamra", sender=NUMBER))
    dispatch.drain(runtime)
    (text,) = provider.texts
    assert text.sender == "Kamra"
    token = message(runtime).link_token
    assert text.body.endswith(f"Opt out: https://warmcart.example.com/p/{token}")
    assert "STOP" not in text.body


def test_a_text_from_a_number_says_how_to_reply(runtime: Runtime, provider: PocketProvider) -> None:
    with runtime.database.session() as session:
        make_scene(session, make_british_store(session, sender=NUMBER))
    dispatch.drain(runtime)
    (text,) = provider.texts
    assert (text.sender, text.body.splitlines()[-1]) == (NUMBER, "Reply STOP to opt out")


def test_a_text_that_says_reply_stop_never_goes_again_under_a_name(
    runtime: Runtime, provider: PocketProvider, clock: FixedClock
) -> None:
    with runtime.database.session() as session:
        store = make_british_store(session, sender=NUMBER)
        make_scene(session, store)
    provider.answers = [Refused(Category.UNREACHABLE, retryable=True)]
    dispatch.drain(runtime)
    with runtime.database.session() as session:
        session.merge(store).sender_name = "Kamra"
        providers.take_note(session, "sandbox", NUMBER, "GB", Category.REGISTRATION, None, clock.now())
    clock.advance(timedelta(minutes=10))
    dispatch.drain(runtime)
    assert [text.sender for text in provider.texts] == [NUMBER, "Warmcart"]


def test_the_registrations_of_many_stores_are_read_at_once(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        ours, other = (factories.make_store(session, sender_name="Kamra") for _ in range(2))
        told = {"country": "IE", "state": "registered", "changed_at": NOW}
        session.add(SenderRegistration(store_id=ours.id, name="Kamra", **told))
        session.flush()
        with statements(runtime) as sent:
            found = identities.load(session, runtime.settings, [ours, other])
    assert reads(sent) == 1
    assert found[ours.id].registrations == {"IE": Registration("Kamra", RegistrationState.REGISTERED)}
    assert found[other.id].registrations == {}
    assert found[ours.id].pool == Sender("Warmcart", Kind.POOL)
