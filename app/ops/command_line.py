"""The console script ``warmcart``. Each command is thin: it reads the settings and calls one function."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TextIO

import click

from app.log import configure_logging
from app.ops import store_commands
from app.ops.command import AS_JSON, Stopped, opened, settings
from app.ops.garbage import collect_seldom
from app.queue import QUEUES

PORT = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="warmcart")
def main() -> None:
    """Warmcart wins back abandoned carts by text message."""
    collect_seldom()
    configure_logging()


for command in store_commands.COMMANDS:
    main.add_command(command)


@main.command()
@PORT
@HOST
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True)
def web(port: int, host: str, processes: int, threads: int) -> None:
    """Serve pages, webhooks and short links."""
    from app.ops.server import serve

    serve(settings(), host, port, processes, threads)


@main.command()
@click.argument("queue", type=click.Choice(QUEUES))
def worker(queue: str) -> None:
    """Work on one queue: intake, dispatch or upkeep."""
    from app.ops.worker import work

    work(settings(), queue)


@main.command()
def scheduler() -> None:
    """Wake workers when something comes due. One is enough; two do no harm."""
    from app.ops.scheduler import schedule

    schedule(settings())


@main.command()
def migrate() -> None:
    """Bring the database schema up to this version of the code."""
    from sqlalchemy.exc import OperationalError

    from app.db import head_revision
    from app.db import migrate as bring_up

    try:
        bring_up(settings().database_url)
    except OperationalError:
        raise Stopped("WARMCART_DATABASE_URL: the database cannot be reached") from None
    click.echo(f"The database is at {head_revision()}.")


@main.command()
@PORT
@HOST
def run(port: int, host: str) -> None:
    """Everything under one roof, for a small installation: web, a worker per queue and the scheduler.

    Without WARMCART_DATABASE_URL it starts an embedded PostgreSQL and Valkey with their data in ./var.
    """
    from app.ops.local import run_all

    sys.exit(run_all(dict(os.environ), host, port))


@main.command()
@PORT
@click.option("--reset", is_flag=True, help="Forget what happened in it before.")
def demo(port: int, reset: bool) -> None:
    """The product on a small stage: a shop, a phone and the admin, with embedded servers."""
    from app.ops.local import run_demo

    sys.exit(run_demo(dict(os.environ), port, reset))


@main.command()
def doctor() -> None:
    """Say what is wrong with the settings and the parts, one line each."""
    from app.ops.doctor import examine

    findings = list(examine(os.environ))
    for finding in findings:
        click.echo(("ok    " if finding.well else "wrong ") + finding.line)
    sys.exit(0 if all(finding.well for finding in findings) else 1)


@main.group()
def locale() -> None:
    """The words that shoppers read."""


@locale.command("check")
@AS_JSON
@click.option("--markdown", is_flag=True, help="Print the tables of docs/locales.md.")
def locale_check(as_json: bool, markdown: bool) -> None:
    """Prove that every language can be texted; one line per finding, exit code 1 if there is any."""
    from dataclasses import asdict

    from flows.locale_check import check_all
    from flows.locale_page import tables

    reports = check_all()
    findings = [finding for report in reports for finding in report.findings]
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports], indent=2, ensure_ascii=False))
    elif markdown:
        click.echo(tables(reports))
    else:
        for finding in findings:
            click.echo(finding)
        click.echo(f"{len(reports)} languages, {len(findings)} findings", err=True)
    sys.exit(1 if findings else 0)


@main.command()
@click.option("--carts", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--year", type=click.IntRange(2024, 2100), required=True, help="The year to live through.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same carts.")
@click.option(
    "--out",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write every decision to this file, one JSON object a line: cart, country, region, zones, "
    "consent_history, asked_at, answer, reason, sent_at, language, body, segments (docs/simulation.md).",
)
def simulate(carts: int, year: int, seed: int, out: TextIO | None) -> None:
    """Live through a year of made-up carts in all countries, and judge every decision of the gates.

    The last line says how many rules were broken; exit code 1 if any was. No settings, no database, no Redis.
    """
    from app.ops.simulation import run

    sys.exit(run(carts, year, seed, out))


@main.group()
def events() -> None:
    """What came in from outside and could not be applied."""


@events.command("list")
def events_list() -> None:
    """The failed events, newest first, with their errors."""
    from app.ops.show import failed_events

    with opened() as runtime, runtime.database.session() as session:
        found = failed_events(session)
    for row in found:
        click.echo("\t".join(str(field) for field in row))
    if not found:
        click.echo("No event has failed.", err=True)


@events.command("retry")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=int)
def events_retry(ids: tuple[int, ...]) -> None:
    """Apply failed events again: those named, or all."""
    from app.queue import INTAKE
    from flows import inbox

    with opened() as runtime:
        count = inbox.replay(runtime, list(ids) or None)
        runtime.waker.wake(INTAKE)
    click.echo(f"{count} events are pending again.")


@main.command()
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--server", help="Base address of the running server; default: WARMCART_PUBLIC_URL.")
@click.option("--store", "domain", help="Domain of the store that they come from; default: the only one.")
def replay(files: tuple[Path, ...], server: str | None, domain: str | None) -> None:
    """Send recorded deliveries to a running server, signed anew."""
    import requests

    from app.ops import replay as recorded

    refused = 0
    with opened() as runtime:
        base = (server or runtime.settings.public_url).rstrip("/")
        for path in files:
            try:
                status = recorded.replay(runtime, path, base, domain, runtime.clock.now())
            except recorded.NoDelivery as reason:
                click.echo(f"--- {path}: not sent: {reason}")
                continue
            except recorded.NotReplayable as error:
                raise Stopped(str(error)) from None
            except requests.ConnectionError:
                raise Stopped(f"{base} cannot be reached: is the server running?") from None
            refused += status >= 400
            click.echo(f"{status} {path}")
    sys.exit(1 if refused else 0)
