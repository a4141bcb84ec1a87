"""What a process works with: settings, clock, database, cipher and the way to wake workers."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from app.clock import Clock, SystemClock
from app.config import Settings
from app.crypto import Cipher
from app.db import Database
from app.queue import Waker, connect


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    clock: Clock
    database: Database
    cipher: Cipher
    redis: redis.Redis
    waker: Waker

    def close(self) -> None:
        self.waker.close()
        self.database.close()
        self.redis.close()


def make_runtime(settings: Settings, clock: Clock | None = None, pool_size: int = 8) -> Runtime:
    """Build what a process needs; opens no connection yet."""
    database = Database(settings.database_url, pool_size)
    client = connect(settings.redis_url)
    return Runtime(
        settings, clock or SystemClock(), database, Cipher(settings.encryption_keys), client, Waker(client)
    )
