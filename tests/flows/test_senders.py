"""Who a text comes from, country by country."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.rules import read_table
from flows.senders import (
    Identity,
    Kind,
    Names,
    Registration,
    RegistrationState,
    Sender,
    WhyNoName,
    country_problem,
    is_number,
    name_in,
    name_problem,
    name_rule,
    senders_for,
)

ORIGINAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "sms" / "sender_ids_extended.csv"
COUNTRIES = sorted(row["country"] for row in read_table("senders") if row["country"] != "*")
POOL = Sender("MG" + "0" * 32, Kind.POOL)
NUMBER = "+38640123456"


def registered(name: str) -> Registration:
    return Registration(name, RegistrationState.REGISTERED)


def test_the_table_is_never_more_lenient_than_its_original() -> None:
    strictness = [Names.FREE, Names.REGISTERED, Names.REFUSED]
    if not ORIGINAL.exists():
        assert len(COUNTRIES) == 232
        return
    with ORIGINAL.open(encoding="utf-8", newline="") as file:
        originals = {row["country"]: row for row in csv.DictReader(file)}
    assert sorted(originals) == COUNTRIES
    for country, row in originals.items():
        rule = name_rule(country)
        assert strictness.index(rule.names) >= strictness.index(Names(row["alphanumeric"])), country
        assert rule.names is not Names.FREE or row["agreement"] == "agree", country


def test_where_names_are_free_the_store_s_name_stands_first() -> None:
    found = senders_for(Identity("Kamra", NUMBER, POOL), "GB")
    assert found == (Sender("Kamra", Kind.NAME), Sender(NUMBER, Kind.NUMBER), POOL)


@pytest.mark.parametrize("country", ["US", "CA", "PR", "BE"])
def test_where_names_are_refused_the_number_stands_first(country: str) -> None:
    identity = Identity("Kamra", NUMBER, POOL)
    assert senders_for(identity, country) == (Sender(NUMBER, Kind.NUMBER), POOL)
    assert name_in(identity, country) is WhyNoName.REFUSED


def test_where_names_are_registered_first_a_name_counts_once_it_is() -> None:
    def why(registration: Registration | None) -> object:
        known = {"IE": registration} if registration else {}
        return name_in(Identity("Kamra", registrations=known), "IE")

    assert why(None) is WhyNoName.NOT_REGISTERED
    assert why(Registration("Kamra", RegistrationState.ASKED)) is WhyNoName.ASKED
    assert why(Registration("Kamra", RegistrationState.REFUSED)) is WhyNoName.REGISTRATION_REFUSED
    assert why(registered("Kamra Shop")) == "Kamra Shop"


def test_a_registration_in_one_country_says_nothing_about_another() -> None:
    identity = Identity("Kamra", registrations={"IE": registered("Kamra")})
    assert name_in(identity, "SI") is WhyNoName.NOT_REGISTERED


def test_a_name_may_differ_where_a_country_wants_a_prefix() -> None:
    identity = Identity("Kamra", registrations={"AE": registered("AD-Kamra"), "IN": registered("KAMRAX")})
    assert name_in(identity, "AE") == "AD-Kamra"
    assert name_in(identity, "IN") == "KAMRAX"
    assert name_in(Identity("Kamra", registrations={"AE": registered("Kamra")}), "AE") is WhyNoName.UNFIT


def test_a_contact_keeps_the_sender_that_it_knows_as_long_as_it_may_be_used() -> None:
    identity = Identity("Kamra", NUMBER, POOL)
    assert senders_for(identity, "GB", known=NUMBER)[0] == Sender(NUMBER, Kind.NUMBER)
    assert senders_for(identity, "GB", known="+4915112345678")[0] == Sender("Kamra", Kind.NAME)
    assert senders_for(identity, "US", known="Kamra")[0] == Sender(NUMBER, Kind.NUMBER)


def test_a_country_of_no_table_wants_names_registered() -> None:
    assert name_rule("XX").names is Names.REGISTERED
    assert name_rule(None).names is Names.REGISTERED


def test_the_account_s_own_name_keeps_out_of_countries_that_refuse_names() -> None:
    identity = Identity(pool=Sender("Warmcart", Kind.NAME))
    assert senders_for(identity, "US") == ()
    assert senders_for(identity, "IE") == (Sender("Warmcart", Kind.NAME),)


def test_only_a_name_cannot_be_replied_to() -> None:
    assert [Sender("x", kind).receives_replies for kind in Kind] == [False, True, True]


@pytest.mark.parametrize("name", ["Kamra", "H and M", "4Seasons", "AD-Kamra", "ElevenChars"])
def test_these_are_names(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("TwelveLetter", "12 characters"),
        ("12345", "needs a letter"),
        ("Čebelica", "A to Z"),
        ("Kamra  Shop", "single spaces"),
        (" Kamra", "single spaces"),
        ("H&M", "A to Z"),
        ("", "needs a letter"),
        ("Info", "does not say who writes"),
        ("SMS", "does not say who writes"),
        ("Polizei", "authority"),
        ("T Mobile", "network"),
    ],
)
def test_these_are_none_and_the_merchant_is_told_why(name: str, why: str) -> None:
    assert why in (name_problem(name) or "")


def test_countries_ask_for_forms_of_their_own() -> None:
    assert country_problem("Kamra", name_rule("AE")) == "must begin with AD-"
    assert country_problem("Kamra", name_rule("IN")) == "must have exactly 6 letters"
    assert country_problem("My Kamra", name_rule("CZ")) == "must not hold a space"
    assert country_problem("My Kamra", name_rule("GB")) is None


@pytest.mark.parametrize(
    ("value", "sound"), [(NUMBER, True), ("12345", True), ("040123456789", False), ("Kamra", False)]
)
def test_a_number_is_in_e164_or_a_short_code(value: str, sound: bool) -> None:
    assert is_number(value) is sound


@settings(max_examples=60)
@given(
    country=st.sampled_from([*COUNTRIES, "XX"]),
    name=st.sampled_from([None, "Kamra", "AD-Kamra", "KAMRAX", "My Kamra"]),
    number=st.sampled_from([None, NUMBER]),
    state=st.sampled_from([None, *RegistrationState]),
    known=st.sampled_from([None, "Kamra", NUMBER, POOL.value]),
)
def test_no_name_ever_stands_where_it_may_not(
    country: str, name: str | None, number: str | None, state: RegistrationState | None, known: str | None
) -> None:
    registrations = {country: Registration(name or "Kamra", state)} if state else {}
    found = senders_for(Identity(name, number, POOL, registrations), country, known)
    rule = name_rule(country)
    for sender in found:
        if sender.kind is Kind.NAME:
            assert rule.names is not Names.REFUSED
            assert rule.names is Names.FREE or state is RegistrationState.REGISTERED
            assert country_problem(sender.value, rule) is None
    assert POOL in found
    assert (number is None) or Sender(number, Kind.NUMBER) in found
