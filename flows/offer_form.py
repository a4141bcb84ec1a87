"""Offers as a part of a flow's JSON form: the ladder, its guard rails, and the store's own sales.

::

    {"small": {"kind": "percent", "percent": 5}, "best": {"kind": "amount", "amounts": {"EUR": "10.00"}},
     "lasts": "P2D", "highest_percent": 20, "lowest_cart": {"EUR": "40.00"},
     "exclude": {"sale_items": true, "gift_cards": true, "products": ["123"], "collections": ["456"]},
     "margin_floor": 15, "once_in": "P60D", "spare_returning": true,
     "combines_with": ["shipping"], "without_code": "send",
     "sales": [{"name": "Summer sale", "from": "2027-07-01", "to": "2027-07-14", "percent": 20,
                "countries": ["DE"]}]}

Every key may be left out. Sums are texts, exact to their digits, by currency of the shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from connectors.discounts import Combines, DiscountKind
from flows import goods_ids
from flows.form_reader import OUTSIDE, FormReader, duration_form
from flows.goods_ids import Named

LONGEST_OFFER = timedelta(days=30)
SHORTEST_OFFER = timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=730)


class Rung(StrEnum):
    """The steps of a ladder of offers."""

    NONE = "none"
    SMALL = "small"
    BEST = "best"


class WithoutCode(StrEnum):
    """What becomes of a text whose code could not be made: it goes without the offer, or waits."""

    SEND = "send"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Concession:
    """What a rung of the ladder gives: whole percents, or a sum by the shop's currency, or the shipping."""

    kind: DiscountKind
    percent: int | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Excluded:
    """What no offer lowers. ``products`` and ``collections`` are the platform's ids (``flows.goods_ids``)."""

    sale_items: bool = True
    gift_cards: bool = True
    products: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnSale:
    """A sale of the whole store that the merchant wrote down, both days included; no country: all."""

    name: str
    first: date
    last: date
    percent: int
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offers:
    """The ladder and what keeps it in bounds.

    ``lasts``: how long an offer holds at least; it ends with a day. ``highest_percent`` bounds percents and
    sums alike. ``lowest_cart``: the least sum of goods, by currency; a currency that is not named has none.
    ``margin_floor``: percents of the lowered price that must remain above the costs, where those are known.
    ``once_in``: one offer to a contact in that time. ``spare_returning``: none to a shopper who has bought
    here before without one.
    """

    small: Concession | None = None
    best: Concession | None = None
    lasts: timedelta = timedelta(days=2)
    highest_percent: int = 30
    lowest_cart: Mapping[str, Decimal] = field(default_factory=dict)
    excluded: Excluded = Excluded()
    margin_floor: int | None = None
    once_in: timedelta = timedelta(days=60)
    spare_returning: bool = False
    combines_with: frozenset[Combines] = frozenset()
    without_code: WithoutCode = WithoutCode.SEND
    sales: tuple[OwnSale, ...] = ()

    def concession(self, rung: Rung) -> Concession | None:
        return {Rung.SMALL: self.small, Rung.BEST: self.best}.get(rung)


KEYS = (
    "small",
    "best",
    "lasts",
    "highest_percent",
    "lowest_cart",
    "exclude",
    "margin_floor",
    "once_in",
    "spare_returning",
    "combines_with",
    "without_code",
    "sales",
)
DEFAULT = Offers()


