"""A dry run on the command line."""

from __future__ import annotations

import click
import pytest

from app.ops.season_show import lines, runs
from app.runtime import Runtime
from tests import factories
from tests.flows.test_season_form import FULL

SEASON = FULL | {"year": 2026}


def test_a_dry_run_tells_each_country_and_text(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, country="DE", locale="de", name="Lumen & Loom")
        factories.make_flow(session, store, factories.DEFINITION | {"seasons": [SEASON]})
        (place,) = runs(session, runtime, store, "black_friday")
    assert (place["country"], place["from"], place["to"]) == ("DE", "2026-11-27", "2026-11-30")
    assert [text["offer"] for text in place["texts"]] == [
        {"kind": "percent", "percent": 10},
        None,
        {"kind": "percent", "percent": 20},
    ]
    told = list(lines([place]))
    assert told[0] == "DE: black_friday, 2026-11-27 to 2026-11-30"
    assert told[1].startswith("  hours: Fri 08:00-20:00, Sat 08:00-20:00, Sun none, Mon")
    assert any(line.startswith("  reminder, de, 10% off through 2026-11-") for line in told)
    assert any(line.startswith("    Lumen & Loom") for line in told)


def test_a_season_that_is_not_prepared_is_named_with_those_that_are(runtime: Runtime) -> None:
    with runtime.database.session() as session:
        store = factories.make_store(session, domain="lumen.example.com")
        factories.make_flow(session, store, factories.DEFINITION | {"seasons": [SEASON]})
        with pytest.raises(
            click.ClickException, match="no christmas in its active flow; prepared: black_friday"
        ):
            runs(session, runtime, store, "christmas")
