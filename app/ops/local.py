"""Everything under one roof: embedded servers where none are given, our own processes beside them."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
import requests
from cryptography.fernet import Fernet

from app.config import PREFIX, SettingError, Settings, read_settings
from app.db import migrate
from app.ops.embedded import EmbeddedServer, erase, start_postgres, start_valkey
from app.ops.processes import CannotStartError, Child, Program, free_port, run_together
from app.queue import QUEUES
from flows import rules

if TYPE_CHECKING:
    from app.runtime import Runtime
    from flows.demo import Stage

Environment = dict[str, str]
Announce = Callable[[Settings], None]

DEMO_SETTINGS = {
    "DEMO": "1",
    "SMS_PROVIDER": "sandbox",
    "ALLOW_PRIVATE_STORES": "1",
    "CONTACT_CAP": "PT0S",
    "COUNTRIES": "*",
}
READY_TRIES = 600
POSTGRES_FOLDER, VALKEY_FOLDER = SERVER_FOLDERS = ("postgres", "valkey")


def run_all(environment: Environment, host: str, port: int) -> int:
    """``warmcart run``: returns the exit code."""
    return _run(environment, host, port, lambda settings: _say(f"Warmcart runs at {settings.public_url}"))


def run_demo(environment: Environment, port: int, reset: bool = False) -> int:
    """``warmcart demo``: always its own servers and data, never the ones a setting names."""
    own = {name: value for name, value in environment.items() if not name.startswith(PREFIX)}
    folder = Path(environment.get(PREFIX + "DATA_FOLDER", "var")) / "demo"
    own |= {PREFIX + name: value for name, value in DEMO_SETTINGS.items()}
    own[PREFIX + "DATA_FOLDER"] = str(folder)
    try:
        for name in SERVER_FOLDERS if reset else ():
            erase(folder / name)
    except CannotStartError as error:
        click.echo(str(error), err=True)
        return 2
    return _run(own, "127.0.0.1", port, _announce_demo)


def _run(environment: Environment, host: str, port: int, announce: Announce) -> int:
    try:
        port = free_port(port, host)
        with ExitStack() as stack:
            servers = _complete(environment, host, port, stack)
            settings = read_settings(environment)
            rules.use(settings.rules)
            migrate(settings.database_url)
            threading.Thread(target=_when_ready, args=(settings, host, port, announce), daemon=True).start()
            run_together(*_stages(environment, host, port), servers)
    except (SettingError, CannotStartError, OSError) as error:
        click.echo(str(error), err=True)
        return 2
    return 0


def _complete(environment: Environment, host: str, port: int, stack: ExitStack) -> list[EmbeddedServer]:
    """Start embedded servers if no database is set, and fill in what they make known."""
    if environment.get(PREFIX + "DATABASE_URL"):
        return []
    folder = Path(environment.get(PREFIX + "DATA_FOLDER", "var"))
    folder.mkdir(parents=True, exist_ok=True)
    postgres = start_postgres(folder / POSTGRES_FOLDER)
    stack.callback(postgres.stop)
    valkey = start_valkey(folder / VALKEY_FOLDER)
    stack.callback(valkey.stop)
    given = {PREFIX + "DATABASE_URL": postgres.url, PREFIX + "REDIS_URL": valkey.url}
    defaults = _kept_keys(folder / "keys.env") | {PREFIX + "PUBLIC_URL": f"http://{host}:{port}"}
    environment.update(defaults | environment | given)
    return [postgres, valkey]


def _kept_keys(path: Path) -> Environment:
    """Secrets of a local installation, made at its first start and kept beside its data."""
    if not path.exists():
        keys = {
            "SECRET_KEY": secrets.token_hex(32),
            "HASH_KEY": secrets.token_hex(32),
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(f"{PREFIX}{name}={value}\n" for name, value in keys.items())
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _stages(environment: Environment, host: str, port: int) -> list[list[Child]]:
    """In stopping order: first nobody is let in, then work ends."""

    def program(name: str, *arguments: str) -> Program:
        return Program(name, [sys.executable, "-m", "app.ops", *arguments], environment)

    web = program("web", "web", "--host", host, "--port", str(port))
    workers: list[Child] = [program(f"worker {name}", "worker", name) for name in QUEUES]
    return [[web], [*workers, program("scheduler", "scheduler")]]


def _when_ready(settings: Settings, host: str, port: int, announce: Announce) -> None:
    pause = threading.Event()
    for _ in range(READY_TRIES):
        try:
            if requests.get(f"http://{host}:{port}/readyz", timeout=2).ok:
                announce(settings)
                return
        except requests.ConnectionError:
            pass
        pause.wait(0.1)
    _say("The web server does not become ready: see its messages above.")


def _announce_demo(settings: Settings) -> None:
    from app.runtime import make_runtime
    from flows import demo

    _say("Setting the stage: a shop, a phone, and 90 days of sample history ...")
    runtime = make_runtime(settings, pool_size=1)
    try:
        stage = demo.set_up(runtime)
        shop_token, sample_token = _login_tokens(runtime, stage)
    finally:
        runtime.close()
    _say(
        "",
        "Warmcart's demo is ready. Leave something in the cart, and the text comes within a minute.",
        f"  The shop    {settings.public_url}/demo/shop",
        f"  The phone   {settings.public_url}/demo/phone",
        f"  The admin   {settings.public_url}/login/{shop_token}",
        f"  A store with 90 days of sample history: {settings.public_url}/login/{sample_token}",
        f"The two logins work once, within 15 minutes; {settings.public_url}/demo makes fresh ones.",
        "Ctrl-C stops everything; the data stays in ./var until make demo-reset.",
    )


def _login_tokens(runtime: Runtime, stage: Stage) -> list[str]:
    from app import logins
    from flows import demo

    now = runtime.clock.now()
    with runtime.database.session() as session:
        visitor = demo.visitor(session, stage, now)
        return [logins.make_login_link(session, store, visitor, now) for store in (stage.shop, stage.sample)]


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(line)
    sys.stdout.flush()
