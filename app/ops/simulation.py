"""``warmcart simulate``: the report on the standard output, progress and violations on the other one."""

from __future__ import annotations

from typing import TextIO

import click

from flows.simulation import Report, Violation, simulate

_TOLD, _MARKS = 10, 20


def run(carts: int, year: int, seed: int, out: TextIO | None) -> int:
    """The exit code: 1 if any rule was broken."""
    told = reached = 0

    def violated(violation: Violation) -> None:
        nonlocal told
        told += 1
        if told <= _TOLD:
            click.echo(f"violation: {violation}", err=True)

    def progress(report: Report) -> None:
        nonlocal reached
        mark = report.carts * _MARKS // carts
        if mark > reached:
            reached = mark
            click.echo(f"{report.carts:,} of {carts:,} carts, {report.violations} violations", err=True)

    report = simulate(carts, year, seed, out, violated=violated, progress=progress)
    for line in report.lines():
        click.echo(line)
    return 1 if report.violations else 0
