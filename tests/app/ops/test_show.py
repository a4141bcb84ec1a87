"""What the command line tells of a number, and of a cart."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from app.ops.show import cart, contacts
from app.runtime import Runtime
from tests import factories
from tests.factories import NOW


def test_a_number_is_told_with_the_language_of_its_next_text_and_what_decided(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="SI", locale="sl")
        person = factories.make_contact(session, store, phone="+43664123456", country="AT")
        factories.make_cart(session, store, person, locale="fr", activity_at=NOW - timedelta(days=2))
        factories.make_cart(session, store, person, locale="it-IT", activity_at=NOW)
        (told,) = contacts(session, store, [person.phone])
        assert (told["language"], told["language_reason"]) == ("it", "checkout")
        person.preferred_language = "en"
        (told,) = contacts(session, store, [person.phone])
        assert (told["language"], told["language_reason"]) == ("en", "chosen")


def test_a_number_that_nobody_left_is_told_with_its_country_s_language_and_zones(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="SI", locale="sl")
        told, nonsense = contacts(session, store, ["+43664123456", "12"])
    assert (told["consent"], told["language"], told["language_reason"]) == ("none", "de", "number")
    assert told["zones"] == ["Europe/Vienna"]
    assert (nonsense["phone"], nonsense["problem"], nonsense["zones"]) == ("12", "invalid_number", [])


def test_a_yes_that_must_still_be_confirmed_is_pending(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="US")
        phones = ["+12025550143", "+38640123456"]
        for phone in phones:
            factories.make_consent(session, store, phone, confirmed=False)
            factories.make_contact(session, store, phone=phone, country="US" if phone[1] == "1" else "SI")
        assert [told["consent"] for told in contacts(session, store, phones)] == ["pending", "given"]
        store.double_opt_in_countries = ["SI"]
        assert [told["consent"] for told in contacts(session, store, phones)] == ["pending", "pending"]


def test_a_cart_is_told_with_what_its_texts_offer(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session)
        person = factories.make_contact(session, store)
        left = factories.make_cart(session, store, person, keys=[("checkout_token", "abc")])
        enrolled = factories.make_enrollment(
            session, store, factories.make_flow(session, store), person, left
        )
        made = factories.make_discount(session, enrolled, code="back-1", kind="amount", value=Decimal("5.0"))
        (told,) = cart(session, store, "abc")["offers"]
    assert told == {
        "step": "last_call",
        "kind": "amount",
        "value": "5",
        "currency": "EUR",
        "code": "back-1",
        "state": "made",
        "reason": None,
        "ends_at": made.ends_at.isoformat(),
        "withdrawn_at": None,
        "failure": None,
    }
