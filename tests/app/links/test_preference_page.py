"""``/p/<token>``: opening it changes nothing, its first button stops the texts for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import html5lib
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.clock import FixedClock
from app.links.preference_page import masked
from app.models import Base, Consent, ConsentEvent, Contact, Enrollment, Link, Store, Suppression
from app.runtime import Runtime
from connectors.events import ConsentSignal, ConsentState
from flows import catalogs, consents, preferences
from flows.preferences import Preferences
from tests import factories
from tests.app.links.agents import IPHONE
from tests.factories import NOW

AHEAD = {"User-Agent": IPHONE, "Sec-Purpose": "prefetch;prerender"}

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
    assert "Lanena hiša &lt;b&gt;&amp;" in response.text
    assert "+386 40••••••" in response.text
    assert PHONE not in response.text
    assert PHONE[-4:] not in response.text
    assert 'aria-describedby="stops">Ne želim več SMS-ov</button></form>' in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def rows(runtime: Runtime) -> dict[str, list[Any]]:
    with runtime.database.engine.connect() as connection:
        return {table.name: list(connection.execute(table.select())) for table in Base.metadata.sorted_tables}


@pytest.mark.parametrize("headers", [{"User-Agent": IPHONE}, {"User-Agent": "WhatsApp/2.23.20.0 A"}, AHEAD])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_the_page_changes_no_row_at_all(
    client: FlaskClient, runtime: Runtime, texted: Texted, method: str, headers: dict[str, str]
) -> None:
    before = rows(runtime)

    client.open(f"/p/{texted.token}?do=save&kinds=&do=erase", method=method, headers=headers)

    assert rows(runtime) == before


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

    assert "Ne želim več SMS-ov" not in page
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

    assert "<form" in client.get(f"/p/{texted.token}").text
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


def test_a_link_that_lost_its_end_is_a_friendly_page(client: FlaskClient) -> None:
    response = client.get("/p/", headers={"Accept-Language": "es"})

    assert response.status_code == 404
    assert "No encontramos este enlace" in response.text


@pytest.mark.parametrize(
    ("language", "spoken"), [("de-x-formal", "de"), ("pl", "pl"), ("ca", "fr"), ("tlh", "fr")]
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


def choose(client: FlaskClient, texted: Texted, **form: Any) -> TestResponse:
    return client.post(f"/p/{texted.token}", data={"do": "save", **form})


def chosen(runtime: Runtime, texted: Texted) -> Preferences:
    with runtime.database.session() as session:
        link = session.get_one(Link, texted.link_id)
        return preferences.stored(session.get_one(Contact, link.contact_id))


def test_a_choice_is_kept_and_shown_and_stops_nothing(
    client: FlaskClient, runtime: Runtime, texted: Texted
) -> None:
    form = {"kinds": ["service"], "language": "de", "from": "10", "to": "18"}

    response = choose(client, texted, **form)

    assert catalogs.text("page.preferences.saved", "de") in response.text
    assert not is_stopped(runtime, texted)
    assert chosen(runtime, texted) == Preferences(frozenset({"service"}), "de", (10, 18))
    again = client.get(f"/p/{texted.token}").text
    assert '<html lang="de"' in again
    assert '<option value="de" lang="de" selected>Deutsch</option>' in again
    assert 'value="service" checked' in again
    assert 'value="marketing" checked' not in again
    assert '<option value="10" selected>10:00</option>' in again


def test_languages_stand_where_their_readers_look_for_them(client: FlaskClient, texted: Texted) -> None:
    page = client.get(f"/p/{texted.token}").text

    assert page.index(">Bosanski<") < page.index(">Čeština<") < page.index(">Dansk<")


def test_a_choice_can_be_taken_back(client: FlaskClient, runtime: Runtime, texted: Texted) -> None:
    choose(client, texted, kinds=[], language="de", to="18")
    choose(client, texted, kinds=["marketing", "service"], language="", to="")

    assert chosen(runtime, texted) == Preferences()


def test_hours_too_near_to_each_other_are_refused_beside_the_field(
    client: FlaskClient, runtime: Runtime, texted: Texted
) -> None:
    response = choose(client, texted, **{"kinds": ["service"], "from": "12", "to": "13"})

    assert response.status_code == 422
    assert response.text.count("autofocus") == 1
    assert '<select id="from" name="from" aria-invalid="true" autofocus>' in response.text
    assert '<option value="12" selected>' in response.text
    assert chosen(runtime, texted) == Preferences()


def test_what_there_is_no_such_choice_of_is_no_choice(
    client: FlaskClient, runtime: Runtime, texted: Texted
) -> None:
    form = {"kinds": ["marketing", "bogus"], "language": "../en", "from": "3", "to": "99"}

    choose(client, texted, **form)

    assert chosen(runtime, texted) == Preferences(frozenset({"marketing"}))


def test_nothing_is_chosen_for_somebody_else(client: FlaskClient, runtime: Runtime, texted: Texted) -> None:
    neighbour = text_somebody(runtime)

    choose(client, texted, kinds=[], language="de")

    assert chosen(runtime, neighbour) == Preferences()


def test_the_page_says_what_is_stored_what_for_and_how_long(client: FlaskClient, texted: Texted) -> None:
    page = client.get(f"/p/{texted.token}").text

    for kind, days in (("contact", 730), ("consent", 1826), ("carts", 180), ("texts", 365)):
        what, why = (catalogs.text(f"page.data.{name}", "sl") for name in (kind, f"{kind}_why"))
        assert f'<th scope="row">{what}</th><td>{why}</td><td>{days}</td>' in page


def test_the_page_tells_the_shorter_time_that_the_shop_chose(client: FlaskClient, runtime: Runtime) -> None:
    texted = text_somebody(runtime, retention={"carts": 60})

    assert "<td>60</td>" in client.get(f"/p/{texted.token}").text


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+38640123467", "+386 40••••••"),
        ("+12025550123", "+1 20••••••••"),
        ("+447400123456", "+44 74••••••••"),
    ],
)
def test_a_number_is_shown_as_far_as_its_owner_knows_it(phone: str, shown: str) -> None:
    assert masked(phone) == shown
