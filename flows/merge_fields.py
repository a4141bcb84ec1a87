"""What strangers and catalogues wrote, made fit to stand in a text: titles, names, money.

Nothing that comes in here may bring a second link, a line of its own, an invisible character or a
brace: titles come from feeds and plugins, first names from anybody who fills in a checkout.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache

import langcodes
from babel import Locale, UnknownLocaleError, numbers
from babel.dates import format_skeleton
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from connectors.events import Money

STORE_NAME_LIMIT = 30
FIRST_NAME_LIMIT = 25
TITLE_LIMIT = 40
TITLE_FLOOR = 16

_ADDRESS = re.compile(r"\S*://\S*|\bwww\.\S*", re.IGNORECASE)
# Phones make a link of shop.example/x and of shop.example alike; not of 5.5 cm or J. Smith.
_BARE_DOMAIN = re.compile(r"\b((?:[\w-]+\.)+[^\W\d_]{2,})(?:[/?#]\S*)?(?!\w)")
_DECORATION = re.compile("[™®©℠\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\U0001f000-\U0001fbff]\u200d?")
_SCHEME = re.compile(r"\S*://")
_SPACES = re.compile(r"\s+")
_BRACES = str.maketrans("{}", "()")
_FIRST_NAME = re.compile(r"[^\W\d_]+(?:(?:['’-]|\.? )[^\W\d_]+){0,2}\.?")

_JOINERS = "\u200c\u200d"
_IN_A_NAME = frozenset(" '’.-")
_ENDS_OF_A_NAME = re.compile(r" [|–—-] | ?[(\[]|, |: ")
_SHORT_LAST_WORDS = re.compile(r"(?<=\w{4})(?: \w{1,3})+$")
_DECIMALS = re.compile(r"\.0+")
_TOUCHING_SYMBOL = re.compile(r"(?<=¤)(?=[#0])|(?<=0)(?=¤)")
_LOOSE_START = " ,;:/|&–—-"
_LOOSE_END = " ,.;:/|&–—-("


def clean_title(title: str) -> str:
    """A product's title on one line, without addresses, trade marks and emoji; may come out empty."""
    plain = _ADDRESS.sub(" ", _DECORATION.sub("", _one_line(title)))
    plain = _BARE_DOMAIN.sub(lambda domain: domain.group(1).replace(".", " "), plain)
    return _SPACES.sub(" ", plain).lstrip(_LOOSE_START).rstrip(_LOOSE_END)


def clean_store_name(name: str) -> str:
    """A store's name on one line, at most 30 characters; a name like ``shop.example`` is kept."""
    plain = _one_line(name)
    undecorated = _without_scheme(_DECORATION.sub("", plain))
    return shorten(undecorated or _without_scheme(plain), STORE_NAME_LIMIT)


def clean_first_name(name: str | None) -> str:
    """A first name as one would say it, or nothing.

    Whoever fills in a checkout with somebody else's number could make the shop text them anything:
    only letters, and what joins them, count as a name.
    """
    plain = _one_line(name or "")
    letters = "".join(part for part in plain if not unicodedata.category(part).startswith("M"))
    is_name = _FIRST_NAME.fullmatch(letters) and all(part.isalpha() or part in _IN_A_NAME for part in letters)
    return plain if is_name and len(plain) <= FIRST_NAME_LIMIT and not _BARE_DOMAIN.search(plain) else ""


def shorten(title: str, limit: int) -> str:
    """At most ``limit`` characters: up to a natural end of the name, else to a word's end and an ellipsis."""
    if len(title) <= limit:
        return title
    ends = [end.start() for end in _ENDS_OF_A_NAME.finditer(title) if limit // 2 <= end.start() <= limit]
    whole = [end for end in ends if title.count("(", 0, end) == title.count(")", 0, end)]
    if whole:
        return title[: whole[-1]].rstrip(_LOOSE_END)
    cut = title.rfind(" ", limit // 3, limit)
    left = title[: cut if cut != -1 else _end_of_a_letter(title, limit - 1)].rstrip(_LOOSE_END)
    return _SHORT_LAST_WORDS.sub("", left) + "…"


def format_money(
    money: Money, language: str, country: str | None, *, coded: bool = False, short: bool = False
) -> str:
    """An amount as people in that country write it in that language; CLDR's spaces are still in it.

    ``coded``: with the ISO code (PLN) in place of the symbol (zł). A code stands apart from the number.
    ``short``: a round sum without its decimals, as shops write what they take off (5 €).
    """
    locale = _locale(language, country)
    pattern = locale.currency_formats["standard"].pattern.partition(";")[0]
    if coded or get_currency_symbol(money.currency, locale) == money.currency:
        pattern = _TOUCHING_SYMBOL.sub(" ", pattern).replace("¤", "¤¤")
    rounded = short and money.amount == money.amount.to_integral_value()
    pattern = _DECIMALS.sub("", pattern) if rounded else pattern
    return format_currency(
        money.amount, money.currency, format=pattern, locale=locale, currency_digits=not rounded
    )


def format_count(count: int, language: str, country: str | None) -> str:
    """A number of items in the digits and grouping of the language."""
    return format_decimal(count, locale=_locale(language, country))


def format_percent(percent: int, language: str, country: str | None) -> str:
    """``10%`` as people in that country write it in that language: ``10 %``, ``%10``."""
    return numbers.format_percent(Decimal(percent) / 100, locale=_locale(language, country))


def format_ends(day: date, language: str, country: str | None, *, numeric: bool = False) -> str:
    """The last day of an offer, without its year: ``30. Nov.`` (CLDR's skeleton MMMd).

    ``numeric``: ``31/08``, for texts that the û of août alone would take to UCS-2. French says 1er,
    which CLDR's patterns cannot.
    """
    locale = _locale(language, country)
    written = format_skeleton("Md" if numeric else "MMMd", day, locale=locale)
    return f"1er{written[1:]}" if locale.language == "fr" and written.startswith("1 ") else written


def _one_line(text: str) -> str:
    composed = _SPACES.sub(" ", unicodedata.normalize("NFC", text))
    kept = (character for character in composed if character.isprintable() or character in _JOINERS)
    return "".join(kept).translate(_BRACES).strip()


def _without_scheme(name: str) -> str:
    return _SPACES.sub(" ", _SCHEME.sub("", name)).strip(" /")


def _end_of_a_letter(text: str, cut: int) -> int:
    """The last place at or before ``cut`` where no mark is torn from its letter."""
    while cut > 1 and (unicodedata.category(text[cut]).startswith("M") or text[cut] in _JOINERS):
        cut -= 1
    return cut


@lru_cache(maxsize=1024)
def _locale(language: str, country: str | None) -> Locale:
    """The language as written in the country, where CLDR knows the pair: 24,00 EUR differs by country."""
    tag = langcodes.Language.get(language)
    parts = [part for part in (tag.language, tag.script) if part]
    territories = (tag.territory, (country or "").upper())
    for territory in (*filter(None, territories), None):
        try:
            return Locale.parse("_".join([*parts, territory] if territory else parts))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
