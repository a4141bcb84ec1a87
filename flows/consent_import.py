"""Consents from somewhere else: a CSV file, read row by row, each row taken or refused with its reason.

Whoever imports declares where the consents come from, and each row must say when it was given. An import
never opens a number that said stop, whatever the row's date: a list is what somebody believes, a stop is
what the person said. A row counts once per file, however often the file is imported.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.crypto import keyed_hash
from app.models import AuditEvent, Consent, ConsentEvent, Contact, Store, Suppression
from app.runtime import Runtime
from connectors.events import ConsentSignal, ConsentState
from flows import bulk, candidates, consents
from flows.conflicts import again
from flows.consent import ConsentEvent as Said
from flows.consent import derive
from flows.incoming import lock
from flows.phones import Phone, read_phone

SOURCE = "import"
PHONE, DATE = "phone", "consented_at"
EVIDENCE = ("ip", "user_agent", "page_url")
"""Columns that are kept as evidence where a file has them; ``language`` is one of its own."""

File = io.BufferedReader | io.BytesIO
"""Bytes that can be read twice."""

BATCH = 500
MOST_ROWS = 200_000
MOST_REFUSED = 10_000
LONGEST_CELL = 500

REASONS = {
    "invalid_number": "It is not a valid phone number.",
    "not_mobile": "It is not the number of a mobile phone.",
    "no_date": "It does not say when the consent was given.",
    "bad_date": "The date cannot be read: write it as 2026-11-21 or 2026-11-21T18:00:00Z.",
    "future_date": "The date lies in the future.",
    "country_off": "Texts to this country are switched off.",
    "duplicate": "The number stands further up in the file.",
    "stopped": "The number asked for no more texts; only its owner can change that.",
}

NOT_CSV = "The file is no CSV in UTF-8: save it anew, in a spreadsheet as “CSV UTF-8”."


class UnreadableFile(ValueError):
    """The file as a whole cannot be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What whoever imports declares of all rows. ``source`` says where the consents come from, in words.

    ``wording`` are the exact words that the people agreed to, ``date_column`` the column that tells when.
    """

    source: str
    actor: str
    wording: str | None = None
    date_column: str = DATE


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken: its line in the file, and a key of ``REASONS``."""

    line: int
    reason: str


@dataclass(slots=True)
class Report:
    """What became of the rows. ``known`` were taken with an earlier import of the same file.

    ``refused`` names the first ``MOST_REFUSED`` rows; ``reasons`` counts them all.
    """

    file: str
    taken: int = 0
    known: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        self.reasons[reason] += 1
        if len(self.refused) < MOST_REFUSED:
            self.refused.append(Refused(line, reason))


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    phone: Phone
    signal: ConsentSignal
    key: str
    evidence: dict[str, Any]


def run(
    runtime: Runtime, store: Store, file: File, declared: Declaration, most_rows: int = MOST_ROWS
) -> Report:
    """Import a whole file, a batch of rows in a transaction.

    Raises UnreadableFile, before anything changes.
    """
    report = Report(_digest(file))
    rows = _rows(file, declared.date_column, most_rows)
    sound = _sound(runtime, store, rows, declared, report)
    for batch in _batched(sound):
        _take(runtime, store.id, batch, report)
    with runtime.database.session() as session:
        session.add(_trail(store, declared, report, runtime.clock.now()))
    return report


def _digest(file: File) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


def _batched(rows: Iterator[_Row]) -> Iterator[tuple[_Row, ...]]:
    while batch := tuple(itertools.islice(rows, BATCH)):
        yield batch


