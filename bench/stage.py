"""Where the measures are taken: servers in a temporary folder, databases by name, our own processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import psycopg
import redis
import requests
from cryptography.fernet import Fernet
from psycopg import sql

from app.config import PREFIX, Settings, read_settings
from app.db import migrate
from app.ops.embedded import NAME, EmbeddedServer, start_postgres, start_valkey
from app.ops.processes import Program, free_port, is_running, stop_together
from app.runtime import Runtime, make_runtime

HOST = "127.0.0.1"
FIRST_PORT = 18_000
READY_SECONDS = 30.0
_PORTS = count(FIRST_PORT)
AS_INSTALLED = Path(__file__).parent / "as_installed"
SHOPIFY_SECRET = "shopify-client-secret-of-the-bench"
TWILIO_TOKEN = "twilio-auth-token-of-the-bench"
TWILIO_ACCOUNT = "AC" + "0" * 32
TWILIO_SERVICE = "MG" + "0" * 32


def say(text: str) -> None:
    """Tell how far it has come; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Stage:
    """The servers of a run, as durable as in production, and what starts our processes on them."""

    folder: Path
    postgres: EmbeddedServer
    valkey: EmbeddedServer

    def new_database(self, name: str) -> str:
        """The address of a migrated database without rows."""
        with psycopg.connect(self.postgres.url.replace(f"/{NAME}?", "/postgres?"), autocommit=True) as server:
            make = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            server.execute(make.format(sql.Identifier(name), sql.Identifier(NAME)))
        return self.postgres.url.replace(f"/{NAME}?", f"/{name}?")

    def drop_database(self, name: str) -> None:
        # As its superuser: autovacuum may be at work in it, which nobody else may end.
        url = self.postgres.url.replace(f"/{NAME}?", "/postgres?").replace(f"//{NAME}@", "//postgres@")
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def environment(self, database_url: str, **settings: str) -> dict[str, str]:
        """The whole environment of a process of ours that works on this database."""
        values = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.valkey.url,
            "PUBLIC_URL": f"http://{HOST}:{FIRST_PORT}",
            "SECRET_KEY": "s" * 32,
            "HASH_KEY": "h" * 32,
            "ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "SHOPIFY_API_KEY": "shopify-client-id",
            "SHOPIFY_API_SECRET": SHOPIFY_SECRET,
            "COUNTRIES": "*",
        } | settings
        ours = {PREFIX + name: value for name, value in values.items()} | {"PYTHONPATH": str(AS_INSTALLED)}
        return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | ours

    def settings(self, database_url: str, **settings: str) -> Settings:
        return read_settings(self.environment(database_url, **settings))

    @contextmanager
    def runtime(self, database_url: str, **settings: str) -> Iterator[Runtime]:
        """What a process of ours works with, for this process."""
        runtime = make_runtime(self.settings(database_url, **settings))
        try:
            yield runtime
        finally:
            runtime.close()

    @contextmanager
    def process(self, command: Sequence[str], environment: dict[str, str]) -> Iterator[Program]:
        """A process of ours (``python -m`` and so on) that is stopped at the end."""
        program = Program(" ".join(command[:2]), [sys.executable, "-m", *command], environment)
        program.launch()
        try:
            yield program
        finally:
            stop_together([program])

    def empty_queues(self) -> None:
        with redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()

    @contextmanager
    def worker(self, queue: str, environment: dict[str, str]) -> Iterator[Program]:
        """A worker as in production; the queues are emptied first."""
        self.empty_queues()
        with self.process(["app.ops", "worker", queue], environment) as program:
            yield program

    @contextmanager
    def web(self, environment: dict[str, str]) -> Iterator[Web]:
        """The web server as in production, with an empty answer beside ours to compare with."""
        port = free_port(next(_PORTS), HOST)
        with self.process(["bench.web", str(port)], environment) as program:
            server = Web(f"http://{HOST}:{port}", port, program)
            wait_until_ready(server)
            yield server


@dataclass(frozen=True)
class Web:
    url: str
    port: int
    program: Program


ENCRYPTION_KEY = Fernet.generate_key().decode()


def wait_until_ready(server: Web) -> None:
    pause = Event()
    for _ in range(int(READY_SECONDS / 0.05)):
        if not is_running(server.program):
            break
        try:
            if requests.get(f"{server.url}/healthz", timeout=5).ok:
                return
        except requests.ConnectionError:
            pause.wait(0.05)
    raise RuntimeError("The web server does not become ready.")


@contextmanager
def opened() -> Iterator[Stage]:
    """Start the servers in a folder that is deleted afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="warmcart-bench-")))
        postgres = start_postgres(folder / "postgres")
        stack.callback(postgres.stop)
        valkey = start_valkey(folder / "valkey")
        stack.callback(valkey.stop)
        migrate(postgres.url)
        yield Stage(folder, postgres, valkey)
