"""Offers in words: what a text gives, for how long, and what keeps it in bounds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.admin import formats
from app.admin.formats import Formats
from connectors.discounts import Combines, DiscountKind
from flows.definition import FlowDefinition, Step
from flows.offer_form import DEFAULT, Concession, Excluded, Offers, OwnSale, Rung, WithoutCode
from flows.offers import BESIDE_ANY_CODE

RUNGS = {Rung.NONE: "No offer", Rung.SMALL: "The small offer", Rung.BEST: "The best offer"}
COMBINES = {
    Combines.PRODUCT: "discounts on products",
    Combines.ORDER: "discounts on the order",
    Combines.SHIPPING: "discounts on shipping",
}


@dataclass(frozen=True)
class Rules:
    """All rules for offers: the ladder and its guard rails, as pairs of a name and what it says, and the
    store's own sales."""

    ladder: list[tuple[str, str]]
    rails: list[tuple[str, str]]
    sales: list[str]


def gives(concession: Concession, wording: Formats) -> str:
    """What a rung gives: "10% off", "€5.00 or US$6.00 off", "free shipping"."""
    if concession.kind is DiscountKind.PERCENT:
        return f"{_percent(concession.percent or 0, wording)} off"
    if concession.kind is DiscountKind.AMOUNT:
        return f"{_sums(concession.amounts, wording)} off"
    return "free shipping"


def told(step: Step, offers: Offers, wording: Formats) -> str:
    """What a text offers, and for how long."""
    concession = offers.concession(step.offer)
    if concession is None:
        return "No offer."
    return (
        f"{RUNGS[step.offer]}: {gives(concession, wording)}, "
        f"for {formats.duration(offers.lasts)} at least, to the end of a day."
    )


def makes_offers(flow: FlowDefinition) -> bool:
    """Whether there is anything to tell of offers."""
    seasonal = any(season.small or season.best or season.rungs for season in flow.seasons)
    offering = any(step.offer is not Rung.NONE for step in flow.steps)
    return flow.offers != DEFAULT or offering or seasonal


def rules(offers: Offers, wording: Formats) -> Rules:
    ladder = [
        (name, _sentence(gives(one, wording)))
        for name, one in (("Small offer", offers.small), ("Best offer", offers.best))
        if one
    ]
    lasts = f"At least {formats.duration(offers.lasts)}, to the end of a day on the shopper's clock"
    sales = [_sale(sale, wording) for sale in offers.sales]
    return Rules([*ladder, ("Lasts", lasts)], list(_guard_rails(offers, wording)), sales)


def _guard_rails(offers: Offers, wording: Formats) -> Iterable[tuple[str, str]]:
    highest = _percent(offers.highest_percent, wording)
    yield "At most", f"{highest} of what is lowered; an amount above that is left out"
    lowest = "Goods of any value"
    if offers.lowest_cart:
        lowest = f"Goods of at least {_sums(offers.lowest_cart, wording)}"
    yield "Lowest cart", lowest
    yield "Never lowered", _excluded(offers.excluded)
    yield "Margin", _margin(offers.margin_floor, wording)
    yield "How often", _how_often(offers)
    spared = (
        "No offer for whoever has bought here without one" if offers.spare_returning else "Like all others"
    )
    yield "Shoppers who return", spared
    yield "Together with", _together(offers.combines_with)
    yield "Without a code", _without_code(offers.without_code)


def _excluded(excluded: Excluded) -> str:
    named = [
        "sale items" if excluded.sale_items else "",
        "gift cards" if excluded.gift_cards else "",
        _counted("product", excluded.products),
        _counted("collection", excluded.collections),
    ]
    return _sentence(", ".join(filter(None, named)) or "nothing is excluded")


def _counted(noun: str, ids: tuple[str, ...]) -> str:
    """Numbers say nothing to a merchant; the page of offers asks the shop for the names."""
    return f"{len(ids)} {noun}{'' if len(ids) == 1 else 's'} of your choice" if ids else ""


def _margin(floor: int | None, wording: Formats) -> str:
    if floor is None:
        return "Not looked at"
    return (
        f"{_percent(floor, wording)} of the lowered price must remain above the costs, where they are known"
    )


def _how_often(offers: Offers) -> str:
    if not offers.once_in:
        return "As often as a text makes one"
    return f"One offer to a shopper in {formats.duration(offers.once_in)}"


def _together(others: frozenset[Combines]) -> str:
    named = " and ".join(words for one, words in COMBINES.items() if one in others) or "no other discount"
    alone = "" if others.issuperset(BESIDE_ANY_CODE) else "; a cart that has another code gets no offer"
    return _sentence(f"{named}{alone}")


def _without_code(rule: WithoutCode) -> str:
    if rule is WithoutCode.WAIT:
        return "A text whose code cannot be made waits up to 12 hours for it, then goes without the offer"
    return "A text whose code cannot be made goes without the offer"


def _sale(sale: OwnSale, wording: Formats) -> str:
    days = wording.days(sale.first, sale.last)
    where = f", in {formats.countries(sale.countries)}" if sale.countries else ""
    return f"{sale.name}: {_percent(sale.percent, wording)} off, {days}{where}"


def _sums(amounts: Mapping[str, Decimal], wording: Formats) -> str:
    return " or ".join(wording.money(amount, code) for code, amount in sorted(amounts.items()))


def _percent(percent: int, wording: Formats) -> str:
    return wording.percent(percent / 100)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
