"""Which offer does a text make? The one of its rung, bounded by the guard rails; or a named reason why none.

Pure: a ``Case`` of plain values in, an offer, a sale or a reason out. A guard rail lowers an offer or drops
it, and never the text. What needs no question to the platform is asked first (``before_asking``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from babel.numbers import get_currency_precision

from connectors.discounts import Combines, DiscountKind, Goods, Sale
from flows.offer_days import ends
from flows.offer_form import Concession, Excluded, Offers, OwnSale, Rung

HUNDRED = Decimal(100)
BESIDE_ANY_CODE = frozenset({Combines.PRODUCT, Combines.ORDER})
"""With what an offer must combine to stand beside a code of which nobody tells us what it lowers."""

WITHOUT: dict[str, str] = {
    "no_such_sum": "The offer names no sum in the currency of this cart.",
    "cart_too_small": "The cart is below the lowest value for an offer.",
    "prices_unknown": "The shop did not tell the prices of the goods in its own currency.",
    "offer_not_yet": "The shopper had an offer a short while ago.",
    "returning_shopper": "The shopper buys here without an offer.",
    "has_discount": "The cart has a discount code already.",
    "link_cannot_apply": "The way back to this cart cannot apply a code by itself.",
    "goods_unknown": "The shop did not tell enough about the goods to keep to the rules for offers.",
    "nothing_qualifies": "All goods in the cart are excluded from offers.",
    "below_margin": "The offer would leave less than the margin that must remain.",
    "above_highest": "The offer would be more than the highest percentage allowed.",
    "sale_runs": "A sale runs in the whole shop, and how much it lowers is not known.",
    "sale_is_as_good": "A sale in the whole shop lowers at least as much.",
    "code_not_made": "The shop did not make the discount code in time.",
    "code_refused": "The shop refused to make the discount code.",
    "offer_over": "The offer was over before the text could go.",
    "offer_changed": "The cart or the offer has changed since the discount code was made.",
    "offer_given_away": "Another cart got this offer at the same moment.",
    "season_full": "The season has given as many offers as it may.",
}
"""Why a text makes no offer, and how the merchant reads it (English, the key of the catalogs)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the cart. ``unit_price`` is in the store's currency, None where it is not known there;
    ``goods`` None: the platform does not know it."""

    product_id: str | None
    quantity: int
    unit_price: Decimal | None
    goods: Goods | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that decides about the offer of one text, at ``now``.

    ``currency`` is the store's own. ``zones`` are all where the shopper may be, ``today`` is
    the store's own day. ``last_offer_at``: when this shopper was made an offer about another cart.
    ``bought_without``: the shopper has bought here, and used none of our codes. ``has_code``: the cart
    carries a code that is not ours. ``applies``: the way back takes a code along. ``sale`` is what the
    platform tells. ``season_last`` is the last day of the season that runs, ``season_full``: it has made as
    many offers as it may. ``lines`` know their goods only once the platform was asked; ``goods_asked`` off
    then: it did not answer.
    """

    now: datetime
    offers: Offers
    rung: Rung
    currency: str | None
    country: str | None
    zones: Sequence[str]
    today: date
    lines: Sequence[Line] = ()
    last_offer_at: datetime | None = None
    bought_without: bool = False
    has_code: bool = False
    applies: bool = True
    sale: Sale | None = None
    season_last: date | None = None
    season_full: bool = False
    goods_asked: bool = True


@dataclass(frozen=True, slots=True)
class Offer:
    """What a code gives, and until when: ``ends_at`` is the end of ``last_day`` wherever the shopper may be.

    ``value`` is whole percents or a sum in ``currency``; None for free shipping. ``minimum``: the lowest sum
    of goods. ``products``: the only ones that it lowers; None: all.
    """

    kind: DiscountKind
    value: Decimal | None
    currency: str
    last_day: date
    ends_at: datetime
    minimum: Decimal | None = None
    products: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SaleRuns:
    """The text tells of the sale, whose ``percent`` lowers at least as much as the offer would.

    ``ends_at`` None: the platform does not tell when it ends.
    """

    percent: int
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoOffer:
    """The text goes without an offer; ``reason`` is a key of WITHOUT."""

    reason: str


Decision = Offer | SaleRuns | NoOffer

_REFUSALS: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    ("season_full", lambda case: case.season_full),
    ("has_discount", lambda case: case.has_code and not _beside_any_code(case)),
    ("link_cannot_apply", lambda case: not case.applies),
    ("no_such_sum", lambda case: case.currency is None or _asked_sum(case) is None),
    ("offer_not_yet", lambda case: _too_soon(case)),
    ("returning_shopper", lambda case: case.offers.spare_returning and case.bought_without),
    ("prices_unknown", lambda case: _needs_prices(case) and not _has_prices(case.lines)),
    ("cart_too_small", lambda case: _below_lowest(case, case.lines)),
)


