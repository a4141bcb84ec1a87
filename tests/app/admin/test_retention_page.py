"""For how long data is kept: shown with its reasons, shortened, never lengthened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.admin import retention_page
from app.models import RetentionRun, Store
from app.runtime import Runtime
from flows.retention_rules import days, rules
from tests.app.admin.browser import Browser, words
from tests.app.admin.rows import stored, trail
from tests.factories import NOW


def save(browser: Browser, **typed: Any) -> Any:
    return browser.send(browser.get("/app/retention"), "/app/retention/save", **typed)


def test_a_shorter_time_is_saved_and_written_on_the_trail(
    browser: Browser, runtime: Runtime, store: Store
) -> None:
    assert "Saved." in words(save(browser, carts="60"))
    assert stored(runtime, store).retention == {"carts": 60}
    assert trail(runtime) == [("retention_changed", {"carts": 60})]
    assert 'value="60"' in browser.get("/app/retention").text
    save(browser, carts="")
    assert stored(runtime, store).retention == {}


@pytest.mark.parametrize("typed", ["181", "44", "0", "-5", "many", "1e3", "٩٠", "9999999999999"])
def test_a_time_outside_the_rule_is_refused_beside_its_field(
    browser: Browser, runtime: Runtime, store: Store, typed: str
) -> None:
    page = save(browser, carts=typed)
    assert page.status_code == 422
    assert "choose between 45 and 180 days" in words(page)
    assert stored(runtime, store).retention == {}


def test_what_is_fixed_cannot_be_sent_either(browser: Browser, runtime: Runtime, store: Store) -> None:
    save(browser, consent="1", applied_bodies="1")
    assert stored(runtime, store).retention == {}


def test_what_was_erased_is_shown_with_its_day(browser: Browser, runtime: Runtime, store: Store) -> None:
    assert "Nothing has been old enough yet." in words(browser.get("/app/retention"))
    with runtime.database.session() as session:
        session.get_one(Store, store.id).retained_at = NOW
        day = (NOW - timedelta(days=1)).date()
        run = RetentionRun(store_id=store.id, day=day, kind="clicks", erased=12, finished_at=NOW)
        session.add(run)
    page = words(browser.get("/app/retention"))
    assert f"{rules()['clicks'].what} 12 rows" in page
    assert "Last looked through" in page


@given(st.dictionaries(st.sampled_from(sorted(rules())), st.text(max_size=6) | st.integers().map(str)))
def test_whatever_is_typed_never_lengthens(form: dict[str, str]) -> None:
    read = retention_page.read(form)
    if not read.errors:
        assert all(days(kind, read.chosen) == chosen for kind, chosen in read.chosen.items())
