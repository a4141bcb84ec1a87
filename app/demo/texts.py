"""What lies on the demo's phones: texts and replies by number, in Redis or Valkey, kept for 30 days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import redis

from connectors.sandbox import HeldText
from connectors.sms import OutgoingText, Status

KEPT_FOR = timedelta(days=30)
MOST_OF_ONE = 200
MOST_NUMBERS = 30

TEXT = "demo:phone:text:"
OF_NUMBER = "demo:phone:of:"
NUMBERS = "demo:phone:numbers"


@dataclass(frozen=True, slots=True)
class Written:
    """A reply that was typed on the phone."""

    body: str
    created_at: datetime


Entry = HeldText | Written


class Texts:
    """Raises redis.RedisError when Redis is away."""

    def __init__(self, client: redis.Redis) -> None:
        # The client's types also allow for answers as str, which it was not asked for.
        self._redis: Any = client

    def keep(self, held: HeldText) -> None:
        self._append(held.text.to, held.provider_id, _dump_text(held), held.created_at)

    def keep_reply(self, number: str, reply_id: str, written: Written) -> None:
        self._append(
            number, reply_id, json.dumps(asdict(written), default=datetime.isoformat), written.created_at
        )

    def move(self, held: HeldText, status: Status) -> HeldText:
        """The text with its next status."""
        moved = replace(held, status=status)
        self._redis.set(TEXT + held.provider_id, _dump_text(moved), ex=KEPT_FOR)
        return moved

    def of(self, number: str) -> list[Entry]:
        """The conversation with a number, oldest first."""
        names = self._redis.lrange(OF_NUMBER + number, 0, -1)
        found = self._redis.mget([TEXT + name.decode() for name in names]) if names else []
        return [_load(text) for text in found if text is not None]

    def texts_to(self, number: str) -> Iterator[HeldText]:
        return (entry for entry in self.of(number) if isinstance(entry, HeldText))

    def numbers(self) -> list[str]:
        """The numbers that have texts, the last one first."""
        return [name.decode() for name in self._redis.zrevrange(NUMBERS, 0, MOST_NUMBERS - 1)]

    def _append(self, number: str, name: str, text: str, at: datetime) -> None:
        with self._redis.pipeline() as pipeline:
            pipeline.set(TEXT + name, text, ex=KEPT_FOR)
            pipeline.rpush(OF_NUMBER + number, name)
            pipeline.ltrim(OF_NUMBER + number, -MOST_OF_ONE, -1)
            pipeline.expire(OF_NUMBER + number, KEPT_FOR)
            pipeline.zadd(NUMBERS, {number: at.timestamp()})
            pipeline.zremrangebyscore(NUMBERS, 0, (at - KEPT_FOR).timestamp())
            pipeline.execute()


def _dump_text(held: HeldText) -> str:
    return json.dumps(asdict(held), default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _load(text: bytes) -> Entry:
    data: dict[str, Any] = json.loads(text)
    data["created_at"] = datetime.fromisoformat(data["created_at"])
    if "text" not in data:
        return Written(**data)
    return HeldText(
        **data
        | {
            "text": OutgoingText(**data["text"]),
            "status": Status(data["status"]),
            "price": data["price"] and Decimal(data["price"]),
        }
    )