def _rows(file: File, date_column: str, most: int) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows with their lines. Raises UnreadableFile, for too many rows too: the file is read twice."""
    try:
        count = sum(1 for _ in _reader(file, date_column))
    except (UnicodeDecodeError, csv.Error):
        raise UnreadableFile(NOT_CSV) from None
    if count > most:
        raise UnreadableFile(f"The file has {count} rows; {most} can be imported at once.")
    file.seek(0)
    return _reader(file, date_column)


def _reader(file: File, date_column: str) -> Iterator[tuple[int, dict[str, str]]]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        header = text.readline()
        delimiter = ";" if header.count(";") > header.count(",") else ","
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        missing = [name for name in (PHONE, date_column) if name not in names]
        if missing:
            lacks = " and ".join(missing)
            raise UnreadableFile(
                f"The first line must name the columns {PHONE} and {date_column}; it lacks {lacks}."
            )
        rows = csv.DictReader(text, fieldnames=names, delimiter=delimiter)
        for row in rows:
            cells = {name: _cell(row.get(name)) for name in names}
            if any(cells.values()):
                yield rows.line_num + 1, cells
    finally:
        text.detach()


def _cell(value: str | None) -> str:
    """Without what PostgreSQL cannot store."""
    return (value or "").replace("\x00", "").strip()[:LONGEST_CELL]


def _sound(
    runtime: Runtime,
    store: Store,
    rows: Iterable[tuple[int, dict[str, str]]],
    declared: Declaration,
    report: Report,
) -> Iterator[_Row]:
    """The rows that name a number and a date, each number once; the others are refused."""
    allowed = candidates.allowed_countries(runtime.settings.countries, store)
    zone, now, seen = ZoneInfo(store.timezone), runtime.clock.now(), set()
    for line, cells in rows:
        phone = read_phone(cells[PHONE], store.country)
        given_at = read_date(cells[declared.date_column], zone)
        if not isinstance(phone, Phone):
            report.refuse(line, phone.reason)
        elif isinstance(given_at, str):
            report.refuse(line, given_at)
        elif given_at > now:
            report.refuse(line, "future_date")
        elif allowed is not None and phone.country not in allowed:
            report.refuse(line, "country_off")
        elif phone.e164 in seen:
            report.refuse(line, "duplicate")
        else:
            seen.add(phone.e164)
            yield _row(store, line, cells, phone, given_at, declared, report.file)


def read_date(cell: str, zone: ZoneInfo) -> datetime | str:
    """The moment that a cell tells, or why it tells none. A day is its beginning where the store is."""
    if not cell:
        return "no_date"
    try:
        if len(cell) <= len("2026-11-21"):
            moment = datetime.combine(date.fromisoformat(cell), time(), zone)
        else:
            moment = datetime.fromisoformat(cell)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return "bad_date"


def _row(
    store: Store,
    line: int,
    cells: dict[str, str],
    phone: Phone,
    given_at: datetime,
    declared: Declaration,
    file: str,
) -> _Row:
    signal = ConsentSignal(
        ConsentState.GIVEN,
        phone.e164,
        SOURCE,
        occurred_at=given_at,
        wording=declared.wording,
        language=cells.get("language") or None,
        evidence={name: cells[name] for name in EVIDENCE if cells.get(name)},
    )
    told = {"actor": declared.actor, "declared_source": declared.source, "file": file, "line": line}
    evidence = consents.evidence_of(store, signal) | told
    return _Row(line, phone, signal, f"{SOURCE}:{file[:32]}:{line}", evidence)


@again
def _take(runtime: Runtime, store_id: int, rows: Sequence[_Row], report: Report) -> None:
    """Write down what may be written; counted once the transaction is sure."""
    with runtime.database.session() as session:
        store = session.get_one(Store, store_id)
        lock(session, [(store_id, f"consent:{row.phone.e164}") for row in rows])
        stopped = _stopped(session, runtime, store, rows)
        known = _known(session, store_id, rows)
        open_rows = [row for row in rows if row.phone.e164 not in stopped and row.key not in known]
        met = _met(session, store_id, open_rows)
        _write_fresh(session, store, [row for row in open_rows if row.phone.e164 not in met], runtime)
        for row in open_rows:
            if row.phone.e164 in met:
                _write_one(session, runtime, store, row)
    report.taken += len(open_rows)
    report.known += sum(row.key in known and row.phone.e164 not in stopped for row in rows)
    for row in rows:
        if row.phone.e164 in stopped:
            report.refuse(row.line, "stopped")


def _stopped(session: Session, runtime: Runtime, store: Store, rows: Sequence[_Row]) -> set[str]:
    """The numbers that said stop, here or before the store came back."""
    phones = [row.phone.e164 for row in rows]
    hashes = {keyed_hash(runtime.settings.hash_key, store.domain, phone): phone for phone in phones}
    withdrawn = select(Consent.address).where(
        Consent.store_id == store.id, Consent.channel == consents.SMS, Consent.stopped
    )
    suppressed = select(Suppression.number_hash).where(
        Suppression.domain == store.domain,
        Suppression.channel == consents.SMS,
        Suppression.lifted_at.is_(None),
    )
    found = set(session.scalars(withdrawn.where(bulk.among(Consent.address, phones))))
    kept = session.scalars(suppressed.where(bulk.among(Suppression.number_hash, list(hashes))))
    return found | {hashes[number] for number in kept}


def _known(session: Session, store_id: int, rows: Sequence[_Row]) -> set[str]:
    query = select(ConsentEvent.dedupe_key).where(
        ConsentEvent.store_id == store_id,
        ConsentEvent.channel == consents.SMS,
        bulk.among(ConsentEvent.address, [row.phone.e164 for row in rows]),
        bulk.among(ConsentEvent.dedupe_key, [row.key for row in rows]),
    )
    return set(session.scalars(query))


def _met(session: Session, store_id: int, rows: Sequence[_Row]) -> set[str]:
    """The numbers of which something is known already: what follows for them is more than a row."""
    phones = [row.phone.e164 for row in rows]
    found: set[str] = set()
    for model, column in (
        (ConsentEvent, ConsentEvent.address),
        (Consent, Consent.address),
        (Contact, Contact.phone),
    ):
        query = select(column).where(model.store_id == store_id, bulk.among(column, phones))
        found.update(session.scalars(query))
    return found


def _write_one(session: Session, runtime: Runtime, store: Store, row: _Row) -> None:
    now, hash_key = runtime.clock.now(), runtime.settings.hash_key
    consents.record_signal(
        session, store, row.phone.e164, row.signal, now, row.key, hash_key=hash_key, evidence=row.evidence
    )


def _write_fresh(session: Session, store: Store, rows: Sequence[_Row], runtime: Runtime) -> None:
    """Numbers of which nothing is known: their one event, and the state that follows from it."""
    now = runtime.clock.now()
    bulk.insert_all(session, ConsentEvent, [_event(store, row, now) for row in rows])
    bulk.insert_all(session, Consent, [_state(store, row, now) for row in rows])


def _event(store: Store, row: _Row, now: datetime) -> dict[str, Any]:
    return {
        "store_id": store.id,
        "channel": consents.SMS,
        "address": row.phone.e164,
        "state": row.signal.state.value,
        "confirmed": False,
        "source": SOURCE,
        "dedupe_key": row.key,
        "occurred_at": row.signal.occurred_at,
        "recorded_at": now,
        "wording": row.signal.wording,
        "language": row.signal.language,
        "evidence": row.evidence,
    }


def _state(store: Store, row: _Row, now: datetime) -> dict[str, Any]:
    derived = derive([Said(row.signal.state, SOURCE, now, row.signal.occurred_at)])
    return {
        "store_id": store.id,
        "channel": consents.SMS,
        "address": row.phone.e164,
        "state": derived.state.value,
        "confirmed": derived.confirmed,
        "stopped": False,
        "source": derived.source,
        "since": derived.since,
        "updated_at": now,
    }


def _trail(store: Store, declared: Declaration, report: Report, now: datetime) -> AuditEvent:
    details = {
        "source": declared.source,
        "file": report.file[:12],
        "taken": report.taken,
        "known": report.known,
        "refused": report.reasons.total(),
    }
    return AuditEvent(
        store_id=store.id,
        actor=declared.actor,
        action="consents_imported",
        details=details,
        occurred_at=now,
    )
