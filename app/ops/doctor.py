"""``warmcart doctor``: one line for each thing that is wrong, or that is in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import redis
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.config import SettingError, Settings, read_settings
from app.db import current_revision, head_revision
from app.models import InboundEvent, ProviderState, Store
from app.runtime import Runtime, make_runtime
from flows import discount_failures, rules
from flows.heartbeats import missing_roles

OLDEST_POSTGRES = 15
OLDEST_REDIS, OLDEST_VALKEY = (6, 2), (8, 0)


@dataclass(frozen=True)
class Finding:
    well: bool
    line: str


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the settings first; a wrong one ends the examination, because nothing else can be asked."""
    try:
        settings = read_settings(environment)
        rules.use(settings.rules)
    except SettingError as error:
        yield Finding(False, f"settings: {error}")
        return
    yield Finding(True, "settings: complete")
    yield from _settings_advice(settings)
    runtime = make_runtime(settings)
    try:
        yield _redis_version(runtime)
        yield from _database(runtime)
    finally:
        runtime.close()


def _settings_advice(settings: Settings) -> Iterator[Finding]:
    if not (settings.shopify_api_key and settings.shopify_api_secret):
        yield Finding(
            True, "shopify: no WARMCART_SHOPIFY_API_KEY and _SECRET, so Shopify stores cannot connect"
        )
    if settings.sms_provider == "sandbox" and not settings.demo:
        yield Finding(False, "texts: WARMCART_SMS_PROVIDER is sandbox: no text reaches a real phone")
    if settings.allow_private_stores and not settings.demo:
        yield Finding(False, "stores: WARMCART_ALLOW_PRIVATE_STORES is 1: meant for tests and the demo only")


def _redis_version(runtime: Runtime) -> Finding:
    try:
        info = runtime.redis.info("server")
    except redis.RedisError:
        return Finding(False, "queue: WARMCART_REDIS_URL cannot be reached; work waits for the sweep")
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version", info["redis_version"]))
    oldest = OLDEST_VALKEY if name == "Valkey" else OLDEST_REDIS
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < oldest:
        return Finding(False, f"queue: {name} {version} is too old, {oldest[0]}.{oldest[1]} is needed")
    return Finding(True, f"queue: {name} {version}")


def _database(runtime: Runtime) -> Iterator[Finding]:
    try:
        with runtime.database.autocommit.connect() as connection:
            version = str(connection.scalar(text("SHOW server_version")))
    except OperationalError:
        yield Finding(False, "database: WARMCART_DATABASE_URL cannot be reached; webhooks answer 503")
        return
    well = int(version.split(".")[0]) >= OLDEST_POSTGRES
    yield Finding(
        well, f"database: PostgreSQL {version}" + ("" if well else f", {OLDEST_POSTGRES} is needed")
    )
    revision = current_revision(runtime.database)
    if revision != head_revision():
        yield Finding(False, f"migrations: at {revision}, {head_revision()} is needed: run warmcart migrate")
        return
    yield Finding(True, f"migrations: {revision}")
    yield from _rows(runtime)


def _rows(runtime: Runtime) -> Iterator[Finding]:
    with runtime.database.session() as session:
        missing = missing_roles(session, runtime.clock.now())
        failed = session.scalar(
            select(func.count()).select_from(InboundEvent).where(InboundEvent.state == "failed")
        )
        stopped = session.scalars(
            select(ProviderState).where(
                ProviderState.state == "stopped", ProviderState.until > runtime.clock.now()
            )
        ).all()
        broken = session.scalars(select(Store.domain).where(Store.status == "reconnect").limit(20)).all()
        codes = list(_codes(session, runtime.clock.now()))
    for role in missing:
        command = "scheduler" if role == "scheduler" else f"worker {role}"
        yield Finding(False, f"processes: no {role} runs: start warmcart {command}")
    if not missing:
        yield Finding(True, "processes: a worker for every queue and a scheduler run")
    if failed:
        yield Finding(False, f"events: {failed} could not be applied: see warmcart events list")
    for state in stopped:
        yield Finding(False, f"texts: {state.provider} is stopped ({state.reason}, code {state.code})")
    for domain in broken:
        yield Finding(False, f"stores: {domain} no longer accepts our keys: its merchant must reconnect")
    yield from codes


def _codes(session: Session, now: datetime) -> Iterator[Finding]:
    for domain, count, reasons, told in discount_failures.stores_not_making(session, now):
        words = f"{count} discount codes were not made within a day ({', '.join(reasons)})"
        yield Finding(False, f"offers: {domain}: {words}; last: {told}")
    for domain, count, reasons in discount_failures.stores_not_withdrawing(session, now):
        words = f"{count} discount codes that are over could not be withdrawn ({', '.join(reasons)})"
        yield Finding(False, f"offers: {domain}: {words}; tried again every quarter of an hour")
