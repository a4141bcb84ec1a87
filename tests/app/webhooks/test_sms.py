"""The doors of the SMS providers: signed callbacks are kept once, and a stop takes effect at the door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import create_app
from app.clock import FixedClock
from app.models import Consent, InboundEvent, Link, SenderContact
from app.runtime import Runtime
from app.web import EXTENSION
from connectors.sandbox import SIGNATURE_HEADER, reply_body
from connectors.sandbox import sign as sign_sandbox
from flows import inbox
from tests import factories
from tests.factories import NOW
from tests.flows import scenes
from tests.flows.scenes import Scene, fresh, make_scene
from tests.standins.twilio.callbacks import sign

TOKEN = "the-auth-token-of-the-tests"
SERVICE = "MG" + "0" * 31 + "1"
SENDER = "+447700900001"
TWILIO = {
    "sms_provider": "twilio",
    "twilio_account_sid": "AC" + "0" * 31 + "1",
    "twilio_auth_token": TOKEN,
    "twilio_messaging_service_sid": SERVICE,
}
REPLY, RECEIPT = "/webhooks/sms/twilio/reply", "/webhooks/sms/twilio/receipt"


@pytest.fixture
def application(database_url: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with this room alone, sending through Twilio."""
    monkeypatch.setattr("app.ROOMS", ("webhooks",))
    application = create_app(factories.make_settings(database_url, **TWILIO), clock)
    yield application
    application.extensions[EXTENSION].close()


@pytest.fixture
def scene(runtime: Runtime) -> Scene:
    """A cart whose first text was sent by the messaging service from one of its numbers."""
    with runtime.database.session() as session:
        scene = make_scene(session)
        texted = {"store_id": scene.store.id, "contact_id": scene.contact.id, "texted_at": NOW}
        for sender in (SENDER, SERVICE):
            session.add(SenderContact(sender=sender, phone=scene.contact.phone, **texted))
        factories.make_consent_event(session, scene.store, scene.contact.phone)
    return scene


def reply_of(scene: Scene, body: str, sid: str = "SM1", **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "From": scene.contact.phone, "To": SENDER, "Body": body, **more}


def post(client: FlaskClient, path: str, fields: dict[str, str], token: str = TOKEN) -> TestResponse:
    """As Twilio signs it: at the address that it was given, whatever host this server believes it has."""
    signature = sign(f"https://warmcart.example.com{path}", fields, token)
    return client.post(
        path,
        data=urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )


def events(runtime: Runtime) -> list[InboundEvent]:
    with runtime.database.session() as session:
        return list(session.scalars(select(InboundEvent).order_by(InboundEvent.id)))


def is_stopped(runtime: Runtime, scene: Scene) -> bool:
    with runtime.database.session() as session:
        consent = session.get(Consent, (scene.store.id, "sms", scene.contact.phone))
        return consent is not None and consent.stopped


def test_a_stop_takes_effect_before_the_answer(runtime: Runtime, client: FlaskClient, scene: Scene) -> None:
    answer = post(client, REPLY, reply_of(scene, "Stop"))
    assert (answer.status_code, answer.data) == (204, b"")
    assert is_stopped(runtime, scene)
    assert fresh(runtime, scene.enrollment).reason == "stopped"
    assert scenes.planned(runtime) == {}
    (event,) = events(runtime)
    assert (event.source, event.state, event.subject) == (
        "sms:twilio:reply",
        "pending",
        scene.contact.phone,
    )
    inbox.drain(runtime)
    assert [event.state for event in events(runtime)] == ["applied"]
    (answer_text,) = scenes.messages(runtime)
    assert (answer_text.kind, answer_text.sender) == ("stop_confirmation", SENDER)


def test_a_stop_that_the_provider_answered_itself_is_not_confirmed_again(
    runtime: Runtime, client: FlaskClient, scene: Scene
) -> None:
    post(client, REPLY, reply_of(scene, "ARRET", OptOutType="STOP"))
    inbox.drain(runtime)
    assert is_stopped(runtime, scene)
    assert scenes.messages(runtime) == []


def test_a_number_of_the_service_that_we_never_heard_of_finds_its_stores(
    runtime: Runtime, client: FlaskClient, scene: Scene
) -> None:
    fields = reply_of(scene, "STOP", MessagingServiceSid=SERVICE) | {"To": "+447700900777"}
    post(client, REPLY, fields)
    assert is_stopped(runtime, scene)


def test_a_stop_to_a_sender_that_never_texted_the_number_is_kept(
    runtime: Runtime, client: FlaskClient, scene: Scene
) -> None:
    post(client, REPLY, reply_of(scene, "STOP") | {"To": "+447700900777"})
    assert not is_stopped(runtime, scene)
    assert len(events(runtime)) == 1


def test_the_same_reply_twice_is_kept_once(runtime: Runtime, client: FlaskClient, scene: Scene) -> None:
    for _ in range(2):
        assert post(client, REPLY, reply_of(scene, "STOP")).status_code == 204
    assert len(events(runtime)) == 1


