"""The overview's panels in words: figures in, what stands on the page out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.admin import charts, formats, story
from app.admin.formats import Formats
from flows.stats import DEFINITIONS, Figures, Overview

MEASURES = {"revenue": "Revenue", "orders": "Orders", "texts": "Texts"}
PARTS = {"step": "by_step", "country": "by_country", "language": "by_language"}


@dataclass(frozen=True)
class Change:
    """How a figure compares to the period before. ``share`` None: there was nothing to compare to.

    ``good``: whether the change is one to be glad of; what is not is not marked.
    """

    share: float | None
    written: str
    good: bool


@dataclass(frozen=True)
class Kpi:
    """A figure; ``values`` are several where there are several currencies, and none where it is unknown."""

    name: str
    definition: str
    values: list[str]
    detail: str | None = None
    change: Change | None = None


@dataclass(frozen=True)
class Earned:
    """The first figure of all: recovered revenue, one per currency, and how much of it came after a click."""

    definition: str
    amounts: list[tuple[str, Change]]
    clicked: list[str]
    unclicked: list[str]


@dataclass(frozen=True)
class Trend:
    """A chart, and the same in a sentence and as a table: day, value, value in the period before."""

    chart: charts.LineChart
    summary: str
    scale: list[str]
    labels: list[tuple[str, str]]
    rows: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Stage:
    """One stage of the funnel: its count, its share of the texts, and the width of its bar."""

    name: str
    definition: str
    count: str
    share: str
    width: str


@dataclass(frozen=True)
class PartRow:
    """One row of the breakdown."""

    name: str
    width: str
    texts: str
    clicked: str
    orders: str
    revenue: list[str]


def earned(seen: Overview, wording: Formats) -> Earned:
    now, before = seen.total, seen.previous
    amounts = [
        (
            wording.money(now.revenue.get(code, Decimal(0)), code),
            _change(now.revenue.get(code, Decimal(0)), before.revenue.get(code, Decimal(0)), wording),
        )
        for code in seen.currencies
    ]
    clicked = {code: now.revenue_clicked.get(code, Decimal(0)) for code in now.revenue}
    unclicked = {code: now.revenue[code] - clicked[code] for code in clicked}
    return Earned(
        definition=DEFINITIONS["revenue"],
        amounts=amounts,
        clicked=_written(_known(clicked), wording),
        unclicked=_written(_known(unclicked), wording),
    )


def kpis(seen: Overview, wording: Formats) -> list[Kpi]:
    now, before = seen.total, seen.previous
    return [
        Kpi(
            "Recovered orders",
            DEFINITIONS["orders"],
            [wording.number(now.orders)],
            f"{wording.number(now.orders_clicked)} after a click, "
            f"{wording.number(now.orders_without_click)} without",
            _change(now.orders, before.orders, wording),
        ),
        Kpi(
            "Recovery rate",
            f"{DEFINITIONS['recovery_rate']} {DEFINITIONS['carts_recovered']}",
            [] if now.recovery_rate is None else [wording.percent(now.recovery_rate)],
            f"{wording.number(now.carts_recovered)} of {wording.number(now.carts_texted)} carts",
            _points(now.recovery_rate, before.recovery_rate, wording),
        ),
        Kpi(
            "Texts",
            DEFINITIONS["texts"],
            [wording.number(now.texts)],
            _counted(now.segments, "segment", wording),
            _change(now.texts, before.texts, wording, rising_is_good=False),
        ),
        _cost(now, before, wording),
        _return(now, before, wording),
    ]


def offers(seen: Overview, wording: Formats) -> list[Kpi]:
    """What offers bring, beside what comes without them; nothing where there were none."""
    now, before = seen.total, seen.previous
    if not (now.offered or now.orders_with_code or before.offered or before.orders_with_code):
        return []
    without = {code: sum_ - now.revenue_with_code.get(code, Decimal(0)) for code, sum_ in now.revenue.items()}
    written = _written(_known(without), wording)
    return [
        Kpi(
            "Texts with an offer",
            DEFINITIONS["offered"],
            [wording.number(now.offered)],
            f"of {_counted(now.texts, 'text', wording)}",
            _change(now.offered, before.offered, wording, rising_is_good=False),
        ),
        Kpi(
            "Orders with a code",
            f"{DEFINITIONS['orders_with_code']} {DEFINITIONS['orders_without_code']}",
            [wording.number(now.orders_with_code)],
            f"{wording.number(now.orders_without_code)} without one",
            _change(now.orders_with_code, before.orders_with_code, wording),
        ),
        Kpi(
            "Revenue with a code",
            DEFINITIONS["revenue_with_code"],
            _written(_known(now.revenue_with_code), wording),
            f"{' and '.join(written)} without one" if written else None,
        ),
        Kpi("Given away, about", DEFINITIONS["given_away"], _written(_known(now.given_away), wording)),
    ]


def _known(money: dict[str, Decimal]) -> dict[str, Decimal]:
    return {code: amount for code, amount in money.items() if amount}


def _cost(now: Figures, before: Figures, wording: Formats) -> Kpi:
    single = len(now.cost) == 1 and list(now.cost) == list(before.cost)
    code = next(iter(now.cost), "")
    return Kpi(
        "Cost",
        f"{DEFINITIONS['cost']} {DEFINITIONS['unpriced']}",
        _written(now.cost, wording),
        f"{_counted(now.unpriced, 'text', wording)} without a price yet" if now.unpriced else None,
        _change(now.cost[code], before.cost[code], wording, rising_is_good=False) if single else None,
    )


def _return(now: Figures, before: Figures, wording: Formats) -> Kpi:
    """Where revenue and cost are in different currencies there is nothing to divide."""
    code = next((code for code, amount in now.cost.items() if amount), "")
    apart = bool(code and now.revenue) and code not in now.revenue
    factor, earlier = None if apart else now.roas(code), before.roas(code)
    return Kpi(
        "Return on spend",
        DEFINITIONS["roas"],
        [] if factor is None else [wording.times(factor)],
        "Revenue and cost are in different currencies" if apart else None,
        None if factor is None or earlier is None else _change(factor, earlier, wording),
    )


def trend(seen: Overview, measure: str, currency: str, wording: Formats) -> Trend:
    """The chosen measure day by day; ``currency`` matters to revenue only."""
    value, written, short = _reading(measure, currency, wording)
    earlier = list(seen.previous_days.values())
    pairs = [(day, value(now), value(earlier[at])) for at, (day, now) in enumerate(seen.days.items())]
    chart = charts.line_chart(
        [float(now) for _, now, _ in pairs], [float(before) for *_, before in pairs], measure != "revenue"
    )
    best = max(pairs, key=lambda pair: pair[1])
    summary = (
        f"{MEASURES[measure]} per day from {wording.day(pairs[0][0])} to {wording.day(pairs[-1][0])}: "
        f"{written(value(seen.total))} in all, most on {wording.day(best[0])} with {written(best[1])}; "
        f"{written(value(seen.previous))} in the {len(pairs)} days before."
    )
    return Trend(
        chart=chart,
        summary=summary,
        scale=[short(Decimal(str(tick))) for tick in chart.ticks],
        labels=[(wording.short_day(pairs[place][0]), at) for place, at in chart.labels],
        rows=[(wording.short_day(day), written(now), written(before)) for day, now, before in pairs],
    )


Write = Callable[[Decimal], str]


def _reading(
    measure: str, currency: str, wording: Formats
) -> tuple[Callable[[Figures], Decimal], Write, Write]:
    """How a measure is taken from figures, and how it is written in full and on a scale."""
    if measure == "revenue":
        return (
            lambda found: found.revenue.get(currency, Decimal(0)),
            lambda amount: wording.money(amount, currency),
            lambda amount: wording.round_money(amount, currency),
        )
    return lambda found: Decimal(getattr(found, measure)), wording.number, wording.number


def funnel(now: Figures, wording: Formats) -> list[Stage]:
    """What became of the texts of the period, each stage as a share of all of them."""
    stages = (("Sent", "texts"), ("Delivered", "delivered"), ("Clicked", "clicked"), ("Ordered", "converted"))
    return _stages(stages, now, now.texts, wording)


def _stages(stages: Sequence[tuple[str, str]], now: Figures, whole: int, wording: Formats) -> list[Stage]:
    shares = {key: _share(getattr(now, key), whole) for _, key in stages}
    return [
        Stage(
            name,
            DEFINITIONS[key],
            wording.number(getattr(now, key)),
            wording.percent(shares[key] or 0),
            charts.bar(shares[key]),
        )
        for name, key in stages
    ]


def after_tap(now: Figures, wording: Formats) -> list[Stage]:
    """How far shoppers came after the tap, each stage as a share of the texts that were opened."""
    stages = (
        ("Landed", "clicked"),
        ("Contact", "reached_contact"),
        ("Shipping", "reached_shipping"),
        ("Payment", "reached_payment"),
        ("Ordered", "reached_order"),
    )
    return _stages(stages, now, now.clicked, wording)


def breakdown(seen: Overview, dimension: str, wording: Formats) -> list[PartRow]:
    """The period by step, country or language; bars compare them to the part with most texts."""
    parts: dict[str, Figures] = getattr(seen, PARTS[dimension])
    most = max((found.texts for found in parts.values()), default=0)
    return [
        PartRow(
            name=part_name(name, dimension),
            width=charts.bar(_share(found.texts, most)),
            texts=wording.number(found.texts),
            clicked=wording.percent(_share(found.clicked, found.texts) or 0),
            orders=wording.number(found.orders),
            revenue=_written(found.revenue, wording),
        )
        for name, found in sorted(parts.items(), key=lambda part: (-part[1].texts, part[0]))
    ]


def part_name(name: str, dimension: str) -> str:
    if not name:
        return "Unknown"
    return {"step": story.step, "country": formats.country, "language": formats.language}[dimension](name)


def _written(money: dict[str, Decimal], wording: Formats) -> list[str]:
    """Amounts by currency, each written out, the highest first."""
    ranked = sorted(money.items(), key=lambda pair: (-pair[1], pair[0]))
    return [wording.money(amount, code) for code, amount in ranked if code]


def _counted(count: int, noun: str, wording: Formats) -> str:
    return f"{wording.number(count)} {noun}{'' if count == 1 else 's'}"


def _share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def _growth(now: int | Decimal, before: int | Decimal) -> float | None:
    """By which share of itself a figure grew; None where there was nothing before."""
    return float((now - before) / before) if before else None


def _change(
    now: int | Decimal, before: int | Decimal, wording: Formats, rising_is_good: bool = True
) -> Change:
    grown = _growth(now, before)
    if grown is None:
        return Change(None, "", good=False)
    return Change(grown, wording.percent(abs(grown)), good=rising_is_good and grown > 0)


def _points(now: float | None, before: float | None, wording: Formats) -> Change:
    """Shares are compared by their difference, in percentage points."""
    if now is None or before is None:
        return Change(None, "", good=False)
    points = round(100 * (now - before), 1)
    return Change(points, f"{wording.number(Decimal(str(abs(points))))} pt", good=points > 0)
