"""Whoever runs the server sees codes that a shop does not make, or does not let go, and whose they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy.orm import Session

from app.models import Enrollment, Store
from app.ops import doctor
from app.ops.metrics import Figures
from app.runtime import Runtime
from tests import factories
from tests.factories import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def enrolled(session: Session, **columns: Any) -> Enrollment:
    store = factories.make_store(session, **columns)
    contact = factories.make_contact(session, store)
    cart = factories.make_cart(session, store, contact)
    return factories.make_enrollment(session, store, factories.make_flow(session, store), contact, cart)


def fail(session: Session, row: Enrollment, failure: str, ago: timedelta, *steps: str, **more: Any) -> None:
    failed = {"failure": failure, "failure_told": f"We say: {failure}.", "failed_at": NOW - ago}
    ended = {"state": "ended", "reason": "not_made"}
    for step in steps:
        factories.make_discount(session, row, step_key=step, **(failed | ended | more))


def keep(session: Session, row: Enrollment, reason: str | None, at: timedelta = 15 * MINUTE) -> None:
    """The shop does not withdraw a code, or was not asked yet."""
    store = session.get_one(Store, row.store_id)
    factories.make_due(session, store, kind="discount_end", reason=reason, due_at=NOW + at)


def test_they_are_counted_by_platform_and_reason(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        shopify, woocommerce = enrolled(session), enrolled(session, platform="woocommerce")
        fail(session, shopify, "refused", MINUTE, "a", "b")
        fail(session, shopify, "refused", HOUR, "c")
        fail(session, shopify, "throttled", MINUTE, "d", state="wanted", reason=None)
        fail(session, woocommerce, "no_answer", MINUTE, "a")
        for reason in ("no_access", "no_access", None):
            keep(session, woocommerce, reason)
    registry = CollectorRegistry()
    registry.register(Figures(runtime))
    lines = generate_latest(registry).decode().splitlines()
    name = "warmcart_codes_"
    assert [line.removeprefix(name) for line in lines if line.startswith(name)] == [
        'not_made{platform="shopify",reason="refused"} 2.0',
        'not_made{platform="shopify",reason="throttled"} 1.0',
        'not_made{platform="woocommerce",reason="no_answer"} 1.0',
        'not_withdrawn{platform="woocommerce",reason="no_access"} 2.0',
    ]


@pytest.mark.parametrize(
    ("ago", "steps", "told"), [(HOUR, "abc", True), (HOUR, "ab", False), (DAY, "abc", False)]
)
def test_the_doctor_names_a_store_that_made_too_few_codes_within_a_day(
    runtime: Runtime, ago: timedelta, steps: str, told: bool
) -> None:
    with runtime.database.session() as session:
        fail(session, enrolled(session, domain="good.example"), "refused", ago, *steps)
        fail(session, enrolled(session, domain="other.example"), "no_answer", HOUR, "a")
    line = (
        "offers: good.example: 3 discount codes were not made within a day (refused); last: We say: refused."
    )
    assert (lines(runtime) == [line]) == told and len(lines(runtime)) == told


def test_the_doctor_names_a_store_that_does_not_let_go_of_codes(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        keep(session, enrolled(session, domain="good.example"), "no_access")
        keep(session, enrolled(session, domain="other.example"), None)
    (line,) = lines(runtime)
    assert line.startswith("offers: good.example: 1 discount code")
    assert "(no_access)" in line


def lines(runtime: Runtime) -> list[str]:
    return [one.line for one in doctor._rows(runtime) if one.line.startswith("offers:")]
