"""What is stored is shown, downloaded and deleted by whoever knows the number, and by nobody else."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import html5lib
import jsonschema
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.clock import FixedClock
from app.models import ComplianceRequest, Contact, ProofAttempt, Suppression
from app.runtime import Runtime
from flows import catalogs, data_export
from tests import factories
from tests.flows.whole_person import Whole, make_whole_person, naming

PHONE = "+38640123467"
RIGHT, WRONG = "3467", "1234"


@pytest.fixture
def zora(runtime: Runtime) -> Whole:
    with runtime.database.session() as session:
        store = factories.make_store(
            session, name="Lanena", country="SI", timezone="Europe/Ljubljana", url="https://lanena.example"
        )
        make_whole_person(session, runtime, store, "jaka-w", "+38640765432")
        return make_whole_person(session, runtime, store, "zora-q", PHONE)


def press(client: FlaskClient, zora: Whole, button: str, digits: str = RIGHT) -> TestResponse:
    return client.post(f"/p/{zora.token}", data={"do": button, "digits": digits})


def say(key: str, **names: str) -> str:
    return catalogs.text(f"page.data.{key}", "sl", **names)


def attempts(runtime: Runtime, zora: Whole) -> int:
    with runtime.database.session() as session:
        of_today = (zora.contact.store_id, zora.contact.id, runtime.clock.now().date())
        found = session.get(ProofAttempt, of_today)
        return found.attempts if found else 0


def test_whoever_knows_the_number_sees_all_of_it(client: FlaskClient, zora: Whole) -> None:
    page = press(client, zora, "see")

    assert page.status_code == 200
    assert '<html lang="sl" dir="ltr">' in page.text
    for words in (
        PHONE,
        "zora-q@mail.example",
        "zora-q-postcode",
        "Dear zora-q",
        "It is zora-q.",
        "2 × Canvas Tote",
    ):
        assert words in page.text
    assert "21. november 2026 19:00:00 +0100" in page.text
    for words in ("Slovenija", "slovenščina", "48,00", "Europe/Ljubljana"):
        assert words in page.text
    assert "jaka-w" not in page.text
    for kind in data_export.RULE_OF_KIND:
        assert f">{say(kind)}</h2>" in page.text
    html5lib.HTMLParser(strict=True).parse(page.data)
    assert page.headers["Cache-Control"] == "no-store"


def test_the_file_is_the_documented_export(client: FlaskClient, runtime: Runtime, zora: Whole) -> None:
    answer = press(client, zora, "download")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    jsonschema.validate(answer.json, data_export.schema())
    assert answer.json["tables"]["contact"]["rows"][0]["phone"] == PHONE
    with runtime.database.session() as session:
        asked = select(ComplianceRequest).where(ComplianceRequest.origin == "page")
        request = session.scalars(asked).one()
    assert (request.kind, request.request, request.result) == ("data_request", {}, "shown to the shopper")
    assert request.acted_at == runtime.clock.now()


@pytest.mark.parametrize("button", ["see", "download", "delete", "erase"])
@pytest.mark.parametrize("digits", [WRONG, "", "67", "+38640123467x", "¹²³"])
def test_whoever_does_not_know_the_number_gets_nothing(
    client: FlaskClient, runtime: Runtime, zora: Whole, button: str, digits: str
) -> None:
    page = press(client, zora, button, digits)

    assert page.status_code == 422
    assert say("digits_wrong") in page.text
    assert 'aria-invalid="true" autofocus' in page.text
    assert "zora-q" not in page.text and PHONE not in page.text
    assert attempts(runtime, zora) == 1
    with runtime.database.session() as session:
        assert session.get_one(Contact, zora.contact.id).erased_at is None
    html5lib.HTMLParser(strict=True).parse(page.data)


def test_after_five_wrong_tries_even_the_right_digits_wait_for_tomorrow(
    client: FlaskClient, runtime: Runtime, zora: Whole, clock: FixedClock
) -> None:
    for _ in range(5):
        assert press(client, zora, "see", WRONG).status_code == 422
    for button in ("see", "download", "erase"):
        page = press(client, zora, button)
        assert page.status_code == 429
        assert say("too_many") in page.text and 'name="digits"' not in page.text
        assert 'role="alert" tabindex="-1" autofocus' in page.text
    clock.advance(timedelta(days=1))
    assert press(client, zora, "see").status_code == 200


def test_many_at_once_have_no_more_tries_than_one_after_the_other(
    client: FlaskClient, runtime: Runtime, zora: Whole
) -> None:
    def guess(number: int) -> int:
        return press(client.application.test_client(), zora, "see", f"{number:04d}").status_code

    with ThreadPoolExecutor(4) as pool:
        answers = Counter(pool.map(guess, range(12)))
    assert answers == {422: 5, 429: 7}


def test_right_digits_use_up_no_tries(client: FlaskClient, runtime: Runtime, zora: Whole) -> None:
    for _ in range(7):
        assert press(client, zora, "see").status_code == 200
    assert attempts(runtime, zora) == 0


def test_digits_of_any_script_are_understood(client: FlaskClient, zora: Whole) -> None:
    assert press(client, zora, "see", "٣٤٦٧").status_code == 200


def test_deleting_asks_once_more(client: FlaskClient, runtime: Runtime, zora: Whole) -> None:
    page = press(client, zora, "delete")

    assert say("delete_title", store="Lanena") in page.text
    assert '<button name="do" value="erase">' in page.text
    with runtime.database.session() as session:
        assert session.get_one(Contact, zora.contact.id).erased_at is None


def test_deleting_stops_the_texts_and_leaves_nothing(
    client: FlaskClient, runtime: Runtime, zora: Whole
) -> None:
    page = press(client, zora, "erase")

    assert page.status_code == 200 and say("deleted_title") in page.text
    with runtime.database.session() as session:
        assert naming(session, *zora.marks) == {}
        assert session.scalars(select(Suppression.lifted_at)).all() == [None, None]
        asked = select(ComplianceRequest).where(ComplianceRequest.kind == "customer_redact")
        request = session.scalars(asked).one()
    assert (request.origin, request.result) == ("page", "erased")
    again = client.get(f"/p/{zora.token}")
    assert "zora-q" not in again.text and 'name="digits"' not in again.text
    assert press(client, zora, "see").status_code == 422


def test_somebody_who_stopped_can_still_see_and_delete(client: FlaskClient, zora: Whole) -> None:
    client.post(f"/p/{zora.token}")

    assert 'name="digits"' in client.get(f"/p/{zora.token}").text
    assert press(client, zora, "see").status_code == 200


@pytest.mark.parametrize("button", ["see", "download", "delete", "erase", "save"])
def test_an_unknown_link_shows_nothing(client: FlaskClient, zora: Whole, button: str) -> None:
    answer = client.post("/p/AbCdEfGhIjKl", data={"do": button, "digits": RIGHT})
    assert answer.status_code == 404
