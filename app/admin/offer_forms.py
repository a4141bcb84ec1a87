"""A flow's offers as a merchant types them: from and to their JSON form, and what is wrong beside its field.

Pure. Most of what is typed is not judged here: it goes into the flow's form as it is, which is checked whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import list_currencies
from werkzeug.datastructures import MultiDict

from app.admin.formats import language
from app.admin.story import step
from connectors.discounts import DiscountKind
from connectors.goods_search import GoodsKind
from flows.definition import FlowDefinition, Step
from flows.form_reader import shown
from flows.offer_form import Concession, Offers, OwnSale, WithoutCode
from flows.season_form import Season
from flows.seasons import NAMES

FORM = "offers"
"""The name of the whole form: what is wrong with none of its fields stands there."""
RUNGS = ("small", "best")
CURRENCY_BOX = "more_currency"
WISHES = {kind: f"find_{kind}" for kind in GoodsKind}
BOXES = (CURRENCY_BOX, *WISHES.values())
LONGEST_WISH = 100
KINDS = [
    ("", "Nothing"),
    (DiscountKind.PERCENT.value, "Percentage off"),
    (DiscountKind.AMOUNT.value, "Amount off"),
    (DiscountKind.FREE_SHIPPING.value, "Free shipping"),
]
UNITS = {
    "days": ("P{}D", 86_400),
    "hours": ("PT{}H", 3_600),
    "minutes": ("PT{}M", 60),
    "seconds": ("PT{}S", 1),
}
SUBJECTS = {
    "small": "The small offer",
    "best": "The best offer",
    "lasts": "How long they last",
    "highest_percent": "Highest percentage",
    "lowest_cart": "Lowest value",
    "margin_floor": "Margin",
    "once_in": "At most one offer in",
    "products": "Products",
    "collections": "Collections",
    "combines_with": "Together with",
    "without_code": "Without a code",
}
"""What fields are about, by the first part of their names."""
NO_COUNT = "Write a whole number."
NO_PERCENT = "Write how many percent."
NO_CODE = "Write the code of a currency, such as USD."
NO_WISH = "Write a part of the name."
NO_SUM = "Write an amount in at least one currency."
NOT_TOLD = {
    "name": "Write what it is called.",
    "from": "Choose its first day.",
    "to": "Choose its last day.",
    "percent": NO_PERCENT,
}
"""What is wrong with a sale of which that is left empty."""


@dataclass(frozen=True)
class RungForm:
    """What a rung gives, as typed; ``amounts`` are by currency, no kind: nothing."""

    kind: str = ""
    percent: str = ""
    amounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LengthForm:
    """A length of time as typed; ``unit`` is a key of UNITS."""

    count: str = ""
    unit: str = "days"


@dataclass(frozen=True)
class SaleForm:
    """A sale of the store's own as typed; ``countries`` are codes in a row."""

    name: str = ""
    first: str = ""
    last: str = ""
    percent: str = ""
    countries: str = ""


@dataclass(frozen=True)
class OfferForm:
    """All offers of a flow as typed. ``currencies``: in which sums may be written; ``rungs`` are by step."""

    currencies: tuple[str, ...] = ()
    rungs: Mapping[str, str] = field(default_factory=dict)
    small: RungForm = RungForm()
    best: RungForm = RungForm()
    lasts: LengthForm = LengthForm()
    highest_percent: str = ""
    lowest_cart: Mapping[str, str] = field(default_factory=dict)
    sale_items: bool = True
    gift_cards: bool = True
    products: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    margin_floor: str = ""
    once_in: LengthForm = LengthForm()
    spare_returning: bool = False
    combines_with: frozenset[str] = frozenset()
    without_code: str = WithoutCode.SEND.value
    sales: tuple[SaleForm, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, str]:
        """The errors with what they are about, to be read away from their fields."""
        return {
            name: f"{where}: {told}" if (where := self._where(name)) else told
            for name, told in self.errors.items()
        }

    def _where(self, name: str) -> str:
        subject, _, rest = name.partition("-")
        if subject == "sale":
            place = int(rest.partition("-")[0])
            return self.sales[place].name or f"Sale {place + 1}"
        return step(rest) if subject == "offer" else SUBJECTS.get(subject, "")


