"""The screen of retention: for how long each kind of data is kept, why, and what was erased when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import page
from app.models import RetentionRun, Store
from app.web import runtime
from flows import retention_rules

blueprint = page.screen("retention", __name__)

REPORTED = 50


@dataclass(frozen=True)
class RetentionForm:
    """Days by kind, as typed; an empty one means the most that is allowed. ``errors`` are by field."""

    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def chosen(self) -> dict[str, int]:
        return {kind: int(days) for kind, days in self.typed.items() if days}


@blueprint.get("/app/retention")
def show() -> Response:
    with runtime().database.session() as session:
        store = access.visitor().store
        return page.show(session, "retention", **_values(session, store, stored(store)))


@blueprint.post("/app/retention/save")
def save() -> AnyResponse:
    typed = read(request.form)
    with runtime().database.session() as session:
        store = page.locked_store(session)
        if typed.errors:
            return page.refuse(session, "retention", **_values(session, store, typed))
        if typed.chosen != store.retention:
            store.retention, store.updated_at = typed.chosen, runtime().clock.now()
            page.audit(session, "retention_changed", **typed.chosen)
    return page.done("retention.show", "saved")


def stored(store: Store) -> RetentionForm:
    return RetentionForm({kind: str(days) for kind, days in store.retention.items()})


def read(form: Mapping[str, str]) -> RetentionForm:
    """The form as it was sent. Days can only be fewer than the rule's, and not fewer than its least."""
    typed, errors = {}, {}
    for kind, rule in retention_rules.rules().items():
        days = form.get(kind, "").strip()
        if rule.fixed or not days or days == str(rule.days):
            continue
        typed[kind] = days
        if not (days.isascii() and days.isdigit() and rule.least <= int(days[:9]) <= rule.days):
            errors[kind] = f"{rule.what}: choose between {rule.least} and {rule.days} days."
    return RetentionForm(typed, errors)


def _values(session: Session, store: Store, typed: RetentionForm) -> dict[str, Any]:
    return {
        "rules": list(retention_rules.rules().values()),
        "typed": typed.typed,
        "errors": typed.errors,
        "runs": _runs(session, store),
        "retained_at": store.retained_at,
    }


def _runs(session: Session, store: Store) -> Sequence[RetentionRun]:
    query = select(RetentionRun).where(RetentionRun.store_id == store.id)
    return session.scalars(query.order_by(RetentionRun.day.desc(), RetentionRun.kind).limit(REPORTED)).all()
