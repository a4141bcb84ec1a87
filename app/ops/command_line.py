"""The console script ``warmcart``. Each command is thin: it reads the settings and calls one function."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from app.config import SettingError, Settings, read_settings
from app.log import configure_logging
from app.ops.garbage import collect_seldom
from app.queue import QUEUES
from flows import rules


class Stopped(click.ClickException):
    """One line that says what is wrong, exit code 2."""

    exit_code = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="warmcart")
def main() -> None:
    """Warmcart wins back abandoned carts by text message."""
    collect_seldom()
    configure_logging()


def settings() -> Settings:
    try:
        found = read_settings(os.environ)
        rules.use(found.rules)
        return found
    except SettingError as error:
        raise Stopped(str(error)) from None


@contextmanager
def opened() -> Iterator[Any]:
    """A runtime for one command; a database that cannot be used ends it with one line."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from app.runtime import make_runtime

    runtime = make_runtime(settings(), pool_size=1)
    try:
        yield runtime
    except OperationalError:
        raise Stopped("WARMCART_DATABASE_URL: the database cannot be reached") from None
    except ProgrammingError as error:
        if "UndefinedTable" not in type(error.orig).__name__:
            raise
        raise Stopped("the database has no tables yet: run warmcart migrate") from None
    finally:
        runtime.close()


PORT = click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


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

    _exit(run_all(dict(os.environ), host, port))


@main.command()
@PORT
@click.option("--reset", is_flag=True, help="Forget what happened in it before.")
def demo(port: int, reset: bool) -> None:
    """The product on a small stage: a shop, a phone and the admin, with embedded servers."""
    from app.ops.local import run_demo

    _exit(run_demo(dict(os.environ), port, reset))


def _exit(code: int) -> None:
    sys.exit(code)


@main.command()
def doctor() -> None:
    """Say what is wrong with the settings and the parts, one line each."""
    from app.ops.doctor import examine

    findings = list(examine(os.environ))
    for finding in findings:
        click.echo(("ok    " if finding.well else "wrong ") + finding.line)
    _exit(0 if all(finding.well for finding in findings) else 1)


@main.group()
def store() -> None:
    """Stores."""


@store.command("list")
@AS_JSON
def store_list(as_json: bool) -> None:
    """Every store with its platform and status."""
    from app.ops.show import stores

    with opened() as runtime, runtime.database.session() as session:
        rows = stores(session)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{row['domain']}\t{row['platform']}\t{row['status']}\t{row['public_id']}")


@main.group()
def flow() -> None:
    """Flows, as JSON."""


@flow.command("export")
@click.argument("domain", metavar="STORE")
@click.option("--name", help="Another flow than the active one.")
def flow_export(domain: str, name: str | None) -> None:
    """Print the store's active flow as JSON, in the form that flow import takes."""
    from app.ops.show import find_store
    from flows import registry

    with opened() as runtime, runtime.database.session() as session:
        flows = registry.export(session, find_store(session, domain))
    wanted = [one for one in flows if (one["name"] == name if name else one["active"])]
    if not wanted:
        names = ", ".join(str(one["name"]) for one in flows) or "none"
        raise Stopped(f"{domain} has no {f'flow {name}' if name else 'active flow'}; its flows: {names}")
    click.echo(json.dumps(wanted[0], indent=2, ensure_ascii=False))


@flow.command("import")
@click.argument("domain", metavar="STORE")
@click.argument("file", type=click.File(encoding="utf-8"))
def flow_import(domain: str, file: Any) -> None:
    """Take in a flow, or a list of them, from a JSON file; it is checked whole before anything changes."""
    from app.ops.show import find_store
    from flows import registry
    from flows.definition import DefinitionError

    try:
        data = json.load(file)
    except ValueError as error:
        raise Stopped(f"{file.name}: not JSON: {error}") from None
    with opened() as runtime, runtime.database.session() as session:
        found = find_store(session, domain)
        for number, definition in enumerate(data if isinstance(data, list) else [data], 1):
            try:
                flow_row = registry.import_definition(
                    session, found, definition, "operator", runtime.clock.now()
                )
            except DefinitionError as error:
                raise Stopped(f"{file.name}, flow {number}: {error}") from None
            click.echo(f"{flow_row.name}: version {flow_row.current_version}")


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
    _exit(1 if findings else 0)


@main.command("login-link")
@click.argument("domain", metavar="STORE")
def login_link(domain: str) -> None:
    """Print a one-time link into the store's pages; it works once, within 15 minutes."""
    from app import logins
    from app.ops.show import find_store
    from flows import audit

    with opened() as runtime, runtime.database.session() as session:
        now = runtime.clock.now()
        found = find_store(session, domain)
        token = logins.make_login_link(session, found, logins.store_owner(session, found, now), now)
        audit.record(session, found.id, audit.OPERATOR, "login_link_made", now)
        click.echo(f"{runtime.settings.public_url}/login/{token}")


@main.group()
def contact() -> None:
    """People."""


