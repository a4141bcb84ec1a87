"""The companion plugin asks: signed under a name of its own, once, not without end, and about nobody else."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import logins
from app.clock import FixedClock
from app.models import (
    AuditEvent,
    ComplianceRequest,
    Contact,
    Credential,
    DailyFigure,
    LoginLink,
    Membership,
    Person,
    PluginCall,
    Store,
)
from app.runtime import Runtime
from flows import plugin_calls
from tests import factories
from tests.factories import NOW
from tests.flows.whole_person import make_whole_person

SECRET = "ab" * 32
PHONE, OTHER = "+38640123467", "+38640765432"
EMAIL = "zora-q@mail.example"
_numbers: Iterator[int] = count(1)


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_woocommerce_store(session, runtime, country="SI", locale="sl")
        factories.make_credential(session, runtime, store, "woocommerce_plugin", {"secret": SECRET})
        return store


def ask(client: FlaskClient, clock: FixedClock, store: Store, kind: str, **told: Any) -> TestResponse:
    """A question as the plugin asks it. ``told`` is the rest of it, but for how it is signed."""
    nonce = told.pop("nonce", f"{next(_numbers):032x}")
    domain, secret = told.pop("domain", "warmcart-question."), told.pop("secret", SECRET)
    late = timedelta(minutes=told.pop("late", 0))
    body = json.dumps({"type": kind, **told}).encode()
    time = int(clock.now().timestamp())
    signed = f"{domain}{time}.{nonce}.".encode() + body
    headers = {
        "X-Warmcart-Timestamp": str(time),
        "X-Warmcart-Nonce": nonce,
        "X-Warmcart-Signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
    }
    clock.advance(late)
    return client.post(f"/webhooks/woocommerce/{store.public_id}/questions", data=body, headers=headers)


def about(phone: str | None = PHONE, email: str = EMAIL) -> dict[str, Any]:
    phones = [{"phone": phone, "country": "SI"}] if phone else []
    return {"email": email, "phones": phones, "customer_id": 0, "user": 7}


def trail(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.database.session() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id))
        return [(event.actor, event.action) for event in events]


# Who may ask


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "cd" * 32},
        {"domain": ""},
        {"domain": "warmcart-connection."},
        {"nonce": ""},
        {"nonce": "no nonce"},
        {"late": 6},
    ],
    ids=["another secret", "signed as an event", "signed as a proof", "no nonce", "bad nonce", "too late"],
)
def test_what_is_not_signed_as_a_question_just_now_is_refused(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store, wrong: dict[str, Any]
) -> None:
    answer = ask(client, clock, store, "login", user=7, **wrong)
    assert answer.status_code in (400, 401)
    assert set(answer.json) == {"error"}
    with runtime.database.session() as session:
        assert session.scalars(select(LoginLink)).all() == []


def test_a_question_is_no_event(client: FlaskClient, clock: FixedClock, store: Store) -> None:
    told = {"type": "summary"}
    body, time, nonce = json.dumps(told).encode(), int(clock.now().timestamp()), "0" * 32
    signed = f"warmcart-question.{time}.{nonce}.".encode() + body
    headers = {
        "X-Warmcart-Timestamp": str(time),
        "X-Warmcart-Nonce": nonce,
        "X-Warmcart-Signature": hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest(),
    }
    address = f"/webhooks/woocommerce/{store.public_id}"
    assert client.post(address, data=body, headers=headers).status_code == 401


def test_the_secret_of_one_shop_asks_nothing_of_another(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    with runtime.database.session() as session:
        other = factories.make_woocommerce_store(session, runtime)
        factories.make_credential(session, runtime, other, "woocommerce_plugin", {"secret": "cd" * 32})
    assert ask(client, clock, other, "summary").status_code == 401
    assert client.post("/webhooks/woocommerce/nobody/questions").status_code == 404


def test_a_question_is_answered_once(client: FlaskClient, clock: FixedClock, store: Store) -> None:
    answers = [ask(client, clock, store, "login", user=7, nonce="a" * 32).status_code for _ in range(2)]
    assert answers == [200, 409]


def test_one_that_failed_may_be_asked_again(
    client: FlaskClient, clock: FixedClock, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("flows.erasure.erase_person", lambda *_, **__: 1 / 0)
        assert ask(client, clock, store, "erase", nonce="b" * 32, **about()).status_code == 500
    assert ask(client, clock, store, "erase", nonce="b" * 32, **about()).status_code == 200


def test_there_is_a_limit_that_passes_and_leaves_no_rows(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plugin_calls.MOST, "summary", (2, timedelta(minutes=10)))
    codes = [ask(client, clock, store, "summary").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert ask(client, clock, store, "login", user=7).status_code == 200
    clock.advance(timedelta(minutes=16))
    assert ask(client, clock, store, "summary").status_code == 200
    with runtime.database.session() as session:
        assert len(session.scalars(select(PluginCall)).all()) == 1


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("dance", {}),
        ("login", {}),
        ("login", {"user": 0}),
        ("login", {"user": "7; DROP"}),
        ("export", {"email": "nobody"}),
        ("erase", {"email": ["a@b"]}),
        ("erase", {"email": f"{'a' * 300}@b"}),
    ],
)
def test_what_no_plugin_asks_is_refused(
    client: FlaskClient, clock: FixedClock, store: Store, kind: str, told: dict[str, Any]
) -> None:
    answer = ask(client, clock, store, kind, **told)
    assert (answer.status_code, set(answer.json)) == (400, {"error"})


def test_a_question_has_a_greatest_length(client: FlaskClient, clock: FixedClock, store: Store) -> None:
    assert ask(client, clock, store, "summary", more="x" * 20_000).status_code == 413


# Figures


def test_the_summary_is_that_of_the_overview(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    today = NOW.date()
    with runtime.database.session() as session:
        part = {"store_id": store.id, "step_key": "reminder", "country": "SI", "language": "sl"}
        figures = {"texts": 4, "orders": 1, "revenue": Decimal("19.90")}
        for day in (today, today - timedelta(days=29), today - timedelta(days=31)):
            session.add(DailyFigure(**part, day=day, currency="EUR", **figures))
        flow = factories.make_flow(session, store)
        contact = factories.make_contact(session, store)
        cart = factories.make_cart(session, store, contact)
        factories.make_enrollment(session, store, flow, contact, cart)
    answer = ask(client, clock, store, "summary")
    assert answer.json == {
        "days": 30,
        "orders": 2,
        "revenue": {"EUR": "39.8000"},
        "texts": 8,
        "carts_waiting": 1,
        "status": "active",
    }
    assert answer.headers["Cache-Control"] == "no-store"


# Somebody's data


def test_an_export_tells_in_words_what_is_stored_and_counts_as_answered(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    with runtime.database.session() as session:
        make_whole_person(session, runtime, store, "zora-q", PHONE)
        make_whole_person(session, runtime, store, "jaka-w", OTHER)
    answer = ask(client, clock, store, "export", **about(phone=None))
    assert (answer.status_code, answer.json["done"], answer.json["left_out"]) == (200, True, 0)
    kinds = [row["kind"] for row in answer.json["rows"]]
    assert list(dict.fromkeys(kinds)) == ["contact", "consent", "carts", "orders", "texts"]
    fields = dict(answer.json["rows"][0]["fields"])
    assert (fields["phone"], fields["email"]) == (PHONE, EMAIL)
    assert "jaka" not in answer.text
    with runtime.database.session() as session:
        request = session.scalars(select(ComplianceRequest).order_by(ComplianceRequest.id.desc())).first()
        assert request is not None
        assert (request.origin, request.result) == ("platform", "handed to the shop")
        assert request.acted_at == clock.now()
    assert trail(runtime) == [("woocommerce:7", "contact_exported")]


def test_a_long_export_comes_in_pages_that_together_tell_everything_once(
    client: FlaskClient,
    runtime: Runtime,
    clock: FixedClock,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with runtime.database.session() as session:
        make_whole_person(session, runtime, store, "zora-q", PHONE)
    whole = ask(client, clock, store, "export", **about()).json["rows"]
    monkeypatch.setattr("app.webhooks.plugin_questions.ROWS_A_PAGE", 5)
    pages, done = [], False
    while not done:
        answer = ask(client, clock, store, "export", page=len(pages) + 1, **about()).json
        pages.append(answer["rows"])
        done = answer["done"]
    told = [row for page in pages for row in page]
    assert len(pages) > 2
    assert [row for row in told if row in whole] == [row for row in whole if row in told]
    assert trail(runtime) == [("woocommerce:7", "contact_exported")] * 2


def test_of_whom_nothing_is_stored_nothing_is_told(
    client: FlaskClient, clock: FixedClock, store: Store
) -> None:
    answer = ask(client, clock, store, "export", **about(email="nobody@mail.example"))
    assert answer.json == {"rows": [], "done": True, "left_out": 0}


def test_a_number_that_was_typed_beside_the_address_shows_nothing_that_names_nobody_and_erases_it(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    with runtime.database.session() as session:
        factories.make_contact(session, store, phone=PHONE, email=None, first_name="Zora")
    brought = about() | {"phones": [{"phone": "040 123 467", "country": "SI"}]}
    shown = ask(client, clock, store, "export", **brought)
    assert (shown.json["rows"], shown.json["left_out"]) == ([], 1)
    assert ask(client, clock, store, "erase", **brought).json == {"erased": True, "left_out": 0}
    with runtime.database.session() as session:
        assert session.scalars(select(Contact.first_name)).all() == [None]


@pytest.mark.parametrize("kind", ["export", "erase"])
def test_nobody_reaches_somebody_else_by_typing_their_number(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store, kind: str
) -> None:
    with runtime.database.session() as session:
        make_whole_person(session, runtime, store, "zora-q", PHONE)
    answer = ask(client, clock, store, kind, **about(email="stranger@mail.example"))
    assert (answer.status_code, answer.json["left_out"]) == (200, 1)
    assert "zora" not in answer.text
    with runtime.database.session() as session:
        assert session.scalars(select(Contact.email)).all() == [EMAIL]


def test_an_account_leads_to_its_number_whatever_address_is_known_with_it(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    with runtime.database.session() as session:
        factories.make_contact(session, store, phone=PHONE, email="old@mail.example", customer_id="31")
    answer = ask(client, clock, store, "erase", **(about() | {"customer_id": 31}))
    assert answer.json == {"erased": True, "left_out": 0}


def test_an_erasure_is_done_before_the_answer(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    with runtime.database.session() as session:
        make_whole_person(session, runtime, store, "zora-q", PHONE)
        make_whole_person(session, runtime, store, "jaka-w", OTHER)
    assert ask(client, clock, store, "erase", **about()).json == {"erased": True, "left_out": 0}
    assert ask(client, clock, store, "erase", **about()).json == {"erased": False, "left_out": 0}
    with runtime.database.session() as session:
        assert session.scalars(select(Contact.email).order_by(Contact.id)).all() == [
            None,
            "jaka-w@mail.example",
        ]
    assert trail(runtime) == [("woocommerce:7", "customer_redact_asked")] * 2


# A way in, and good-bye


def test_a_user_of_the_shop_is_let_in_under_a_name_of_their_own_by_a_link_that_works_once(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    links = [ask(client, clock, store, "login", user=7).json["url"] for _ in range(2)]
    assert links[0] != links[1]
    assert links[0].startswith("https://warmcart.example.com/login/")
    token = links[0].rpartition("/")[2]
    with runtime.database.session() as session:
        assert logins.use_link(session, token, clock.now()) is not None
        assert logins.use_link(session, token, clock.now()) is None
        [person] = session.scalars(select(Person))
        [membership] = session.scalars(select(Membership))
    assert (person.external_id, person.name) == (
        f"woocommerce:{store.public_id}:7",
        "WooCommerce user 7",
    )
    assert (membership.store_id, membership.person_id, membership.role) == (store.id, person.id, "member")
    assert trail(runtime) == [(f"person:{person.id}", "login_link_made")] * 2


def test_what_the_shop_vouched_for_lasts_a_working_day(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    token = ask(client, clock, store, "login", user=7).json["url"].rpartition("/")[2]
    clock.advance(timedelta(minutes=14))
    with runtime.database.session() as session:
        opened = logins.use_link(session, token, clock.now())
        assert opened is not None
        end = clock.now() + timedelta(hours=12)
        assert logins.logged_in(session, opened.token, end - timedelta(seconds=1)) is not None
        assert logins.logged_in(session, opened.token, end) is None


def test_after_good_bye_the_secret_signs_nothing(
    client: FlaskClient, runtime: Runtime, clock: FixedClock, store: Store
) -> None:
    assert ask(client, clock, store, "goodbye", user=7).status_code == 200
    assert ask(client, clock, store, "summary").status_code == 401
    with runtime.database.session() as session:
        kinds = session.scalars(select(Credential.kind)).all()
        assert (kinds, session.get_one(Store, store.id).status) == (["webhook_secret"], "active")
    assert trail(runtime) == [("woocommerce:7", "plugin_disconnected")]
