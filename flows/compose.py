"""From a cart to the words that leave: language, template, merge fields, link, way out, segments.

The merchant's words come first, in the language chosen for the shopper; where there are none, ours.
Whatever the data hold, the link stands in the body whole and once, and the way out is its last line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from connectors.events import Money
from flows import catalogs
from flows.alphabets import alphabet
from flows.direction import directed
from flows.language import Choice, Reason, Wishes, choose_language, match_language
from flows.merge_fields import (
    TITLE_FLOOR,
    TITLE_LIMIT,
    clean_first_name,
    clean_store_name,
    clean_title,
    format_count,
    format_ends,
    format_money,
    format_percent,
    shorten,
)
from flows.placeholders import Piece, fill, parse, placeholders
from flows.segments import Encoding, Measure, fits_gsm7, measure, normalise, without_marks

BUDGET = {Encoding.GSM7: 1, Encoding.UCS2: 2}
"""The segments that a cart's text should stay within."""

_FOOTER = "sms.footer.stop"
_FOOTER_BY_LINK = "sms.footer.link"
_WITH_STORE = "_with_store"
_HELP_WITH_PAGE = "sms.help.preferences"

_SENTENCE_START = re.compile(r"(?:^|\n|[.!?…]\s+)[¡¿]?\s*$")
_AFTER_COLON = re.compile(r":\s+$")
_AFTER_A_NAME = " ,;:!.–-"
_STANDS_APART = re.compile(r"[\s,.;:!?)…]")


class Source(StrEnum):
    """Whose words a text has: the merchant's or ours."""

    CUSTOM = "custom"
    BUILT_IN = "built_in"


class Note(StrEnum):
    """What a merchant may want to know about how a text came out."""

    PRODUCT_SHORTENED = "product_shortened"
    PRODUCT_NOT_NAMED = "product_not_named"
    NAME_LEFT_OUT = "name_left_out"
    MARKS_LEFT_OUT = "marks_left_out"
    CUSTOM_UNUSABLE = "custom_unusable"
    """One of the merchant's texts asks for a value that is not known of this cart, such as the total."""
    FOOTER_IN_OTHER_LANGUAGE = "footer_in_other_language"
    """The merchant's text is in a language that has no catalog: the way out is in the next best."""


class Answer(StrEnum):
    """What we answer to a shopper's own text, and what we ask; the values are catalog keys."""

    STOP = "sms.stop_confirmation"
    START = "sms.start_confirmation"
    HELP = "sms.help"
    OPT_IN_REQUEST = "sms.opt_in_request"
    OPT_IN_CONFIRMED = "sms.opt_in_confirmed"


class NoText(LookupError):
    """A step has words in no language that may be used for this shopper."""


@dataclass(frozen=True, slots=True)
class Product:
    """One line of the cart. ``nameable`` is off for a product that the merchant wants left unnamed."""

    title: str
    quantity: int = 1
    nameable: bool = True


@dataclass(frozen=True, slots=True)
class OfferText:
    """What a text offers: ``percent`` or ``money`` off, or free shipping where there is neither.

    It holds through ``last_day``; None: it is a sale of the whole shop, which needs no code.
    """

    percent: int | None = None
    money: Money | None = None
    last_day: date | None = None

    @property
    def name(self) -> str:
        """As the catalogs call it."""
        if self.last_day is None:
            return "sale"
        return "offer" if self.percent or self.money else "offer.shipping"


@dataclass(frozen=True, slots=True)
class CartText:
    """What a cart's text is made of.

    ``texts`` are the step's own words by tag, as ``flows.definition`` checked them. ``store_name`` is
    never blank. ``link`` is the short link, whole. ``total`` is what the shopper saw (presentment
    money); None where the platform did not tell. ``name_products`` is the store's switch. ``stop_link``
    is the way out where the sender cannot receive replies. ``reserved``: the store keeps the items of a
    left cart aside, and its second text may say so. ``economy``: letters may lose their marks where that
    saves segments and the language bears it. ``offer`` is what this text makes; the merchant's words for it
    are ``offer_texts``.
    """

    step_key: str
    store_name: str
    link: str
    wishes: Wishes
    texts: Mapping[str, str] = field(default_factory=dict)
    products: Sequence[Product] = ()
    total: Money | None = None
    first_name: str | None = None
    name_products: bool = True
    stop_link: str | None = None
    reserved: bool = False
    economy: bool = False
    offer: OfferText | None = None
    offer_texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Composed:
    """A text ready to leave, and how it came to be. ``language`` is the tag of the words used."""

    body: str
    language: str
    language_reason: Reason
    measure: Measure
    used: Source
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class _Words:
    template: str
    language: str
    choice: Choice
    used: Source