def before_asking(case: Case) -> SaleRuns | NoOffer | None:
    """What can be said without knowing the goods; None: the platform is to be asked."""
    sale = _best_sale(case)
    if sale is not None and sale.percent is None:
        return NoOffer("sale_runs")
    reason = next((reason for reason, refuses in _REFUSALS if refuses(case)), None)
    if sale is not None and sale.percent is not None and (reason or not _may_beat(case, sale)):
        return SaleRuns(sale.percent, sale.ends_at)
    return NoOffer(reason) if reason else None


def needs_goods(offers: Offers) -> bool:
    """Whether a rule asks what only the platform knows of the goods."""
    excluded = offers.excluded
    return bool(
        excluded.sale_items or excluded.gift_cards or excluded.collections or offers.margin_floor is not None
    )


def decide(case: Case) -> Decision:
    """The offer, with what the platform told of the goods."""
    if early := before_asking(case):
        return early
    offer = _bounded(case)
    sale = _best_sale(case)
    if sale is None or sale.percent is None:
        return offer
    if isinstance(offer, NoOffer) or _worth(case, offer) <= sale.percent:
        return SaleRuns(sale.percent, sale.ends_at)
    return offer


def lowers(minimum: Decimal | None, products: Sequence[str] | None, lines: Sequence[Line]) -> bool:
    """Whether a code of that lowest sum, for these products (None: all), lowers the cart; as far as told."""
    lowered = [line for line in lines if products is None or line.product_id in products]
    known = all(line.unit_price is not None for line in lowered)
    return bool(lowered) and (minimum is None or not known or _sum(lowered) >= minimum)


def _concession(case: Case) -> Concession:
    found = case.offers.concession(case.rung)
    if found is None:
        raise ValueError(f"the ladder has no {case.rung}")
    return found


def _asked_sum(case: Case) -> Decimal | None:
    """The rung's own figure: percents, a sum, or nothing to be paid for shipping."""
    concession = _concession(case)
    if concession.kind is DiscountKind.PERCENT:
        return Decimal(concession.percent or 0)
    if concession.kind is DiscountKind.AMOUNT:
        return concession.amounts.get(case.currency or "")
    return Decimal(0)


def _beside_any_code(case: Case) -> bool:
    return case.offers.combines_with.issuperset(BESIDE_ANY_CODE)


def _too_soon(case: Case) -> bool:
    return case.last_offer_at is not None and case.now < case.last_offer_at + case.offers.once_in


def _below_lowest(case: Case, lines: Sequence[Line]) -> bool:
    lowest = case.offers.lowest_cart.get(case.currency or "")
    return lowest is not None and _sum(lines) < lowest


def _needs_prices(case: Case) -> bool:
    of_a_sum = _concession(case).kind is DiscountKind.AMOUNT
    return of_a_sum or (case.currency or "") in case.offers.lowest_cart


def _has_prices(lines: Sequence[Line]) -> bool:
    return any(line.unit_price is not None for line in lines)


def _sum(lines: Sequence[Line]) -> Decimal:
    """What the lines cost together, as far as their prices are known."""
    return sum(((line.unit_price or Decimal(0)) * line.quantity for line in lines), Decimal(0))


def _may_beat(case: Case, sale: Sale) -> bool:
    """Whether the rung could give more than the sale at all, before the goods are known.

    Free shipping is worth more only on top of the sale, which may count as a discount of either class.
    """
    concession = _concession(case)
    if concession.kind is DiscountKind.FREE_SHIPPING:
        return _beside_any_code(case) and sale.beside_shipping
    if concession.kind is DiscountKind.PERCENT:
        return (concession.percent or 0) > (sale.percent or 0)
    return True


def _worth(case: Case, offer: Offer) -> Decimal:
    """An offer in percents of the goods; free shipping is beyond comparison, and comes on top of a sale.

    A sum counts for nothing beside goods whose prices are not known.
    """
    if offer.kind is DiscountKind.FREE_SHIPPING or offer.value is None:
        return HUNDRED
    if offer.kind is DiscountKind.PERCENT:
        return offer.value
    goods, known = _sum(case.lines), all(line.unit_price is not None for line in case.lines)
    return offer.value / goods * HUNDRED if goods and known else Decimal(0)


def _bounded(case: Case) -> Offer | NoOffer:
    """The rung's offer for the goods that qualify, within all guard rails."""
    if needs_goods(case.offers) and not case.goods_asked:
        return NoOffer("goods_unknown")
    lines = [line for line in case.lines if _qualifies(line, case.offers.excluded)]
    if reason := _unfit(case, lines):
        return NoOffer(reason)
    kind, value = _concession(case).kind, _asked_sum(case) or Decimal(0)
    if kind is DiscountKind.PERCENT:
        value = min(value, Decimal(case.offers.highest_percent), _bearable(case.offers, lines))
    elif kind is DiscountKind.AMOUNT and value * HUNDRED > _sum(lines) * case.offers.highest_percent:
        return NoOffer("above_highest")
    elif kind is DiscountKind.AMOUNT and value * HUNDRED > _sum(lines) * _bearable(case.offers, lines):
        return NoOffer("below_margin")
    if kind is DiscountKind.PERCENT and value < 1:
        return NoOffer("below_margin")
    if kind is DiscountKind.PERCENT and len(lines) < len(case.lines):
        # "10 % off your cart" would not be true: the text names what the part that is lowered comes to.
        kind, value = DiscountKind.AMOUNT, _rounded(_sum(lines) * value / HUNDRED, case.currency or "")
        if not value:
            return NoOffer("nothing_qualifies" if _has_prices(lines) else "prices_unknown")
    return _offer(case, lines, kind, value)


