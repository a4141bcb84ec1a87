"""Ninety days of a shop, told from the first cart to the last.

Pure and repeatable: the same end and the same seed tell the same story.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from flows.sample_history import offer
from flows.sample_history.cart import Cart
from flows.sample_history.past import Past
from flows.sample_history.people import People, Person
from flows.sample_history.settings import DAYS, SENDER, TIMEZONE

SEED = 7
CARTS_A_DAY = 66
BY_WEEKDAY = (1.04, 0.98, 0.96, 1.0, 1.02, 0.88, 1.12)
BY_HOUR = (1, 0, 0, 0, 0, 1, 3, 5, 6, 7, 8, 9, 11, 9, 8, 8, 8, 9, 11, 14, 16, 15, 9, 4)
GROWTH = 0.35


def tell(until: datetime, address: str, seed: int = SEED) -> Past:
    """What happened in the 90 days before ``until``; ``address`` is that of this server."""
    random = Random(seed)  # noqa: S311  (a made-up past keeps no secrets)
    past = Past(until, address, random, People(random))
    for begun_at in beginnings(random, until):
        Cart(past, begun_at).live()
    offer.run_out(past)
    for person in past.people.everybody():
        _settle(past, person)
    past.rows["consent"] = list(past.consents.values())
    return past


def beginnings(random: Random, until: datetime) -> list[datetime]:
    """When carts are begun: a weekly and a daily rhythm, and some growth."""
    zone, found = ZoneInfo(TIMEZONE), []
    for ago in range(DAYS - 1, -1, -1):
        day = until.astimezone(zone).date() - timedelta(days=ago)
        usual = CARTS_A_DAY * BY_WEEKDAY[day.weekday()] * (1 + GROWTH * (0.5 - ago / DAYS))
        for _ in range(round(max(0.0, random.gauss(usual, math.sqrt(usual))))):
            hour = random.choices(range(24), BY_HOUR)[0]
            at = datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)), zone)
            found.append(at.astimezone(UTC))
    return sorted(at for at in found if at < until)


def _settle(past: Past, person: Person) -> None:
    """The contact as it is in the end, and who texted it."""
    if person.contact is None:
        return
    past.change(
        "contact",
        person.contact,
        phone=person.phone,
        country=person.country,
        address_country=person.country,
        email=person.email,
        first_name=person.first_name,
        locale=person.language,
        texted_at=person.texted_at,
        sender=SENDER if person.texted_at else None,
        updated_at=past.of("contact", person.contact)["created_at"],
    )
    if person.texted_at is not None:
        sent = {"sender": SENDER, "phone": person.phone, "texted_at": person.texted_at}
        past.add("sender_contact", contact_id=person.contact, **sent)