@dataclass(frozen=True, slots=True)
class _Renderer:
    """The text for a product's name. ``coded``: the values without symbols and letters that cost segments."""

    pieces: tuple[Piece, ...]
    values: Mapping[str, str]
    coded: Mapping[str, str]
    footer: str
    language: str
    economy: bool

    def __call__(self, product: str) -> str:
        usual, by_code = self._body(self.values, product), self._body(self.coded, product)
        if fits_gsm7(usual):
            return usual
        if fits_gsm7(by_code):
            return by_code
        # Without marks the total must have its code: zl is no currency.
        plain = without_marks(by_code) if self.economy else usual
        return plain if measure(plain).segments < measure(usual).segments else usual

    def _body(self, values: Mapping[str, str], product: str) -> str:
        words = fill(self.pieces, {**values, "product": product}).strip()
        return normalise(directed(f"{words}\n{self.footer}", self.language))


def compose(text: CartText) -> Composed:
    """The text of one step for one cart. Raises NoText."""
    title = _title(text)
    words = _choose_words(text, named=bool(title))
    footer_language = _footer_language(words)
    own_language = footer_language or _fallback_language(text.wishes)
    values = _values(text, words)
    pieces = parse(words.template)
    render = _Renderer(
        pieces=pieces if values["first_name"] else without_first_name(pieces),
        values=values,
        coded=values | _total(text, words, coded=True) | _discount(text, words, coded=True),
        footer=_footer(words.template, own_language, values["store"], text.stop_link),
        language=words.language,
        economy=text.economy and _may_lose_marks(words.language),
    )
    used = placeholders(words.template)
    unnamed = catalogs.template("sms.product.unnamed", own_language)
    shown = _fitting(title, render) if title and "product" in used else title or unnamed
    body = render(shown)
    notes = {
        Note.PRODUCT_SHORTENED: title != "" and shown != title,
        Note.PRODUCT_NOT_NAMED: title == "" and (words.used is Source.BUILT_IN or "product" in used),
        Note.NAME_LEFT_OUT: "first_name" in used and not values["first_name"],
        Note.MARKS_LEFT_OUT: render.economy and body != replace(render, economy=False)(shown),
        Note.CUSTOM_UNUSABLE: len(_usable(text)) < len(_own_texts(text)),
        Note.FOOTER_IN_OTHER_LANGUAGE: footer_language is None,
    }
    told = tuple(note for note, holds in notes.items() if holds)
    return Composed(body, words.language, words.choice.reason, measure(body), words.used, told)


def compose_service(
    answer: Answer,
    wishes: Wishes,
    store_name: str,
    contact: str,
    *,
    preferences: str | None = None,
    economy: bool = False,
) -> Composed:
    """A text of ours to one shopper. ``contact`` is where the shop is reached, an address or an e-mail,
    ``preferences`` the address of the shopper's own page, if there is one; HELP tells both. ``economy`` as
    in a cart's text. Raises NoText."""
    key = _HELP_WITH_PAGE if answer is Answer.HELP and preferences else answer.value
    choice = choose_language(wishes, catalogs.languages_with(key))
    if choice is None:
        raise NoText(f"{key} has words neither for the shopper nor for the store nor in English")
    values = {"store": _store_name(store_name), "contact": contact, "preferences": preferences or ""}
    words = catalogs.text(key, choice.tag, **values)
    usual = normalise(directed(words, choice.tag))
    plain = without_marks(usual) if economy and _may_lose_marks(choice.tag) else usual
    body = plain if measure(plain).segments < measure(usual).segments else usual
    return Composed(body, choice.tag, choice.reason, measure(body), Source.BUILT_IN)


