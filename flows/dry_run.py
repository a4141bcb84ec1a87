"""What a season would send, place by place: days, hours, words, offers, cost. Pure; nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from app.models import Store
from flows import in_season, season_calendar, timing
from flows.compose import Composed
from flows.countries import country_rule
from flows.definition import FlowDefinition, Step
from flows.in_season import Running
from flows.language import Wishes
from flows.offer_form import Concession
from flows.sample_text import compose_sample, offer_text
from flows.season_facts import LOOKS_BACK, Facts, Place
from flows.season_form import Season
from flows.seasons import Days
from flows.senders import Sender, senders_for
from flows.windows import Hours, window_for
from flows.zones import Place as Where

MOST_LANGUAGES = 3
"""Of a country's carts: the locales of most of them."""


@dataclass(frozen=True, slots=True)
class PlannedText:
    """One step as it would arrive. ``day`` is that of a cart that is left on the season's first day, and
    ``within``: whether it lies in the season still. ``offer`` holds through ``ends`` then; ``plain`` are the
    words of a text for which a guard rail drops it. ``cost`` is known where texts have gone before."""

    step_key: str
    after: timedelta
    day: date
    within: bool
    text: Composed | None
    plain: Composed | None
    offer: Concession | None
    ends: date | None
    cost: tuple[Decimal, str] | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """The texts for carts of one locale."""

    locale: str | None
    texts: tuple[PlannedText, ...]


@dataclass(frozen=True, slots=True)
class PlaceRun:
    """What would happen in one country.

    ``hours`` are those of its weekdays (Monday 0), in its order, at which texts may arrive on the shopper's
    clock. ``sender`` None: nothing may stand above a text there. ``most_texts``: carriers allow so many for
    a cart. ``carts`` of the last two weeks entered a flow here, ``expected`` would in as many days as the
    season has.
    """

    country: str
    days: Days
    hours: tuple[tuple[int, tuple[Hours, ...]], ...]
    on_holidays: bool
    sender: Sender | None
    most_texts: int | None
    carts: int
    expected: int
    spoken: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class _Scene:
    """A season that runs in one country, and all that its texts are made of."""

    flow: FlowDefinition
    running: Running
    store: Store
    facts: Facts
    public_url: str
    place: Place

    @property
    def length(self) -> int:
        return (self.running.last - self.running.first).days + 1

    @property
    def sender(self) -> Sender | None:
        return next(iter(senders_for(self.facts.identity, self.place.country)), None)


def run(
    flow: FlowDefinition, season: Season, store: Store, facts: Facts, public_url: str, today: date
) -> list[PlaceRun]:
    """Each place in which the season comes up, as it would be if it were switched on."""
    found = []
    for place in facts.places:
        days = season_calendar.next_days(season, place.country, today)
        if days is not None:
            found.append(_place(_Scene(flow, Running(season, *days), store, facts, public_url, place)))
    return found


def _place(scene: _Scene) -> PlaceRun:
    place = scene.place
    return PlaceRun(
        country=place.country,
        days=(scene.running.first, scene.running.last),
        hours=_hours(scene),
        on_holidays=window_for(Where(place.country, None)).holidays_allowed,
        sender=scene.sender,
        most_texts=country_rule(place.country).max_texts_per_cart,
        carts=place.carts,
        expected=round(place.carts * scene.length / LOOKS_BACK.days),
        spoken=_spoken(scene),
    )


def _hours(scene: _Scene) -> tuple[tuple[int, tuple[Hours, ...]], ...]:
    store, window = scene.store, window_for(Where(scene.place.country, None))
    own = (store.quiet_from, store.quiet_to)
    quiet = () if own[0] is None or own[1] is None else ((own[0], own[1]),)
    days = [(scene.running.first + timedelta(days=ahead)).weekday() for ahead in range(min(scene.length, 7))]
    return tuple((day, timing.hours_on(window, day, quiet, frozenset(store.days_off))) for day in days)


def _spoken(scene: _Scene) -> tuple[Spoken, ...]:
    """Locales that hear the same words are told once."""
    found: dict[tuple[str, ...], Spoken] = {}
    for locale in scene.place.locales[:MOST_LANGUAGES] or (None,):
        texts = _texts(scene, locale)
        found.setdefault(tuple(one.text.body if one.text else "" for one in texts), Spoken(locale, texts))
    return tuple(found.values())


def _texts(scene: _Scene, locale: str | None) -> tuple[PlannedText, ...]:
    flow, running = scene.flow, scene.running
    after, found = flow.trigger.idle, []
    for usual in flow.steps[: country_rule(scene.place.country).max_texts_per_cart]:
        after += usual.delay
        day = running.first + timedelta(days=after.days)
        within = running if day <= running.last else None
        step, offers = in_season.in_season(flow, usual, within)
        ends = in_season.last_day(day + timedelta(days=offers.lasts.days), within)
        found.append(_text(scene, locale, step, offers.concession(step.offer), after, day, ends))
    return tuple(found)


def _only(amounts: Mapping[str, Decimal], currency: str) -> Mapping[str, Decimal]:
    return {code: amount for code, amount in amounts.items() if code == currency}


def _text(
    scene: _Scene,
    locale: str | None,
    step: Step,
    offer: Concession | None,
    after: timedelta,
    day: date,
    ends: date,
) -> PlannedText:
    store, country, price = scene.store, scene.place.country, scene.facts.prices.get(scene.place.country)
    wishes = Wishes(
        checkout_locale=locale,
        country=country,
        number_country=country,
        store_locale=store.locale,
        formality=store.formality,
    )
    by_reply = scene.sender is None or scene.sender.receives_replies
    told = offer_text(offer, store.currency, ends)
    plain = compose_sample(step, store, wishes, scene.public_url, by_reply=by_reply)
    text = plain
    if told is not None:
        text = compose_sample(step, store, wishes, scene.public_url, by_reply=by_reply, offer=told)
    return PlannedText(
        step_key=step.key,
        after=after,
        day=day,
        within=day <= scene.running.last,
        text=text,
        plain=plain if told else None,
        offer=offer and replace(offer, amounts=_only(offer.amounts, store.currency)) if told else None,
        ends=ends if told else None,
        cost=(price[0] * text.measure.segments, price[1]) if price and text else None,
    )