def read_offers(reader: FormReader, data: object, place: str = "offers") -> Offers:
    """The offers in ``data``; what is wrong is told to ``reader``. OUTSIDE: there are none."""
    fields = reader.record(data, place, required=(), optional=KEYS)
    floor = fields.get("margin_floor", OUTSIDE)
    offers = Offers(
        small=read_concession(reader, fields.get("small", OUTSIDE), f"{place}.small"),
        best=read_concession(reader, fields.get("best", OUTSIDE), f"{place}.best"),
        lasts=_lasts(reader, fields.get("lasts", OUTSIDE), f"{place}.lasts"),
        highest_percent=_percent(reader, fields, "highest_percent", place, DEFAULT.highest_percent),
        lowest_cart=reader.amounts(fields.get("lowest_cart", OUTSIDE), f"{place}.lowest_cart"),
        excluded=_excluded(reader, fields.get("exclude", OUTSIDE), f"{place}.exclude"),
        margin_floor=None if floor is OUTSIDE else reader.whole(floor, f"{place}.margin_floor", 0, 99),
        once_in=reader.duration(
            fields.get("once_in", OUTSIDE), f"{place}.once_in", DEFAULT.once_in, LONGEST_PAUSE
        ),
        spare_returning=reader.flag(fields.get("spare_returning", OUTSIDE), f"{place}.spare_returning"),
        combines_with=_combines(reader, fields.get("combines_with", OUTSIDE), f"{place}.combines_with"),
        without_code=WithoutCode(
            _known(reader, fields.get("without_code", OUTSIDE), tuple(WithoutCode), f"{place}.without_code")
        ),
        sales=_sales(reader, fields.get("sales", OUTSIDE), f"{place}.sales"),
    )
    _within_bounds(reader, offers, place)
    return offers


def read_concession(reader: FormReader, data: object, place: str) -> Concession | None:
    """One rung; None where there is none."""
    if data is OUTSIDE:
        return None
    fields = reader.record(data, place, required=("kind",), optional=("percent", "amounts"))
    kind = DiscountKind(_known(reader, fields.get("kind", OUTSIDE), tuple(DiscountKind), f"{place}.kind"))
    needed = {DiscountKind.PERCENT: "percent", DiscountKind.AMOUNT: "amounts"}.get(kind)
    for name in ("percent", "amounts"):
        if (name in fields) is not (name == needed):
            problem = (
                f"is missing for the kind {kind}" if name == needed else f"is nothing for the kind {kind}"
            )
            reader.error(f"{place}.{name}", problem)
    return Concession(
        kind,
        reader.whole(fields["percent"], f"{place}.percent", 1, 90) if "percent" in fields else None,
        reader.amounts(fields["amounts"], f"{place}.amounts") if "amounts" in fields else {},
    )


def dump_offers(offers: Offers) -> dict[str, object]:
    """The JSON form, without what is as it is by itself."""
    form: dict[str, object] = {
        "small": offers.small and dump_concession(offers.small),
        "best": offers.best and dump_concession(offers.best),
        "lasts": duration_form(offers.lasts),
        "highest_percent": offers.highest_percent,
        "lowest_cart": _dump_amounts(offers.lowest_cart),
        "exclude": _dump_excluded(offers.excluded),
        "margin_floor": offers.margin_floor,
        "once_in": duration_form(offers.once_in),
        "spare_returning": offers.spare_returning,
        "combines_with": sorted(offers.combines_with),
        "without_code": offers.without_code.value,
        "sales": [_dump_sale(sale) for sale in offers.sales],
    }
    return {name: value for name, value in form.items() if value is not None and value not in ({}, [])}


def dump_concession(concession: Concession) -> dict[str, object]:
    form: dict[str, object] = {"kind": concession.kind.value}
    if concession.percent is not None:
        form["percent"] = concession.percent
    if concession.amounts:
        form["amounts"] = _dump_amounts(concession.amounts)
    return form


def _within_bounds(reader: FormReader, offers: Offers, place: str) -> None:
    for name in ("small", "best"):
        concession: Concession | None = getattr(offers, name)
        if concession and concession.percent and concession.percent > offers.highest_percent:
            reader.error(f"{place}.{name}.percent", f"is above highest_percent, {offers.highest_percent}")


def _lasts(reader: FormReader, data: object, place: str) -> timedelta:
    lasts = reader.duration(data, place, DEFAULT.lasts, LONGEST_OFFER)
    if lasts < SHORTEST_OFFER:
        reader.error(place, "must be at least an hour, or nobody could use the offer")
    return lasts


