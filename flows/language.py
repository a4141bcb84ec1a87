"""In which language a text speaks to a shopper.

Asked in this order: what the shopper chose on the preference page, the checkout's locale, the
customer's locale, the main language of the country, the store's locale, English. A locale matches a
language by CLDR distance (``langcodes``), never further than a regional or a mutually read form:
``en-GB`` takes ``en`` and ``gsw`` takes ``de``, but ``uk`` never ``ru``, ``ca`` never ``es``, ``da``
never ``nb``.

Formality is a private-use tag: ``de-x-formal`` beside ``de``. It decides among texts of the same
language only; a shopper's locale seldom names one, then the store's locale does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import langcodes
from babel.core import get_global
from babel.languages import get_territory_language_info
from langcodes.tag_parser import LanguageTagError

FORMALITIES = ("formal", "informal")
_PARENTS = get_global("parent_exceptions")

# CLDR 36.1 language matching: another region is 3-5, another script of Serbian 5, Luxembourgish or
# Swiss German to German and Bosnian to Croatian 8; Serbian to Croatian is 9, Danish to Norwegian 12,
# Catalan to Spanish 20, Ukrainian to Russian 24.
MAX_DISTANCE = 8


class Reason(StrEnum):
    """Which question decided the language."""

    CHOSEN = "chosen"
    CHECKOUT = "checkout"
    CUSTOMER = "customer"
    COUNTRY = "country"
    STORE = "store"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the available BCP 47 tags, as it was given, and why it was taken."""

    tag: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Wish:
    tag: str
    formality: str | None


def choose_language(
    checkout_locale: str | None,
    customer_locale: str | None,
    country: str | None,
    store_locale: str | None,
    available: Collection[str],
    chosen: str | None = None,
) -> Choice | None:
    """The language to use, out of ``available``; None if neither wish nor English is among them.

    Locales are as platforms write them (``sl-SI``, ``de_DE_formal``); ``country`` is ISO 3166-1
    alpha-2; ``chosen`` is the shopper's own choice. What cannot be read is passed over.
    """
    return _choose(chosen, checkout_locale, customer_locale, country, store_locale, tuple(available))


def match_language(
    locale: str | None, available: Collection[str], store_locale: str | None = None
) -> str | None:
    """The one of ``available`` that a reader of ``locale`` reads as their own, or None."""
    return _match(locale, tuple(available), store_locale)


def country_language(country: str | None) -> str | None:
    """The language that CLDR expects in a country (``SI`` -> ``sl``); None for no known country."""
    territory = (country or "").strip().upper()
    if not get_territory_language_info(territory):
        return None
    likely = langcodes.Language.make(territory=territory).maximize()
    return likely.simplify_script().to_tag()


@lru_cache(maxsize=4096)
def parents(tag: str) -> tuple[str, ...]:
    """The tag itself and those it inherits from, nearest first, as CLDR has them.

    ``es-MX`` -> ``es-419`` -> ``es``. Another script than the language's usual one inherits nothing:
    ``zh-Hant`` is no child of ``zh``. A tone comes before a region: ``de-CH-x-formal`` ->
    ``de-x-formal`` -> ``de-CH`` -> ``de``.
    """
    public, _, private = tag.partition("-x-")
    chain = [public]
    while (parent := _parent(chain[-1])) is not None:
        chain.append(parent)
    return (*(f"{one}-x-{private}" for one in chain), *chain) if private else tuple(chain)


def _parent(tag: str) -> str | None:
    exception = _PARENTS.get(tag.replace("-", "_"))
    if exception is not None:
        return None if exception == "root" else exception.replace("_", "-")
    base = tag.rpartition("-")[0]
    if not base:
        return None
    script = langcodes.Language.get(tag).maximize().script
    if langcodes.Language.get(base).maximize().script == script:
        return base
    language = base.partition("-")[0]
    return f"{language}-{script}" if base == language and tag != f"{language}-{script}" else None


@lru_cache(maxsize=4096)
def _choose(
    chosen: str | None,
    checkout_locale: str | None,
    customer_locale: str | None,
    country: str | None,
    store_locale: str | None,
    available: tuple[str, ...],
) -> Choice | None:
    wishes = (
        (Reason.CHOSEN, chosen),
        (Reason.CHECKOUT, checkout_locale),
        (Reason.CUSTOMER, customer_locale),
        (Reason.COUNTRY, country_language(country)),
        (Reason.STORE, store_locale),
        (Reason.DEFAULT, "en"),
    )
    for reason, locale in wishes:
        tag = _match(locale, available, store_locale)
        if tag is not None:
            return Choice(tag, reason)
    return None


@lru_cache(maxsize=4096)
def _match(locale: str | None, available: tuple[str, ...], store_locale: str | None) -> str | None:
    wish = _read(locale)
    if wish is None:
        return None
    formality = wish.formality or _store_formality(wish, store_locale)
    ranked = [
        (langcodes.tag_distance(wish.tag, offer.tag), _formality_rank(formality, offer.formality), tag)
        for tag in available
        if (offer := _read(tag)) is not None
    ]
    near = [candidate for candidate in ranked if candidate[0] <= MAX_DISTANCE]
    return min(near)[2] if near else None


def _formality_rank(wanted: str | None, offered: str | None) -> int:
    if offered == wanted:
        return 0
    return 1 if offered is None else 2


def _store_formality(wish: _Wish, store_locale: str | None) -> str | None:
    store = _read(store_locale)
    if store is None or langcodes.tag_distance(wish.tag, store.tag) > MAX_DISTANCE:
        return None
    return store.formality


@lru_cache(maxsize=4096)
def _read(locale: str | None) -> _Wish | None:
    """A locale in any platform's spelling: POSIX suffixes and WordPress's ``_formal`` included."""
    plain = (locale or "").strip().partition(".")[0].partition("@")[0].replace("_", "-").lower()
    formality = next((subtag for subtag in plain.split("-") if subtag in FORMALITIES), None)
    public = plain.partition("-x-")[0]
    subtags = [subtag for subtag in public.split("-") if subtag not in FORMALITIES]
    while subtags:
        try:
            language = langcodes.Language.get("-".join(subtags))
        except LanguageTagError:
            subtags.pop()
            continue
        return _Wish(language.to_tag(), formality) if language.language else None
    return None