def without_first_name(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """A template for a shopper whose first name is not known.

    Inside a sentence the name takes the space and comma before it along: "Hi {first_name}, your"
    becomes "Hi, your". At the start of a sentence it takes what follows, and the next word begins the
    sentence: "{first_name}, your" becomes "Your".
    """
    words = [piece.words for piece in pieces] + [""]
    before = ""
    for index, piece in enumerate(pieces):
        before += words[index]
        if piece.placeholder != "first_name":
            before += "x" if piece.placeholder else ""
        elif _SENTENCE_START.search(before):
            after = words[index + 1].lstrip(_AFTER_A_NAME)
            words[index + 1] = after[:1].upper() + after[1:]
        elif _AFTER_COLON.search(before):
            words[index + 1] = words[index + 1].lstrip(_AFTER_A_NAME)
        elif index + 1 == len(pieces) or _STANDS_APART.match(words[index + 1]):
            words[index] = words[index].rstrip().removesuffix(",")
    named = [piece.placeholder if piece.placeholder != "first_name" else None for piece in pieces] + [None]
    return tuple(map(Piece, words, named))


def _title(text: CartText) -> str:
    """The first product that may be named; empty if there is none."""
    if not text.name_products:
        return ""
    titles = (clean_title(product.title) for product in text.products if product.nameable)
    return next(filter(None, titles), "")


def _choose_words(text: CartText, named: bool) -> _Words:
    """First the language, out of all there is; then the merchant's own words of it before ours."""
    wishes = text.wishes
    custom = _usable(text)
    key = _key(text, named)
    spoken = text.offer is not None or text.step_key in catalogs.BUILT_IN_STEPS
    built_in = catalogs.languages_with(key) if spoken else ()
    choice = choose_language(wishes, (*custom, *built_in))
    if choice is None:
        raise NoText(f"step {text.step_key!r} has no words that fit the shopper, the store or English")
    own = match_language(choice.tag, tuple(custom), wishes.store_locale, wishes.formality)
    if own is not None:
        return _Words(custom[own], own, choice, Source.CUSTOM)
    return _Words(catalogs.template(key, choice.tag), choice.tag, choice, Source.BUILT_IN)


def _footer_language(words: _Words) -> str | None:
    """That of the shopper rather than of the words: Canada's way out stands under French words too."""
    tone = words.language.partition("-x-")[2] or None
    return match_language(words.choice.tag, catalogs.languages_with(_FOOTER), formality=tone)


def _key(text: CartText, named: bool) -> str:
    if text.offer is not None:
        return f"sms.{text.offer.name}" + ("" if named else ".unnamed")
    reserved = ".reserved" if text.reserved and text.step_key == "second_call" else ""
    return f"sms.{text.step_key}{reserved}" + ("" if named else ".unnamed")


def _usable(text: CartText) -> dict[str, str]:
    known = {"store", "first_name", "product", "link"}
    known |= {"total"} if text.total is not None else set()
    known |= {"count"} if text.products else set()
    known |= {"ends"} if text.offer is not None else set()
    known |= {"discount"} if text.offer is not None and (text.offer.percent or text.offer.money) else set()
    return {tag: words for tag, words in _own_texts(text).items() if known.issuperset(placeholders(words))}


def _own_texts(text: CartText) -> Mapping[str, str]:
    """The merchant's words for this text. Of a sale of the whole shop only ours know."""
    if text.offer is None:
        return text.texts
    return {} if text.offer.last_day is None else text.offer_texts


def _values(text: CartText, words: _Words) -> dict[str, str]:
    values = {
        "store": _store_name(text.store_name),
        "first_name": clean_first_name(text.first_name),
        "link": text.link,
    }
    if "count" in placeholders(words.template):
        count = sum(product.quantity for product in text.products)
        values["count"] = format_count(count, words.language, _country(text))
    return values | _total(text, words) | _discount(text, words)


def _discount(text: CartText, words: _Words, *, coded: bool = False) -> dict[str, str]:
    """What is offered and until when, if the words name it; ``coded`` as for the total.

    The day then stands in digits where its month alone would take the text to UCS-2: 05/11 is a day in
    November to some and a day in May to others.
    """
    offer, used, country = text.offer, placeholders(words.template), _country(text)
    found = {}
    if offer is not None and offer.last_day is not None and "ends" in used:
        written = format_ends(offer.last_day, words.language, country)
        numeric = format_ends(offer.last_day, words.language, country, numeric=True)
        found["ends"] = numeric if coded and not fits_gsm7(normalise(written)) else written
    if offer is not None and "discount" in used:
        if offer.money is not None:
            found["discount"] = format_money(offer.money, words.language, country, coded=coded, short=True)
        elif offer.percent is not None:
            found["discount"] = format_percent(offer.percent, words.language, country)
    return found


def _country(text: CartText) -> str | None:
    return text.wishes.country or text.wishes.number_country


def _total(text: CartText, words: _Words, *, coded: bool = False) -> dict[str, str]:
    """The total, if the words name it; with its ISO code for texts that a ₺ or a zł would take to UCS-2."""
    if "total" not in placeholders(words.template) or text.total is None:
        return {}
    return {"total": format_money(text.total, words.language, _country(text), coded=coded)}


def _may_lose_marks(language: str) -> bool:
    known = alphabet(language)
    return known is not None and known.economy


def _store_name(name: str) -> str:
    cleaned = clean_store_name(name)
    if not cleaned:
        raise ValueError("a text must say who writes: the store's name is blank")
    return cleaned


def _footer(template: str, language: str, store: str, stop_link: str | None) -> str:
    """The way out; it names the store where the words before it do not."""
    key = _FOOTER_BY_LINK if stop_link else _FOOTER
    key += "" if "store" in placeholders(template) else _WITH_STORE
    return catalogs.text(key, language, store=store, stop_link=stop_link or "")


def _fallback_language(wishes: Wishes) -> str:
    choice = choose_language(wishes, catalogs.languages_with(_FOOTER))
    return choice.tag if choice else "en"


def _fitting(title: str, render: Callable[[str], str]) -> str:
    """The longest form of the title with which the text stays in its budget, or nearest to it."""
    excess: dict[str, tuple[int, int]] = {}
    for form in (shorten(title, limit) for limit in range(TITLE_LIMIT, TITLE_FLOOR - 1, -1)):
        if form not in excess:
            excess[form] = _over_budget(render(form))
        if excess[form][0] == 0:
            return form
    return min(excess, key=excess.__getitem__)


def _over_budget(body: str) -> tuple[int, int]:
    """The segments over the budget, and all of them."""
    cost = measure(body)
    return max(0, cost.segments - BUDGET[cost.encoding]), cost.segments