def _percent(reader: FormReader, fields: Mapping[str, object], name: str, place: str, default: int) -> int:
    return reader.whole(fields[name], f"{place}.{name}", 1, 90) if name in fields else default


def _excluded(reader: FormReader, data: object, place: str) -> Excluded:
    names = ("sale_items", "gift_cards", "products", "collections")
    fields = reader.record(data, place, required=(), optional=names)
    return Excluded(
        sale_items=reader.flag(fields.get("sale_items", True), f"{place}.sale_items"),
        gift_cards=reader.flag(fields.get("gift_cards", True), f"{place}.gift_cards"),
        products=_ids(reader, fields.get("products", OUTSIDE), f"{place}.products", Named.PRODUCT),
        collections=_ids(
            reader, fields.get("collections", OUTSIDE), f"{place}.collections", Named.COLLECTION
        ),
    )


def _ids(reader: FormReader, data: object, place: str, named: Named) -> tuple[str, ...]:
    """Ids as the store's platform has them; where nobody knows the platform, any texts."""
    if data is OUTSIDE:
        return ()
    if not isinstance(data, list):
        reader.error(place, "must be a list")
        return ()
    found = (_id(reader, one, f"{place}[{index}]", named) for index, one in enumerate(data))
    return tuple(dict.fromkeys(found))


def _id(reader: FormReader, data: object, place: str, named: Named) -> str:
    if type(data) is int:
        reader.error(place, f'ids are texts: write "{data}"')
        return str(data)
    before = len(reader.errors)
    written = reader.name(data, place)
    if len(reader.errors) > before:
        return written
    try:
        return goods_ids.read(reader.platform, named, written)
    except ValueError as error:
        reader.error(place, str(error))
        return written


def _combines(reader: FormReader, data: object, place: str) -> frozenset[Combines]:
    found = reader.names(data, place)
    for index, name in enumerate(found):
        reader.one_of(name, tuple(Combines), f"{place}[{index}]")
    return frozenset(Combines(name) for name in found if name in tuple(Combines))


def _sales(reader: FormReader, data: object, place: str) -> tuple[OwnSale, ...]:
    rows = reader.rows(data, place)
    return tuple(_sale(reader, one, f"{place}[{index}]") for index, one in enumerate(rows))


def _sale(reader: FormReader, data: object, place: str) -> OwnSale:
    fields = reader.record(data, place, required=("name", "from", "to", "percent"), optional=("countries",))
    sale = OwnSale(
        name=reader.name(fields.get("name", OUTSIDE), f"{place}.name"),
        first=reader.day(fields.get("from", OUTSIDE), f"{place}.from"),
        last=reader.day(fields.get("to", OUTSIDE), f"{place}.to"),
        percent=reader.whole(fields.get("percent", OUTSIDE), f"{place}.percent", 1, 99),
        countries=reader.countries(fields.get("countries", OUTSIDE), f"{place}.countries"),
    )
    if sale.last < sale.first and date.min not in (sale.first, sale.last):
        reader.error(f"{place}.to", "must not be before from")
    return sale


def _known(reader: FormReader, data: object, known: tuple[str, ...], place: str) -> str:
    """One of ``known``; the first where it is missing or wrong."""
    found = reader.one_of(data, known, place)
    return found if found in known else known[0]


def _dump_amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(amount) for currency, amount in sorted(amounts.items())}


def _dump_excluded(excluded: Excluded) -> dict[str, object]:
    form: dict[str, object] = {"sale_items": excluded.sale_items, "gift_cards": excluded.gift_cards}
    if excluded.products:
        form["products"] = list(excluded.products)
    if excluded.collections:
        form["collections"] = list(excluded.collections)
    return form


def _dump_sale(sale: OwnSale) -> dict[str, object]:
    form: dict[str, object] = {
        "name": sale.name,
        "from": sale.first.isoformat(),
        "to": sale.last.isoformat(),
        "percent": sale.percent,
    }
    return form | ({"countries": list(sale.countries)} if sale.countries else {})
