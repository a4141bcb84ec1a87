"""Consents from a file: each row taken or refused with its reason, once, and never against a stop."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import AuditEvent, Cart, Consent, ConsentEvent, Due, Store, Suppression
from app.runtime import Runtime
from connectors.events import ConsentChanged, ConsentSignal, ConsentState
from flows import consent_import, enrollment
from flows.consent_import import Declaration, Refused, Report, UnreadableFile, read_date
from tests import factories
from tests.factories import NOW
from tests.flows import told
from tests.flows.told import PHONE

DECLARED = Declaration("newsletter form", "operator", wording="Text me about my cart")
BERLIN = ZoneInfo("Europe/Berlin")
OTHER = "+447400123457"


@pytest.fixture
def store(runtime: Runtime) -> Store:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="GB", currency="GBP", timezone="Europe/London")
        factories.make_flow(session, store)
    return store


def take(
    runtime: Runtime, store: Store, text: str, declared: Declaration = DECLARED, most: int = 100
) -> Report:
    return consent_import.run(runtime, store, io.BytesIO(text.encode()), declared, most)


def states(runtime: Runtime) -> dict[str, str]:
    return {row.address: row.state for row in told.rows(runtime, Consent)}


def test_rows_are_taken_or_refused_one_by_one(runtime: Runtime, store: Store) -> None:
    report = take(
        runtime,
        store,
        "\n".join(
            [
                "phone,consented_at,language",
                "07400 123456,2026-10-01,en-GB",
                "hello,2026-10-01,",
                "020 7946 0000,2026-10-01,",
                f"{OTHER},,",
                f"{OTHER},01.10.2026,",
                f"{OTHER},2027-01-01,",
                "+4915123456789,2026-10-01,",
                "+447400123456,2026-10-02,",
                "",
                f"{OTHER},2026-10-01T09:30:00+02:00,",
            ]
        ),
    )
    assert (report.taken, report.known) == (2, 0)
    assert report.refused == [
        Refused(3, "invalid_number"),
        Refused(4, "not_mobile"),
        Refused(5, "no_date"),
        Refused(6, "bad_date"),
        Refused(7, "future_date"),
        Refused(8, "country_off"),
        Refused(9, "duplicate"),
    ]
    assert states(runtime) == {PHONE: "given", OTHER: "given"}
    assert set(consent_import.REASONS) > set(report.reasons)


def test_the_ledger_keeps_what_was_declared_and_what_the_row_says(runtime: Runtime, store: Store) -> None:
    text = f"phone;consented_at;ip;page_url;other\n{PHONE};2026-10-01;203.0.113.9;https://shop.example/f;x\n"
    report = take(runtime, store, text)
    event = told.row(runtime, ConsentEvent)
    assert (event.source, event.state, event.confirmed) == ("import", "given", False)
    assert event.occurred_at == datetime(2026, 9, 30, 23, tzinfo=UTC)
    assert event.wording == "Text me about my cart"
    assert (
        event.evidence.items()
        >= {
            "actor": "operator",
            "declared_source": "newsletter form",
            "file": report.file,
            "line": 2,
            "ip": "203.0.113.9",
            "page_url": "https://shop.example/f",
            "zone": "Europe/London",
        }.items()
    )
    assert "other" not in event.evidence
    trail = told.row(runtime, AuditEvent)
    assert (trail.action, trail.details["taken"], trail.details["source"]) == (
        "consents_imported",
        1,
        "newsletter form",
    )


def test_the_same_file_again_takes_nothing_twice(runtime: Runtime, store: Store) -> None:
    text = f"phone,consented_at\n{PHONE},2026-10-01\n{OTHER},2026-10-01\n"
    take(runtime, store, text)
    again = take(runtime, store, text)
    assert (again.taken, again.known, again.refused) == (0, 2, [])
    assert len(told.rows(runtime, ConsentEvent)) == 2


@pytest.mark.parametrize("stopped", ["here", "before the store came back"])
def test_a_number_that_said_stop_stays_stopped_whatever_the_file_says(
    runtime: Runtime, store: Store, stopped: str
) -> None:
    signal = ConsentSignal(ConsentState.WITHDRAWN, PHONE, "keyword_stop", occurred_at=NOW - timedelta(days=9))
    told.apply(runtime, store, ConsentChanged(signal))
    if stopped != "here":
        with runtime.database.session() as session:
            session.delete(session.get_one(Consent, (store.id, "sms", PHONE)))
            for event in session.query(ConsentEvent):
                session.delete(event)
    report = take(runtime, store, f"phone,consented_at\n{PHONE},2026-11-20\n{OTHER},2026-11-20\n")
    assert report.refused == [Refused(2, "stopped")]
    assert states(runtime).get(PHONE) != "given"
    assert states(runtime)[OTHER] == "given"
    assert told.row(runtime, Suppression).lifted_at is None


def test_a_cart_that_waited_for_consent_is_looked_at_again(runtime: Runtime, store: Store) -> None:
    told.apply(runtime, store, told.cart(at=40))
    enrollment.drain(runtime)
    assert told.row(runtime, Cart).waits_for == "no_consent"
    take(runtime, store, f"phone,consented_at\n{PHONE},2026-10-01\n")
    enrollment.drain(runtime)
    assert told.row(runtime, Cart).waits_for is None
    assert "step" in {row.kind for row in told.rows(runtime, Due)}


def test_many_rows_go_in_batches(runtime: Runtime, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent_import, "BATCH", 7)
    rows = [f"+4474001{number:05d},2026-10-01" for number in range(30)]
    report = take(runtime, store, "\n".join(["phone,consented_at", *rows]))
    assert (report.taken, len(told.rows(runtime, Consent))) == (30, 30)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("number,consented_at\n1,2\n", "it lacks phone"),
        ("phone\n1\n", "it lacks consented_at"),
        ("", "it lacks phone and consented_at"),
        ("phone,consented_at\n" + "1,2\n" * 101, "The file has 101 rows; 100"),
    ],
)
def test_a_file_that_is_no_list_of_consents_is_refused_whole(
    runtime: Runtime, store: Store, text: str, complaint: str
) -> None:
    with pytest.raises(UnreadableFile, match=complaint):
        take(runtime, store, text)
    assert told.rows(runtime, AuditEvent) == []


def test_bytes_that_are_no_text_are_refused_whole(runtime: Runtime, store: Store) -> None:
    file = io.BytesIO(b"phone,consented_at\n\xff\xfe,2026-10-01\n")
    with pytest.raises(UnreadableFile, match="save it anew, in a spreadsheet as “CSV UTF-8”"):
        consent_import.run(runtime, store, file, DECLARED)


def test_the_dates_column_may_have_another_name(runtime: Runtime, store: Store) -> None:
    declared = Declaration("form", "operator", date_column="Opt-in Date")
    report = take(runtime, store, f"\ufeffphone,Opt-in Date\n{PHONE},2026-10-01 12:00:00\n", declared)
    assert report.taken == 1


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-07-01T10:00:00", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("2026-07-01T10:00:00Z", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("", "no_date"),
        ("soon", "bad_date"),
        ("0001-01-01", "bad_date"),
    ],
)
def test_a_date_is_read_where_the_store_is(cell: str, moment: datetime | str) -> None:
    assert read_date(cell, BERLIN) == moment


@given(st.text(max_size=40))
def test_any_cell_is_a_moment_or_a_reason(cell: str) -> None:
    found = read_date(cell, BERLIN)
    assert found in consent_import.REASONS if isinstance(found, str) else found.tzinfo is not None


def test_every_reason_and_every_column_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "consent.md").read_text(encoding="utf-8")
    columns = (consent_import.PHONE, consent_import.DATE, "language", *consent_import.EVIDENCE)
    for name in (*consent_import.REASONS, *columns):
        assert f"`{name}`" in page
    assert f"{consent_import.MOST_ROWS:,}" in page
