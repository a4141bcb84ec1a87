"""The home screen: what the texts brought in, and what is still to be set up."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from flask import Response, abort, request
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app import access
from app.admin import figures, page, panels, setup_guide
from app.admin.figures import Comparison
from app.models import Store
from app.web import runtime

blueprint = page.screen("overview", __name__)


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
    store, current, wording = access.visitor().store, runtime(), page.formats()
    with current.database.session() as session:
        length = _length(request.args.get("days", ""))
        seen = figures.compare(session, store, length, current.clock.now())
        choice = _choose(seen, store)
        return page.show(
            session,
            "overview",
            seen=seen,
            choice=choice,
            earned=panels.earned(seen, wording),
            kpis=panels.kpis(seen, wording),
            trend=panels.trend(seen, choice.chart, choice.currency, wording),
            funnel=panels.funnel(seen.now.total, wording),
            breakdown=panels.breakdown(
                figures.parts(session, store, seen.now, choice.by), choice.by, wording
            ),
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
    return page.done("overview.show", "guide_dismissed")


def _length(text: str) -> int:
    return next((length for length in figures.LENGTHS if str(length) == text), figures.USUAL_LENGTH)


def _choose(seen: Comparison, store: Store) -> Choice:
    chart, currency, by = (request.args.get(name, "") for name in ("chart", "currency", "by"))
    known = seen.currencies or [store.currency]
    return Choice(
        seen.length,
        chart if chart in panels.MEASURES else "revenue",
        currency if currency in known else known[0],
        by if by in figures.PARTS else "step",
    )


def _guide(session: Session, store: Store) -> list[setup_guide.Step] | None:
    if store.setup_dismissed_at is not None:
        return None
    known = setup_guide.facts(session, runtime().settings, store, runtime().clock.now())
    return setup_guide.steps(known, store.platform)
