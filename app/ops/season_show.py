"""What ``warmcart season dry-run`` prints: plain values, ready for JSON, and the same as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from app.models import Store
from app.runtime import Runtime
from flows import dry_run, registry, season_facts
from flows.dry_run import PlaceRun, PlannedText
from flows.offer_form import dump_concession

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def runs(session: Session, runtime: Runtime, store: Store, key: str) -> list[dict[str, Any]]:
    """Each country of each season of that name in the store's active flow. Raises click.ClickException."""
    flow = registry.active_flow(session, store.id)
    prepared = flow.definition.seasons if flow else ()
    seasons = [season for season in prepared if season.key == key]
    if flow is None or not seasons:
        names = ", ".join(sorted({season.key for season in prepared})) or "none"
        raise click.ClickException(
            f"{store.domain} has prepared no {key} in its active flow; prepared: {names}"
        )
    now = runtime.clock.now()
    facts = season_facts.load(session, runtime.settings, store, now)
    today, public_url = now.astimezone(ZoneInfo(store.timezone)).date(), runtime.settings.public_url
    return [
        {"season": season.key, "active": season.active} | _place(place)
        for season in seasons
        for place in dry_run.run(flow.definition, season, store, facts, public_url, today)
    ]


def _place(place: PlaceRun) -> dict[str, Any]:
    return {
        "country": place.country,
        "from": place.days[0].isoformat(),
        "to": place.days[1].isoformat(),
        "hours": {
            DAYS[day]: [f"{start:%H:%M}-{end:%H:%M}" for start, end in hours] for day, hours in place.hours
        },
        "on_holidays": place.on_holidays,
        "sender": place.sender.value if place.sender else None,
        "carts_of_14_days": place.carts,
        "carts_expected": place.expected,
        "texts": [
            {"locale": spoken.locale} | _text(text) for spoken in place.spoken for text in spoken.texts
        ],
    }


def _text(planned: PlannedText) -> dict[str, Any]:
    text, cost = planned.text, planned.cost
    return {
        "step": planned.step_key,
        "day": planned.day.isoformat(),
        "within": planned.within,
        "language": text.language if text else None,
        "body": text.body if text else None,
        "segments": text.measure.segments if text else None,
        "offer": dump_concession(planned.offer) if planned.offer else None,
        "offer_ends": planned.ends.isoformat() if planned.ends else None,
        "cost": f"{round(cost[0], 4)} {cost[1]}" if cost else None,
    }


def lines(places: list[dict[str, Any]]) -> Iterator[str]:
    """For a person."""
    for place in places:
        state = "" if place["active"] else ", switched off"
        yield f"{place['country']}: {place['season']}, {place['from']} to {place['to']}{state}"
        told = ", ".join(f"{day} {' '.join(hours) or 'none'}" for day, hours in place["hours"].items())
        yield f"  hours: {told}{'' if place['on_holidays'] else ', none on public holidays'}"
        yield f"  sender: {place['sender'] or 'none: texts are held'}"
        yield (
            f"  carts that entered a flow in 14 days: {place['carts_of_14_days']}, "
            f"in these days about {place['carts_expected']}"
        )
        for text in place["texts"]:
            yield from _text_lines(text)


def _text_lines(text: dict[str, Any]) -> Iterator[str]:
    offer = f"{_gives(text['offer'])} through {text['offer_ends']}" if text["offer"] else "no offer"
    parts = [text["step"], text["language"] or "no words", offer]
    parts += [] if text["within"] else [f"on {text['day']} the season is over"]
    parts += [f"segments: {text['segments']}"] if text["segments"] else []
    parts += [text["cost"]] if text["cost"] else []
    yield f"  {', '.join(parts)}"
    yield from (f"    {line}" for line in (text["body"] or "").splitlines())


def _gives(offer: dict[str, Any]) -> str:
    if "percent" in offer:
        return f"{offer['percent']}% off"
    sums = [f"{amount} {currency} off" for currency, amount in offer.get("amounts", {}).items()]
    return " or ".join(sums) or "free shipping"