@dataclass(frozen=True)
class Look:
    """What was typed into a box that asks for something before saving, and what is wrong with that."""

    typed: str
    error: str | None = None


def looks(form: Mapping[str, str]) -> dict[str, Look]:
    """By box. What is typed into one is looked for first, whichever button was pressed."""
    asked = {box: " ".join(form.get(box, "").split())[:LONGEST_WISH] for box in BOXES}
    return {
        box: Look(typed, _wrong_with(box, typed))
        for box, typed in asked.items()
        if typed or form.get("look") == box
    }


def _wrong_with(box: str, typed: str) -> str | None:
    if box != CURRENCY_BOX:
        return None if typed else NO_WISH
    if typed.upper() in list_currencies():
        return None
    return f"{shown(typed.upper())} is no currency such as USD." if typed else NO_CODE


def currencies(offers: Offers, seasons: Iterable[Season], first: str, more: Sequence[str]) -> tuple[str, ...]:
    """Those in which sums may be written: the store's, those that the flow names, and ``more``."""
    ladders = [offers.small, offers.best, *(one for season in seasons for one in (season.small, season.best))]
    named = {code for one in ladders if one for code in one.amounts} | set(offers.lowest_cart)
    wished = {code.strip().upper() for code in more} & list_currencies()
    return tuple(dict.fromkeys((first, *sorted(named | wished))))


def stored(definition: FlowDefinition, codes: Sequence[str]) -> OfferForm:
    offers = definition.offers
    return OfferForm(
        currencies=tuple(codes),
        rungs={step.key: step.offer.value for step in definition.steps},
        small=_stored_rung(offers.small),
        best=_stored_rung(offers.best),
        lasts=_stored_length(offers.lasts),
        highest_percent=str(offers.highest_percent),
        lowest_cart=_stored_sums(offers.lowest_cart),
        sale_items=offers.excluded.sale_items,
        gift_cards=offers.excluded.gift_cards,
        products=offers.excluded.products,
        collections=offers.excluded.collections,
        margin_floor="" if offers.margin_floor is None else str(offers.margin_floor),
        once_in=_stored_length(offers.once_in),
        spare_returning=offers.spare_returning,
        combines_with=frozenset(offers.combines_with),
        without_code=offers.without_code.value,
        sales=tuple(_stored_sale(sale) for sale in offers.sales),
    )


def _stored_rung(concession: Concession | None) -> RungForm:
    if concession is None:
        return RungForm()
    percent = "" if concession.percent is None else str(concession.percent)
    return RungForm(concession.kind.value, percent, _stored_sums(concession.amounts))