def _unfit(case: Case, lines: Sequence[Line]) -> str | None:
    """Why these goods, the ones that qualify, get no offer at all."""
    if not lines:
        return "nothing_qualifies"
    if _below_lowest(case, lines):
        return "cart_too_small"
    lowers_goods = _concession(case).kind is not DiscountKind.FREE_SHIPPING
    return "prices_unknown" if lowers_goods and _margin_is_unknown(case.offers, lines) else None


def _rounded(amount: Decimal, currency: str) -> Decimal:
    """Down to the currency's smallest coin."""
    return amount.quantize(Decimal(1).scaleb(-get_currency_precision(currency)), ROUND_DOWN)


def _offer(case: Case, lines: Sequence[Line], kind: DiscountKind, value: Decimal) -> Offer:
    last_day, ends_at = ends(case.now, case.offers.lasts, case.zones, case.season_last)
    narrowed = len(lines) < len(case.lines) and kind is not DiscountKind.FREE_SHIPPING
    named = tuple(dict.fromkeys(line.product_id for line in lines if line.product_id))
    return Offer(
        kind=kind,
        value=None if kind is DiscountKind.FREE_SHIPPING else value,
        currency=case.currency or "",
        last_day=last_day,
        ends_at=ends_at,
        minimum=_minimum(case, kind, value),
        products=named if narrowed else None,
    )


def _minimum(case: Case, kind: DiscountKind, value: Decimal) -> Decimal | None:
    """The lowest sum of goods with which the code counts: a sum stays within the highest percentage also in
    a cart from which something was taken since."""
    lowest = case.offers.lowest_cart.get(case.currency or "")
    if kind is not DiscountKind.AMOUNT:
        return lowest
    return max(
        lowest or Decimal(0), _rounded(value * HUNDRED / case.offers.highest_percent, case.currency or "")
    )


def _qualifies(line: Line, excluded: Excluded) -> bool:
    """Whether an offer may lower a line. One that the platform does not know is lowered only where no rule
    asks about it; one without a product cannot be named among those that a code lowers."""
    if line.product_id is None or line.product_id in excluded.products:
        return False
    goods = line.goods
    if goods is None:
        return not (excluded.sale_items or excluded.gift_cards or excluded.collections)
    return not (
        (excluded.sale_items and goods.on_sale)
        or (excluded.gift_cards and goods.gift_card)
        or goods.collections.intersection(excluded.collections)
    )


def _margin_is_unknown(offers: Offers, lines: Sequence[Line]) -> bool:
    """Whether a margin must remain over costs that are known beside prices that are not."""
    costly = (line for line in lines if line.goods is not None and line.goods.cost is not None)
    return offers.margin_floor is not None and any(line.unit_price is None for line in costly)


def _bearable(offers: Offers, lines: Sequence[Line]) -> Decimal:
    """The most percents off these lines that leave the margin; all of them where no cost is known.

    Of the lowered price p the part ``margin_floor`` must remain above the cost c: p >= c / (1 - floor).
    """
    if offers.margin_floor is None:
        return HUNDRED
    known = [line for line in lines if line.goods is not None and line.goods.cost is not None]
    price = _sum(known)
    if not price:
        return HUNDRED
    cost = sum((_cost(line) * line.quantity for line in known), Decimal(0))
    least = cost * HUNDRED / (HUNDRED - offers.margin_floor)
    percents = (price - least) / price * HUNDRED
    return max(Decimal(0), percents.quantize(Decimal(1), ROUND_DOWN))


def _cost(line: Line) -> Decimal:
    return line.goods.cost if line.goods is not None and line.goods.cost is not None else Decimal(0)


def _best_sale(case: Case) -> Sale | None:
    return best_sale(case.offers, case.sale, case.country, case.today, case.now)


def best_sale(
    offers: Offers, told: Sale | None, country: str | None, today: date, now: datetime
) -> Sale | None:
    """The sale that lowers most today; one whose percents are not known only where there is no other.

    ``told`` is what the platform tells, ``today`` the store's own day.
    """
    own = [Sale(sale.name, sale.percent) for sale in offers.sales if _is_on(sale, country, today)]
    running = [*own, *([told] if told and not _is_over(told, now) else [])]
    return max(running, key=lambda sale: sale.percent or 0, default=None)


def _is_on(sale: OwnSale, country: str | None, today: date) -> bool:
    here = not sale.countries or country in sale.countries
    return here and sale.first <= today <= sale.last


def _is_over(sale: Sale, now: datetime) -> bool:
    return sale.ends_at is not None and sale.ends_at <= now
