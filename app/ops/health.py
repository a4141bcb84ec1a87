"""``/healthz``: this process answers. ``/readyz``: it can do its work. ``/metrics``: figures for Prometheus.

None of them shows a store, a number or a setting: they are open to whoever reaches the server.
"""

from __future__ import annotations

from typing import Any

import redis
import structlog
from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy.exc import OperationalError

from app.db import current_revision, head_revision
from app.ops.metrics import Figures, RowFigures
from app.runtime import Runtime
from app.web import runtime
from flows.heartbeats import missing_roles

log = structlog.get_logger()
blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """503 while the database cannot be used. What only slows us down is told, but keeps us ready."""
    checks = _checks(runtime())
    ready = checks["database"] == "ok" and checks["migrations"] == "ok"
    return jsonify(status="ready" if ready else "not ready", **checks), 200 if ready else 503


def _checks(current: Runtime) -> dict[str, Any]:
    checks: dict[str, Any] = {"database": "ok", "migrations": "ok", "redis": _redis_state(current)}
    try:
        revision = current_revision(current.database)
        if revision != head_revision():
            checks["migrations"] = f"the database is at {revision}, this code needs {head_revision()}"
            return checks
        with current.database.session() as session:
            checks["missing"] = missing_roles(session, current.clock.now())
            checks.update(RowFigures.read(session, current.clock.now()).summary())
    except OperationalError:
        log.warning("database_unreachable")
        checks["database"] = "unreachable"
    return checks


def _redis_state(current: Runtime) -> str:
    try:
        current.redis.ping()
    except redis.RedisError:
        return "unreachable: work is found by the sweep within a minute"
    return "ok"


@blueprint.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry()
    registry.register(Figures(runtime()))
    try:
        page = generate_latest(registry)
    except OperationalError:
        log.warning("database_unreachable")
        return Response("The database is unreachable.\n", 503, mimetype="text/plain")
    return Response(page, content_type=CONTENT_TYPE_LATEST)