def _stored_sums(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {code: str(amount) for code, amount in amounts.items()}


def _stored_length(length: timedelta) -> LengthForm:
    """In the largest unit that tells it exactly."""
    seconds = int(length.total_seconds())
    unit = next(name for name, (_, size) in UNITS.items() if seconds % size == 0)
    return LengthForm(str(seconds // UNITS[unit][1]), unit)


def _stored_sale(sale: OwnSale) -> SaleForm:
    days = sale.first.isoformat(), sale.last.isoformat()
    return SaleForm(sale.name, *days, str(sale.percent), ", ".join(sale.countries))


def read(form: MultiDict[str, str], steps: Sequence[Step], codes: Sequence[str]) -> OfferForm:
    """The form as it was sent. Rows of sales that are empty or to be removed are left out."""

    def typed(name: str) -> str:
        return form.get(name, "").strip()

    return OfferForm(
        currencies=tuple(codes),
        rungs={step.key: typed(f"offer-{step.key}") for step in steps if f"offer-{step.key}" in form},
        small=RungForm(typed("small-kind"), typed("small-percent"), _sums(form, "small-amount", codes)),
        best=RungForm(typed("best-kind"), typed("best-percent"), _sums(form, "best-amount", codes)),
        lasts=LengthForm(typed("lasts"), typed("lasts-unit")),
        highest_percent=typed("highest_percent"),
        lowest_cart=_sums(form, "lowest_cart", codes),
        sale_items=typed("sale_items") == "1",
        gift_cards=typed("gift_cards") == "1",
        products=tuple(dict.fromkeys(form.getlist("products"))),
        collections=tuple(dict.fromkeys(form.getlist("collections"))),
        margin_floor=typed("margin_floor"),
        once_in=LengthForm(typed("once_in"), typed("once_in-unit")),
        spare_returning=typed("spare_returning") == "1",
        combines_with=frozenset(form.getlist("combines_with")),
        without_code=typed("without_code"),
        sales=tuple(_sales(form)),
    )


def _sums(form: Mapping[str, str], name: str, codes: Sequence[str]) -> dict[str, str]:
    """Sums by currency; a decimal comma is as good as a point."""
    typed = {code: form.get(f"{name}-{code}", "").strip() for code in codes}
    return {code: with_point(amount) for code, amount in typed.items() if amount}


def with_point(amount: str) -> str:
    return re.sub(r"^(\d+),(\d{1,3})$", r"\1.\2", amount)


def _sales(form: Mapping[str, str]) -> Iterator[SaleForm]:
    for place in range(sum(name.startswith("sale-") for name in form)):
        names = ("name", "from", "to", "percent", "countries")
        row = SaleForm(*(form.get(f"sale-{place}-{name}", "").strip() for name in names))
        if row != SaleForm() and form.get(f"sale-{place}-remove") != "1":
            yield row


def as_json(typed: OfferForm) -> dict[str, Any]:
    """The JSON form of ``flows.offer_form``; what is empty is left out."""
    ladder = {name: _concession(getattr(typed, name)) for name in RUNGS}
    exclude = {"products": list(typed.products), "collections": list(typed.collections)}
    form = {
        **ladder,
        "lasts": _duration(typed.lasts),
        "highest_percent": _number(typed.highest_percent),
        "lowest_cart": dict(typed.lowest_cart),
        "exclude": {"sale_items": typed.sale_items, "gift_cards": typed.gift_cards, **exclude},
        "margin_floor": _number(typed.margin_floor),
        "once_in": _duration(typed.once_in),
        "spare_returning": typed.spare_returning,
        "combines_with": sorted(typed.combines_with),
        "without_code": typed.without_code,
        "sales": [_sale(row) for row in typed.sales],
    }
    return {name: value for name, value in form.items() if value not in ("", None, {}, [])}


def _concession(typed: RungForm) -> dict[str, Any] | None:
    if not typed.kind:
        return None
    given: dict[str, Any] = {"kind": typed.kind}
    if typed.kind == DiscountKind.PERCENT:
        given["percent"] = _number(typed.percent)
    elif typed.kind == DiscountKind.AMOUNT:
        given["amounts"] = dict(typed.amounts)
    return given


def _sale(row: SaleForm) -> dict[str, Any]:
    form = {"name": row.name, "from": row.first, "to": row.last, "percent": _number(row.percent)}
    places = [code.upper() for code in _names(row.countries)]
    return form | ({"countries": places} if places else {})


def _number(typed: str) -> int | str:
    """A number where it is one; the reader of the form says what is wrong with anything else."""
    plain = typed.removesuffix("%").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else typed


def _names(typed: str) -> list[str]:
    return [name for name in re.split(r"[,;\s]+", typed) if name]


def _duration(typed: LengthForm) -> str:
    return UNITS.get(typed.unit, UNITS["days"])[0].format(typed.count) if typed.count else ""


def units(typed: LengthForm) -> list[tuple[str, str]]:
    """Days and hours, and whatever else the flow's form said."""
    return [
        (name, name.capitalize()) for name in dict.fromkeys(("days", "hours", typed.unit)) if name in UNITS
    ]


def judged(typed: OfferForm, told: Sequence[str], definition: FlowDefinition) -> OfferForm:
    """The form with what is wrong, by field: what is ``told`` of its JSON form, and what no reader knows."""
    found: dict[str, list[str]] = {}
    unknown_bound = any(error.startswith("offers.highest_percent: ") for error in told)
    for error in told:
        place, _, problem = error.partition(": ")
        if unknown_bound and problem.startswith("is above highest_percent"):
            continue
        name, words = _placed(place, problem, typed, definition)
        found.setdefault(name, []).append(words)
    by_field = {name: " ".join(words) for name, words in found.items()} | dict(_own_errors(typed))
    return replace(typed, errors=by_field)


def _own_errors(typed: OfferForm) -> Iterator[tuple[str, str]]:
    for name in RUNGS:
        rung: RungForm = getattr(typed, name)
        if rung.kind == DiscountKind.PERCENT and not rung.percent:
            yield f"{name}-percent", NO_PERCENT
        if rung.kind == DiscountKind.AMOUNT and not rung.amounts:
            yield f"{name}-amount-{typed.currencies[0]}", NO_SUM
    for name in ("lasts", "once_in"):
        length: LengthForm = getattr(typed, name)
        if length.count and not (length.count.isascii() and length.count.isdigit()):
            yield name, NO_COUNT
    for place, sale in enumerate(typed.sales):
        told = {"name": sale.name, "from": sale.first, "to": sale.last, "percent": sale.percent}
        yield from ((f"sale-{place}-{name}", NOT_TOLD[name]) for name, value in told.items() if not value)


_PLACES = (
    (r"offers\.(small|best)(?:\.kind)?", "{}-kind"),
    (r"offers\.(small|best)\.percent", "{}-percent"),
    (r"offers\.(small|best)\.amounts\.(.+)", "{}-amount-{}"),
    (r"offers\.(small|best)\.amounts", "{}-amount-{first}"),
    (r"offers\.(lasts|highest_percent|margin_floor|once_in|without_code|combines_with).*", "{}"),
    (r"offers\.lowest_cart\.(.+)", "lowest_cart-{}"),
    (r"offers\.exclude\.(products|collections).*", "{}"),
    (r"offers\.sales\[(\d+)\]\.(name|from|to|percent|countries).*", "sale-{}-{}"),
)


def _placed(place: str, problem: str, typed: OfferForm, definition: FlowDefinition) -> tuple[str, str]:
    """The field that a place of the flow's form belongs to, and the problem as a sentence beside it."""
    for pattern, name in _PLACES:
        if match := re.fullmatch(pattern, place):
            return name.format(*match.groups(), first=typed.currencies[0]), sentence(problem)
    if match := re.fullmatch(r"steps\[(\d+)\]\.offer(?:_texts)?(?:\.(.+))?", place):
        key = definition.steps[int(match[1])].key
        return f"offer-{key}", _of_step(typed.rungs.get(key, ""), match[2], problem)
    if match := re.match(r"seasons\[(\d+)\]", place):
        season = NAMES[definition.seasons[int(match[1])].key]
        return FORM, sentence(f"the season {season} would not fit any more: {problem}")
    return FORM, sentence(f"{place}: {problem}")


def _of_step(rung: str, tag: str | None, problem: str) -> str:
    """Words that no longer fit can be mended only where they fit again: away from them first."""
    if tag is None:
        return f"Say below what the {rung} offer gives." if rung in RUNGS else sentence(problem)
    return (
        f"Your words for its offer in {language(tag)} would not fit: {problem}. "
        "Go back to Warmcart's own words there first, and write yours again afterwards."
    )


def sentence(problem: str) -> str:
    told = problem.replace("highest_percent", "the highest percentage")
    return f"{told[:1].upper()}{told[1:]}."
