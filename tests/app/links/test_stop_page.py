"""``/p/<token>``: opening it changes nothing, its button stops the texts for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import html5lib
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.clock import FixedClock
from app.links.stop_page import masked
from app.models import Consent, ConsentEvent, Contact, Enrollment, Link, Store, Suppression
from app.runtime import Runtime
from connectors.platform import ConsentSignal, ConsentState
from flows import consents
from tests import factories
from tests.factories import NOW

PHONE = "+38640123467"


@dataclass
class Texted:
    """Somebody who consented, was texted, and has the link."""

    store: Store
    token: str
    link_id: int
    enrollment_id: int


def consent(runtime: Runtime, store: Store, state: ConsentState, at: Any, source: str) -> None:
    signal = ConsentSignal(state, PHONE, source, confirmed=True, occurred_at=at, checkout_created_at=at)
    with runtime.database.session() as session:
        hash_key = runtime.settings.hash_key
        consents.record_signal(session, store, PHONE, signal, at, f"{source}:{at}", hash_key=hash_key)


def text_somebody(runtime: Runtime, language: str = "sl", **columns: Any) -> Texted:
    with runtime.database.session() as session:
        store = factories.make_store(session, url="https://lanena.example", **columns)
        contact = factories.make_contact(session, store, phone=PHONE, country="SI")
        cart = factories.make_cart(session, store, contact)
        flow = factories.make_flow(session, store)
        enrollment = factories.make_enrollment(session, store, flow, contact, cart)
        message = factories.make_message(session, store, cart, language=language)
        link = factories.make_link(session, store, message)
    consent(runtime, store, ConsentState.GIVEN, NOW - timedelta(days=1), "shopify_checkout")
    return Texted(store, link.token, link.id, enrollment.id)


@pytest.fixture
def texted(runtime: Runtime) -> Texted:
    return text_somebody(runtime, name="Lanena hiša <b>&")


def is_stopped(runtime: Runtime, texted: Texted) -> bool:
    with runtime.database.session() as session:
        return session.get_one(Consent, (texted.store.id, "sms", PHONE)).stopped


def events(runtime: Runtime) -> int:
    with runtime.database.session() as session:
        return session.scalar(select(func.count()).select_from(ConsentEvent)) or 0


def test_the_page_says_who_stops_texting_which_number(client: FlaskClient, texted: Texted) -> None:
    response = client.get(f"/p/{texted.token}", headers={"Accept-Language": "de"})

    assert response.status_code == 200
    assert '<html lang="sl" dir="ltr">' in response.text
    assert "Ne želite več SMS-ov trgovine Lanena hiša &lt;b&gt;&amp;?" in response.text
    assert "+386 ••••••67" in response.text
    assert PHONE not in response.text
    assert '<form method="post"><button>Ne želim več SMS-ov</button></form>' in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_page_stops_nothing(
    client: FlaskClient, runtime: Runtime, texted: Texted, method: str
) -> None:
    client.open(f"/p/{texted.token}", method=method)

    assert not is_stopped(runtime, texted)


def test_the_button_stops_the_texts_for_good(client: FlaskClient, runtime: Runtime, texted: Texted) -> None:
    response = client.post(f"/p/{texted.token}")

    assert response.status_code == 200
    assert "SMS-ov ne boste več prejemali" in response.text
    assert is_stopped(runtime, texted)
    with runtime.database.session() as session:
        assert session.scalars(select(Suppression.reason)).all() == ["stop_page"]
        enrollment = session.get_one(Enrollment, texted.enrollment_id)
        assert (enrollment.state, enrollment.reason) == ("ended", "stopped")
        assert session.get_one(Link, texted.link_id).ended_at == NOW


def test_after_the_stop_the_link_leads_to_the_front_page(client: FlaskClient, texted: Texted) -> None:
    client.post(f"/p/{texted.token}")

    assert client.get(f"/r/{texted.token}").headers["Location"] == "https://lanena.example"


def test_a_second_press_only_says_so_again(client: FlaskClient, runtime: Runtime, texted: Texted) -> None:
    client.post(f"/p/{texted.token}")
    before = events(runtime)

    response = client.post(f"/p/{texted.token}")

    assert "SMS-ov ne boste več prejemali" in response.text
    assert events(runtime) == before


def test_whoever_stopped_already_is_told_so(client: FlaskClient, texted: Texted) -> None:
    client.post(f"/p/{texted.token}")

    page = client.get(f"/p/{texted.token}").text

    assert "<form" not in page
    assert 'href="https://lanena.example"' in page


def test_whoever_asked_for_texts_again_can_stop_them_again(
    client: FlaskClient, runtime: Runtime, texted: Texted, clock: FixedClock
) -> None:
    client.post(f"/p/{texted.token}")
    clock.advance(timedelta(days=1))
    consent(runtime, texted.store, ConsentState.GIVEN, clock.now(), "keyword_start")
    assert not is_stopped(runtime, texted)
    assert "<form" in client.get(f"/p/{texted.token}").text

    clock.advance(timedelta(days=1))
    client.post(f"/p/{texted.token}")

    assert is_stopped(runtime, texted)


@pytest.mark.parametrize("columns", [{"ended_at": NOW}, {"expires_at": NOW}], ids=["ended", "too old"])
def test_a_link_that_ended_can_still_stop_the_texts(
    client: FlaskClient, runtime: Runtime, texted: Texted, columns: dict[str, Any]
) -> None:
    with runtime.database.session() as session:
        for name, value in columns.items():
            setattr(session.get_one(Link, texted.link_id), name, value)

    client.post(f"/p/{texted.token}")

    assert is_stopped(runtime, texted)


def test_a_stop_at_one_store_is_none_at_another(
    client: FlaskClient, runtime: Runtime, texted: Texted
) -> None:
    neighbour = text_somebody(runtime)
    client.post(f"/p/{texted.token}")

    assert not is_stopped(runtime, neighbour)
    assert "<form" in client.get(f"/p/{neighbour.token}").text


def test_somebody_who_was_erased_gets_no_texts_and_is_not_named(
    client: FlaskClient, runtime: Runtime, texted: Texted
) -> None:
    with runtime.database.session() as session:
        contact_id = session.get_one(Link, texted.link_id).contact_id
        contact = session.get_one(Contact, contact_id)
        contact.phone, contact.erased_at = f"erased:{contact_id}", NOW

    for response in (client.get(f"/p/{texted.token}"), client.post(f"/p/{texted.token}")):
        assert "SMS-ov ne boste več prejemali" in response.text
        assert "erased" not in response.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["AbCdEfGhIjKl", "short"])
def test_an_unknown_link_is_a_friendly_page(client: FlaskClient, token: str, method: str) -> None:
    response = client.open(f"/p/{token}", method=method, headers={"Accept-Language": "es"})

    assert response.status_code == 404
    assert "No encontramos este enlace" in response.text


@pytest.mark.parametrize(
    ("language", "spoken"), [("de-x-formal", "de"), ("pl", "pl"), ("nl", "fr"), ("tlh", "fr")]
)
def test_a_language_without_words_gives_way_to_the_visitors(
    client: FlaskClient, runtime: Runtime, language: str, spoken: str
) -> None:
    texted = text_somebody(runtime, language)

    page = client.get(f"/p/{texted.token}", headers={"Accept-Language": "fr-CH"}).text

    assert f'<html lang="{spoken}"' in page


def test_the_pages_are_sound_html(client: FlaskClient, texted: Texted) -> None:
    for response in (client.get(f"/p/{texted.token}"), client.post(f"/p/{texted.token}")):
        html5lib.HTMLParser(strict=True).parse(response.data)
        assert response.text.count("<h1>") == 1


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+38640123467", "+386 ••••••67"),
        ("+12025550123", "+1 ••••••••23"),
        ("+447400123456", "+44 ••••••••56"),
    ],
)
def test_a_number_is_shown_as_far_as_its_owner_knows_it(phone: str, shown: str) -> None:
    assert masked(phone) == shown