@contact.command("show")
@click.argument("domain", metavar="STORE")
@click.argument("phones", metavar="PHONE...", nargs=-1, required=True)
@AS_JSON
def contact_show(domain: str, phones: tuple[str, ...], as_json: bool) -> None:
    """What is known of these numbers: consent, language, zones, texts."""
    from app.ops.show import contacts, find_store
    from flows import audit

    with opened() as runtime, runtime.database.session() as session:
        found = find_store(session, domain)
        rows = contacts(session, found, phones)
        now = runtime.clock.now()
        audit.record(session, found.id, audit.OPERATOR, "contact_shown", now, numbers=len(phones))
    _print(rows, as_json)


@contact.command("export")
@click.argument("domain", metavar="STORE")
@click.argument("phone", metavar="PHONE")
def contact_export(domain: str, phone: str) -> None:
    """Print all that is stored about the person with this number, as JSON: see docs/data-rights.md."""
    from app.ops.show import find_store
    from flows import audit, data_export
    from flows.traces import read_shopper

    with opened() as runtime, runtime.database.session() as session:
        found, now = find_store(session, domain), runtime.clock.now()
        document = data_export.build(session, runtime, found, read_shopper(found, phone), now)
        audit.record(session, found.id, audit.OPERATOR, "contact_exported", now)
    _print(document, as_json=True)


@contact.command("erase")
@click.argument("domain", metavar="STORE")
@click.argument("phone", metavar="PHONE")
@click.confirmation_option(prompt="Erase this person for good?")
def contact_erase(domain: str, phone: str) -> None:
    """Erase all that is stored about the person with this number; a stop and its proof stay as a hash."""
    from app.crypto import random_token
    from app.ops.show import find_store
    from connectors.platform import RequestKind
    from flows import audit, compliance
    from flows.incoming import Incoming
    from flows.traces import read_shopper

    with opened() as runtime, runtime.database.session() as session:
        found, now = find_store(session, domain), runtime.clock.now()
        asking, shopper = Incoming(session, runtime, found, now, now), read_shopper(found, phone)
        kind = RequestKind.CUSTOMER_REDACT
        request_id = compliance.ask(asking, kind, shopper, compliance.OPERATOR, random_token())
        audit.record(session, found.id, audit.OPERATOR, "customer_redact_asked", now, request_id=request_id)
    click.echo("Erased.")


@main.group()
def consent() -> None:
    """Consent to texts."""


@consent.command("import")
@click.argument("domain", metavar="STORE")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Where the consents come from, in words; kept as evidence.")
@click.option("--wording", help="The exact words that the people agreed to.")
@click.option("--date-column", default="consented_at", show_default=True, help="The column with the date.")
def consent_import(domain: str, path: Path, source: str, wording: str | None, date_column: str) -> None:
    """Take in consents from a CSV file with the columns phone and consented_at; print every refused row."""
    from app.ops.show import find_store
    from flows import consent_import as importing

    declared = importing.Declaration(source, "operator", wording, date_column)
    with opened() as runtime:
        with runtime.database.session() as session:
            found = find_store(session, domain)
        try:
            with path.open("rb") as file:
                report = importing.run(runtime, found, file, declared)
        except importing.UnreadableFile as error:
            raise Stopped(f"{path}: {error}") from None
    for row in report.refused:
        click.echo(f"line {row.line}: {importing.REASONS[row.reason]}")
    refused = report.reasons.total()
    click.echo(f"{report.taken} taken, {report.known} taken before, {refused} refused.")


@consent.command("rebuild")
@click.argument("domain", metavar="STORE")
def consent_rebuild(domain: str) -> None:
    """Derive the state of every number again from the ledger; print and mend what differs."""
    from app.ops.show import find_store
    from flows import audit
    from flows.consent_rebuild import rebuild

    with opened() as runtime:
        with runtime.database.session() as session:
            found = find_store(session, domain)
            now = runtime.clock.now()
            audit.record(session, found.id, audit.OPERATOR, "consents_rebuilt", now)
        count = differing = 0
        for one in rebuild(runtime, found):
            count += 1
            if one.differs:
                differing += 1
                click.echo(f"{one.phone}: {one.before} -> {one.after}")
    click.echo(f"{count} numbers, {differing} differed.")
    _exit(1 if differing else 0)


@main.group()
def cart() -> None:
    """Carts."""


@cart.command("show")
@click.argument("domain", metavar="STORE")
@click.argument("key", metavar="KEY")
@AS_JSON
def cart_show(domain: str, key: str, as_json: bool) -> None:
    """One cart by any of its keys: state, enrollments, and its timeline with every reason."""
    from app.ops.show import cart as read_cart
    from app.ops.show import find_store
    from flows import audit

    with opened() as runtime, runtime.database.session() as session:
        found = find_store(session, domain)
        row = read_cart(session, found, key)
        audit.record(session, found.id, audit.OPERATOR, "cart_shown", runtime.clock.now())
    _print(row, as_json)


def _print(value: Any, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return
    for row in value if isinstance(value, list) else [value]:
        for name, field in row.items():
            lines = field if isinstance(field, list) else [field]
            click.echo(f"{name}: " + ("; ".join(map(str, lines)) if lines else "none"))
        click.echo("")


@main.group()
def events() -> None:
    """What came in from outside and could not be applied."""


@events.command("list")
def events_list() -> None:
    """The failed events, newest first, with their errors."""
    from app.ops.show import failed_events

    with opened() as runtime, runtime.database.session() as session:
        for row in failed_events(session):
            click.echo("\t".join(str(field) for field in row))


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
    _exit(1 if refused else 0)
