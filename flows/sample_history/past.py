"""The rows of the made-up past while it is being told, and the dice that decide in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from flows.links import TOKEN_LENGTH
from flows.sample_history.people import People, Person

Row = dict[str, Any]

LETTERS = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(slots=True)
class Past:
    """What happened up to ``until``, as rows by table, without store and ids; links begin with ``address``.

    A column that points to a row holds the row's place in its table. ``stopped`` are the numbers of the
    suppression list.
    """

    until: datetime
    address: str
    random: Random
    people: People
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    stopped: list[tuple[str, datetime]] = field(default_factory=list)
    consents: dict[str, Row] = field(default_factory=dict)

    def add(self, table: str, **columns: Any) -> int:
        """Add a row; its place in the table."""
        self.rows[table].append(columns)
        return len(self.rows[table]) - 1

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def minutes(self, least: float, most: float) -> timedelta:
        """Between ``least`` and ``most`` minutes, rather few than many."""
        return timedelta(minutes=least * (most / least) ** self.random.random())

    def token(self) -> str:
        return "".join(self.random.choices(LETTERS, k=TOKEN_LENGTH))

    def line(self, cart: int, kind: str, at: datetime, reason: str | None = None, **more: Any) -> None:
        """A line of a cart's timeline; the future is not told."""
        if at < self.until:
            columns = {"step_key": None, "message_id": None, "until": None, "details": {}} | more
            self.add("timeline_entry", cart_id=cart, kind=kind, occurred_at=at, reason=reason, **columns)

    def say(self, person: Person, state: str, at: datetime, source: str, dedupe_key: str) -> None:
        """What a person said about texts, and the state that follows from it."""
        told = {"state": state, "confirmed": person.confirmed and state == "given", "source": source}
        self.add(
            "consent_event",
            address=person.phone,
            occurred_at=at,
            recorded_at=at,
            dedupe_key=dedupe_key,
            language=person.language,
            **told,
        )
        stopped = {"stopped": state == "withdrawn", "since": at, "updated_at": at}
        self.consents.setdefault(person.phone, {"channel": "sms", "address": person.phone}).update(
            told | stopped
        )

    def change(self, table: str, place: int, **columns: Any) -> None:
        self.rows[table][place].update(columns)

    def of(self, table: str, place: int) -> Mapping[str, Any]:
        return self.rows[table][place]
