"""The home screen: what the texts brought in, and what is still to be set up."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Response, abort, request
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import page, panels, setup_guide
from app.models import Store
from app.web import runtime
from flows import stats
from flows.stats import Overview

blueprint = page.screen("overview", __name__)

LENGTHS = (7, 30, 90)
USUAL_LENGTH = 30


@dataclass(frozen=True)
class Choice:
    """What the address asks to see, as far as there is such a thing."""

    days: int
    chart: str
    currency: str
    by: str

    def address(self, **changes: Any) -> str:
        """A link to this page with something else chosen."""
        return page.address("overview.show", **asdict(replace(self, **changes)))


@blueprint.get("/app")
def show() -> Response:
    store, wording = access.visitor().store, page.formats()
    with runtime().database.session() as session:
        seen = _read(session, store)
        choice = _choose(seen, store)
        return page.show(
            session,
            "overview",
            seen=seen,
            choice=choice,
            earned=panels.earned(seen, wording),
            kpis=panels.kpis(seen, wording),
            trend=panels.trend(seen, choice.chart, choice.currency, wording),
            funnel=panels.funnel(seen.total, wording),
            after_tap=panels.after_tap(seen.total, wording),
            offers=panels.offers(seen, wording),
            breakdown=panels.breakdown(seen, choice.by, wording),
            lengths=[(length, f"{length} days") for length in LENGTHS],
            is_empty=not (seen.total.texts or seen.total.orders or seen.previous.texts),
            measures=panels.MEASURES,
            currencies=[(code, code) for code in seen.currencies],
            guide=_guide(session, store),
        )


@blueprint.get("/app/<path:unknown>")
def nothing(unknown: str) -> Response:
    """Behind the guard, so that a mistyped address gets an error page of ours."""
    abort(404)


@blueprint.post("/app/guide/dismiss")
def dismiss_guide() -> AnyResponse:
    now = runtime().clock.now()
    with runtime().database.session() as session:
        session.execute(
            update(Store).where(Store.id == access.visitor().store.id).values(setup_dismissed_at=now)
        )
        page.audit(session, "guide_dismissed")
    return page.done("overview.show", "guide_dismissed")


def _read(session: Session, store: Store) -> Overview:
    """The last days of the store's own zone, today included, as many as the address asks for."""
    asked = request.args.get("days", "")
    length = next((length for length in LENGTHS if str(length) == asked), USUAL_LENGTH)
    today = stats.local_day(runtime().clock.now(), store.timezone)
    return stats.overview(session, store.id, today - timedelta(days=length - 1), today)


def _choose(seen: Overview, store: Store) -> Choice:
    chart, currency, by = (request.args.get(name, "") for name in ("chart", "currency", "by"))
    known = seen.currencies or [store.currency]
    return Choice(
        len(seen.days),
        chart if chart in panels.MEASURES else "revenue",
        currency if currency in known else known[0],
        by if by in panels.PARTS else "step",
    )


def _guide(session: Session, store: Store) -> list[setup_guide.Step] | None:
    if store.setup_dismissed_at is not None:
        return None
    known = setup_guide.facts(session, runtime().settings, store, runtime().clock.now())
    return setup_guide.steps(known, store.platform)
