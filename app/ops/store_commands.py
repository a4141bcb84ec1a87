"""The commands about one store: its flows, its people, their consents and carts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from app.ops.command import AS_JSON, Stopped, opened


@click.group()
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


@click.group()
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
    except (ValueError, RecursionError) as error:
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


@click.command("login-link")
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


@click.group()
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
    from connectors.events import RequestKind
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


@click.group()
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

    if not source.strip():
        raise Stopped("--source is empty: say where these consents come from")
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
    sys.exit(1 if differing else 0)


@click.group()
def cart() -> None:
    """Carts."""


@cart.command("show")
@click.argument("domain", metavar="STORE")
@click.argument("key", metavar="KEY")
@AS_JSON
def cart_show(domain: str, key: str, as_json: bool) -> None:
    """One cart by any of its keys: state, enrollments, offers, and its timeline with every reason."""
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
            click.echo(f"{name}:{_told(field)}")
        click.echo("")


def _told(field: Any) -> str:
    """Behind the name of a field; what is a row itself stands on a line of its own."""
    if isinstance(field, list) and any(isinstance(one, dict) for one in field):
        return "".join(f"\n  - {_words(one)}" for one in field)
    return f" {_words(field)}"


def _words(value: Any) -> str:
    if value in (None, [], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(_words, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items() if one not in (None, [], {}))
    return str(value)


@click.group()
def season() -> None:
    """Campaigns that are prepared ahead."""


@season.command("dry-run")
@click.argument("domain", metavar="STORE")
@click.argument("key", metavar="SEASON")
@AS_JSON
def season_dry_run(domain: str, key: str, as_json: bool) -> None:
    """What a season of the store's active flow would send, country by country; sends and writes nothing."""
    from app.ops.season_show import lines, runs
    from app.ops.show import find_store

    with opened() as runtime, runtime.database.session() as session:
        places = runs(session, runtime, find_store(session, domain), key)
    if as_json:
        click.echo(json.dumps(places, indent=2, ensure_ascii=False))
        return
    for line in lines(places):
        click.echo(line)
    if not places:
        click.echo("It comes up within a year in none of the countries that carts come from.", err=True)


COMMANDS = (store, flow, login_link, contact, consent, cart, season)
