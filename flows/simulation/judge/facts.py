"""What held for one shopper at a moment, as the judge reads it: what was acknowledged, and what was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from flows.simulation.judge.consent import Stand, stand
from flows.simulation.judge.hours import Calendar, Wishes, calendar, caps
from flows.simulation.judge.places import places_and_zones
from flows.simulation.judge.tables import by_country
from flows.simulation.truth import REQUEST, STEPS, Cart, Decision, News, Order, Story

# The built-in flow, as docs/flows.md tells it.
IDLE, CUTOFF = timedelta(minutes=30), timedelta(days=4)
CONVERSATION = timedelta(days=14)
LEAST = timedelta(seconds=60)
LOOK_AGAIN, SOON = timedelta(minutes=15), timedelta(seconds=5)
HORIZON = timedelta(days=14)


class Facts:
    """One story, and what follows from it at any moment."""

    def __init__(self, story: Story, year: int) -> None:
        self.story, self.shopper, self.store, self.year = story, story.shopper, story.shopper.store, year
        self.places, self.zones = places_and_zones(self.shopper.phone, self.shopper.address)
        self.carts = {cart.id: cart for cart in self.shopper.carts}
        self.rule = by_country("countries").get(self.shopper.country, {})
        self.texts = [one for one in story.decisions if one.sent_at is not None and one.step in STEPS]
        self.sent = [one for one in story.decisions if one.sent_at is not None]
        self._turns = {id(one): turn for turn, one in enumerate(story.decisions)}

    @cached_property
    def calendar(self) -> Calendar:
        return calendar(self.year, self.places, self.zones, self._wishes)

    @cached_property
    def better_hours(self) -> Calendar:
        wishes = replace(self._wishes, avoided_hours=self.store.avoided_hours)
        return calendar(self.year, self.places, self.zones, wishes)

    @property
    def _wishes(self) -> Wishes:
        quiet = tuple(
            hours for hours in (self.store.quiet, self.shopper.quiet) if hours and hours[0] != hours[1]
        )
        return Wishes(quiet, self.store.days_off)

    def stand(self, now: datetime) -> Stand:
        before = self.store.installed_at - timedelta(days=1) if self.shopper.stopped_before else None
        return stand(self.story.said, before, now)

    @cached_property
    def must_confirm(self) -> bool:
        wished = self.store.confirms_in
        return self.rule.get("double_opt_in") == "yes" or "*" in wished or self.shopper.country in wished

    def activity(self, cart: Cart, now: datetime, *, read: bool) -> datetime:
        """The last one that was acknowledged, or read."""
        return max([cart.activity[0].at, *(one.at for one in cart.activity if _in(one, now, read=read))])

    def deadline(self, cart: Cart, now: datetime) -> datetime:
        hours = self.rule.get("max_age_hours")
        longest = min(CUTOFF, timedelta(hours=int(hours))) if hours else CUTOFF
        return self.activity(cart, now, read=True) + longest

    def emptied(self, cart: Cart, now: datetime, *, read: bool) -> bool:
        return cart.emptied is not None and _in(cart.emptied, now, read=read)

    def ordered(self, cart: Cart, now: datetime, *, read: bool) -> bool:
        """By what came in; and by what the platform says when it is asked."""
        last = self.activity(cart, now, read=read)
        return any(
            _in(order.news, now, read=read) and _is_of(order, cart, last) for order in self.shopper.orders
        )

    def placed(self, cart: Cart, now: datetime) -> bool:
        last = self.activity(cart, now, read=True)
        placed = [order for order in self.shopper.orders if order.placed_at <= now]
        return not cart.silent and any(_is_of(order, cart, last) for order in placed)

    def unread(self, cart: Cart, now: datetime) -> bool:
        news = [*cart.activity, cart.number, cart.emptied, *(order.news for order in self.shopper.orders)]
        return any(one is not None and one.at <= now < one.read_at for one in news)

    def numbered(self, cart: Cart, now: datetime) -> bool:
        return cart.number is None or cart.number.read_at <= now

    def paused(self, now: datetime) -> bool:
        paused = self.store.paused
        return paused is not None and paused[0] <= now < paused[2]

    def broken(self, now: datetime) -> bool:
        return self.store.broken is not None and self.store.broken[0] <= now < self.store.broken[1]

    def switched_off(self, now: datetime) -> bool:
        span = self.store.switched_off
        return span is not None and span[0] <= now < span[1]

    def uninstalled(self, now: datetime) -> bool:
        return self.store.uninstalled_at is not None and self.store.uninstalled_at <= now

    def talks(self, now: datetime) -> bool:
        writes = self.shopper.writes
        return writes is not None and writes[0] <= now < min(writes[1], writes[0] + CONVERSATION)

    def kind(self, step: str) -> str:
        return self.store.kinds[STEPS.index(step)] if step in STEPS else "marketing"

    def texts_before(self, one: Decision) -> list[Decision]:
        """The texts about carts that the shopper had before this decision."""
        turn = self._turns[id(one)]
        return [text for text in self.texts if self._turns[id(text)] < turn]

    def moments_before(self, one: Decision) -> list[datetime]:
        return [text.asked_at for text in self.texts_before(one)]

    def cap_ends_at(self, one: Decision) -> datetime | None:
        """Of the hours between two marketing texts."""
        before = [text.asked_at for text in self.texts_before(one) if self.kind(text.step) == "marketing"]
        return before[-1] + timedelta(hours=self.store.cap_hours) if before else None

    def daily_cap_ends_at(self, one: Decision) -> datetime | None:
        """Of the texts that a place allows within some hours."""
        before = self.moments_before(one)
        ends = [before[-most] + period for most, period in caps(self.places) if len(before) >= most]
        return max(ends, default=None)

    def texts_of_cart(self, one: Decision) -> int:
        return sum(text.cart == one.cart for text in self.texts_before(one))

    def lawful_senders(self, step: str) -> list[str]:
        """What may stand above a text to this number."""
        replies = [one for one in (self.store.number, self.store.pool) if one]
        return replies if step == REQUEST else [*self._lawful_names(), *replies]

    def _lawful_names(self) -> list[str]:
        table, country = by_country("senders"), self.shopper.country
        row = table.get(country) or table["*"]
        registered = self.store.registered.get(country)
        if row["names"] == "no" or (row["names"] == "registered" and registered is None):
            return []
        name = registered or self.store.name or ""
        length = int(row["exact_length"] or 0)
        fits = name.startswith(row["starts_with"]) and (row["spaces"] == "yes" or " " not in name)
        fits = fits and (not length or (len(name) == length and name.isalpha()))
        return [name] if name and fits else []

    def earliest(self, cart: Cart, one: Decision) -> datetime | None:
        """When the text could lawfully go, by what is known when it is asked; None: within no horizon."""
        return self.calendar.opens_at(max([one.asked_at, *self._delays(cart, one)]), HORIZON)

    def _delays(self, cart: Cart, one: Decision) -> Iterator[datetime]:
        now, marketing = one.asked_at, self.kind(one.step) == "marketing"
        given = self.stand(now)
        waits = given.state != "given" or (self.must_confirm and not given.confirmed)
        polled = self.broken(now) or self.unread(cart, now) or not self.lawful_senders(one.step)
        if polled or (one.step != REQUEST and (waits or (self.talks(now) and marketing))):
            yield now + LOOK_AGAIN
        if self.paused(now):
            yield self.pause_ends_at(cart, now)
        if one.step != REQUEST:
            yield self.activity(cart, now, read=True) + IDLE
            yield (marketing and self.cap_ends_at(one)) or now
            yield self.daily_cap_ends_at(one) or now

    def pause_ends_at(self, cart: Cart, now: datetime) -> datetime:
        """When to look again: at the end that the merchant named, if the cart lives to see it."""
        until = self.store.paused[1] if self.store.paused else None
        return now + LOOK_AGAIN if until is None or until >= self.deadline(cart, now) else until


def steps_of(story: Story, cart: Cart) -> list[Decision]:
    return [one for one in story.decisions if one.cart == cart.id and one.step in STEPS]


def _in(news: News, now: datetime, *, read: bool) -> bool:
    return (news.read_at if read else news.at) <= now


def _is_of(order: Order, cart: Cart, last: datetime) -> bool:
    return order.cart == cart.id or order.placed_at >= last
