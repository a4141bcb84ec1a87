"""``python -m bench``: all parts, and the page; ``python -m bench PART..``: only these, printed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import click

from app.clock import SystemClock
from app.log import configure_logging
from bench import claim, dispatch, intake, latency, machine, memory, overview, report, stage
from bench.report import Part
from bench.stage import Stage, say

PARTS: dict[str, ModuleType] = {
    "intake": intake,
    "dispatch": dispatch,
    "claim": claim,
    "overview": overview,
    "memory": memory,
    "latency": latency,
}
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(PARTS)), metavar="[PART]...")
def main(names: tuple[str, ...]) -> None:
    """Measure all parts and write docs/performance.md, or measure the named parts only."""
    configure_logging("WARNING")
    with stage.opened() as opened:
        parts = [_measure(PARTS[name], opened) for name in names or PARTS]
        described = machine.describe(opened)
    for part in parts:
        for figure in part.figures:
            click.echo(report.line(figure))
    if not names:
        today = SystemClock().now().date()
        PAGE.write_text(report.page(parts, today, described), encoding="utf-8")
        say(f"Written to {PAGE}.")


def _measure(part: ModuleType, opened: Stage) -> Part:
    say(f"{part.TITLE} ...")
    return Part(part.TITLE, part.METHOD, part.measure(opened))


main()