def test_a_question_is_kept_for_intake_and_stops_nothing(
    runtime: Runtime, client: FlaskClient, scene: Scene
) -> None:
    post(client, REPLY, reply_of(scene, "Do you ship to Leeds?"))
    assert not is_stopped(runtime, scene)
    assert len(events(runtime)) == 1


@pytest.mark.parametrize("path", [REPLY, RECEIPT])
def test_a_wrong_signature_is_refused_and_nothing_kept(
    runtime: Runtime, client: FlaskClient, scene: Scene, path: str
) -> None:
    fields = reply_of(scene, "STOP", MessageStatus="delivered")
    assert post(client, path, fields, token="somebody-else's").status_code == 401
    assert client.post(path, data=fields).status_code == 401
    assert events(runtime) == []
    assert not is_stopped(runtime, scene)


def test_a_signed_body_that_lacks_what_it_must_have_is_refused(runtime: Runtime, client: FlaskClient) -> None:
    assert post(client, REPLY, {"Body": "STOP"}).status_code == 400
    assert events(runtime) == []


def test_every_state_of_a_text_is_kept_once(runtime: Runtime, client: FlaskClient) -> None:
    for status in ("sent", "sent", "delivered"):
        assert post(client, RECEIPT, {"MessageSid": "SM9", "MessageStatus": status}).status_code == 204
    assert [event.dedupe_key for event in events(runtime)] == ["SM9:sent", "SM9:delivered"]
    assert {event.subject for event in events(runtime)} == {"SM9"}


def test_a_query_string_is_part_of_what_is_signed(runtime: Runtime, client: FlaskClient) -> None:
    assert (
        post(client, f"{RECEIPT}?a=%20b", {"MessageSid": "SM9", "MessageStatus": "sent"}).status_code == 204
    )


def test_a_receipt_that_comes_before_our_own_write_is_tried_again(
    runtime: Runtime, client: FlaskClient, scene: Scene, clock: FixedClock
) -> None:
    post(client, RECEIPT, {"MessageSid": "SM9", "MessageStatus": "delivered"})
    inbox.drain(runtime, clock.now() + timedelta(seconds=1))
    assert [event.state for event in events(runtime)] == ["pending"]
    with runtime.database.session() as session:
        message = factories.make_message(session, scene.store, scene.cart, status="accepted")
        factories.make_delivery(session, message, provider="twilio", provider_id="SM9")
    clock.advance(timedelta(minutes=1))
    inbox.drain(runtime)
    assert [event.state for event in events(runtime)] == ["applied"]
    assert fresh(runtime, message).status == "delivered"


def test_a_receipt_of_somebody_elses_text_is_put_aside_in_the_end(
    runtime: Runtime, client: FlaskClient, clock: FixedClock
) -> None:
    post(client, RECEIPT, {"MessageSid": "SM9", "MessageStatus": "delivered"})
    for _ in range(6):
        inbox.drain(runtime)
        clock.advance(timedelta(minutes=1))
    assert [event.state for event in events(runtime)] == ["applied"]


def test_a_provider_that_is_not_ours_has_no_door(client: FlaskClient) -> None:
    body = reply_body("r1", "+447700900000", "Warmcart", "STOP")
    headers = {SIGNATURE_HEADER: sign_sandbox(body, "secret")}
    for name in ("sandbox", "nobody"):
        assert client.post(f"/webhooks/sms/{name}/reply", data=body, headers=headers).status_code == 404


def test_a_stop_ends_the_links_of_the_number(runtime: Runtime, client: FlaskClient, scene: Scene) -> None:
    with runtime.database.session() as session:
        message = factories.make_message(session, scene.store, scene.cart)
        link = factories.make_link(session, scene.store, message)
    post(client, REPLY, reply_of(scene, "STOP"))
    with runtime.database.session() as session:
        assert session.get_one(Link, link.id).ended_at == NOW


def test_an_unreachable_database_asks_the_provider_to_send_again(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ROOMS", ("webhooks",))
    settings = factories.make_settings("postgresql://nobody@127.0.0.1:1/none", **TWILIO)
    application = create_app(settings, clock)
    client = application.test_client()
    receipt = {"MessageSid": "SM9", "MessageStatus": "sent"}
    reply = {"MessageSid": "SM9", "From": "+447400120001", "To": SENDER, "Body": "STOP"}
    assert post(client, RECEIPT, receipt).status_code == 503
    assert post(client, REPLY, reply).status_code == 503
    application.extensions[EXTENSION].close()


def test_a_stop_in_plain_words_takes_effect_before_the_answer_too(
    runtime: Runtime, client: FlaskClient, scene: Scene
) -> None:
    post(client, REPLY, reply_of(scene, "Please don't text me again"))
    assert is_stopped(runtime, scene)
