"""In which language a text speaks to a shopper.

Asked in this order: what the shopper chose on the preference page, the locales of the checkout, of the
storefront and of the customer, the languages of the address's country, then of the number's, the
store's locale, English. A country's languages are the main one, then those of its law: the main one of
Congo has no text, so it gets French before the store's own language.

A locale matches a language by CLDR distance (``langcodes``), never further than a regional or a mutually
read form: ``en-GB`` takes ``en`` and ``gsw`` takes ``de``, but ``uk`` never ``ru``, ``ca`` never ``es``,
``da`` never ``nb``. Of several that match, the one is taken that the locale inherits from: ``es-AR``
takes ``es-419`` before ``es``, and ``en-AU`` takes ``en`` before ``en-GB``. A locale without a region has
that of the address where its language is official: ``fr`` in Canada is ``fr-CA``, ``zh`` in the United
States stays ``zh``.

Formality is a private-use tag: ``de-x-formal`` beside ``de``. It decides among texts of the same
language only; a shopper's locale seldom names one, then the store's setting does, then its locale.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import langcodes
from babel.core import get_global
from babel.languages import get_official_languages, get_territory_language_info
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
    STOREFRONT = "storefront"
    CUSTOMER = "customer"
    COUNTRY = "country"
    NUMBER = "number"
    STORE = "store"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is known of the shopper's language: locales as platforms write them (``sl-SI``,
    ``de_DE_formal``), countries by ISO 3166-1 alpha-2. What cannot be read is passed over.

    ``chosen`` is what the shopper said on the preference page; it comes before everything. ``country``
    is that of the address, ``number_country`` that of the phone number. ``formality`` is the store's
    setting: formal, informal, or None for what is usual.
    """

    checkout_locale: str | None = None
    customer_locale: str | None = None
    country: str | None = None
    store_locale: str | None = None
    chosen: str | None = None
    storefront_locale: str | None = None
    number_country: str | None = None
    formality: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the available BCP 47 tags, as it was given, and why it was taken."""

    tag: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Wish:
    tag: str
    formality: str | None


def choose_language(wishes: Wishes, available: Collection[str]) -> Choice | None:
    """The language to use, out of ``available``; None if neither wish nor English is among them."""
    return _choose(wishes, tuple(available))


def match_language(
    locale: str | None,
    available: Collection[str],
    store_locale: str | None = None,
    formality: str | None = None,
) -> str | None:
    """The one of ``available`` that a reader of ``locale`` reads as their own, or None."""
    return _match(locale, tuple(available), store_locale, formality)


def country_language(country: str | None, store_locale: str | None = None) -> str | None:
    """The language that CLDR expects in a country (``SI`` -> ``sl``); None for no known country.

    Where there are several official ones and the store speaks one of them, it is that one: a shop in
    French writes French to Belgium.
    """
    territory = (country or "").strip().upper()
    if not get_territory_language_info(territory):
        return None
    store = _read(store_locale)
    spoken = store.tag.partition("-")[0] if store else None
    official = get_official_languages(territory, de_facto=True)
    if spoken in {one.partition("_")[0] for one in official}:
        return f"{spoken}-{territory}"
    likely = langcodes.Language.make(territory=territory).maximize()
    return likely.simplify_script().to_tag()


def languages_of(country: str, available: Collection[str]) -> tuple[str, ...]:
    """Those of ``available`` that are spoken in a country: the main one first, then the official ones."""
    found = (_match(spoken, tuple(available), None, None) for spoken in _spoken_in(country, None))
    return tuple(dict.fromkeys(tag for tag in found if tag is not None))


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
def _choose(wishes: Wishes, available: tuple[str, ...]) -> Choice | None:
    place = wishes.country or wishes.number_country
    store = wishes.store_locale
    questions = (
        (Reason.CHOSEN, _in_place(wishes.chosen, place)),
        (Reason.CHECKOUT, _in_place(wishes.checkout_locale, place)),
        (Reason.STOREFRONT, _in_place(wishes.storefront_locale, place)),
        (Reason.CUSTOMER, _in_place(wishes.customer_locale, place)),
        *((Reason.COUNTRY, spoken) for spoken in _spoken_in(wishes.country, store)),
        *((Reason.NUMBER, spoken) for spoken in _spoken_in(wishes.number_country, store)),
        (Reason.STORE, store),
        (Reason.DEFAULT, "en"),
    )
    for reason, locale in questions:
        tag = _match(locale, available, store, wishes.formality)
        if tag is not None:
            return Choice(tag, reason)
    return None


def _spoken_in(country: str | None, store_locale: str | None) -> tuple[str | None, ...]:
    """The store's language if it is official in the country, the main one, the official ones."""
    territory = (country or "").strip().upper()
    official = get_official_languages(territory, de_facto=True)
    return (
        country_language(country, store_locale),
        country_language(country),
        *(f"{language.replace('_', '-')}-{territory}" for language in official),
    )


def _in_place(locale: str | None, country: str | None) -> str | None:
    """A locale that names a language only, as it is spoken in that country, if it is official there."""
    wish = _read(locale)
    territory = (country or "").strip().upper()
    official = get_official_languages(territory, regional=True, de_facto=True)
    if wish is None or wish.tag not in {one.partition("_")[0] for one in official}:
        return locale
    return f"{wish.tag}-{territory}" + (f"-x-{wish.formality}" if wish.formality else "")


@lru_cache(maxsize=4096)
def _match(
    locale: str | None, available: tuple[str, ...], store_locale: str | None, formality: str | None
) -> str | None:
    wish = _read(locale)
    if wish is None:
        return None
    wanted = wish.formality or _store_formality(wish, store_locale, formality)
    ranked = []
    for tag in available:
        offer = _read(tag)
        if offer is not None and (distance := langcodes.tag_distance(wish.tag, offer.tag)) <= MAX_DISTANCE:
            tone = _formality_rank(wanted, offer.formality)
            ranked.append(
                (not _same_language(wish.tag, offer.tag), tone, _nearness(wish, offer), distance, tag)
            )
    return min(ranked)[-1] if ranked else None


def _same_language(one: str, other: str) -> bool:
    """In the same script: who reads Serbian in Cyrillic gets that, whatever its tone."""
    return _written(one) == _written(other)


@lru_cache(maxsize=4096)
def _written(tag: str) -> tuple[str | None, str | None]:
    likely = langcodes.Language.get(tag).maximize()
    return likely.language, likely.script


def _nearness(wish: _Wish, offer: _Wish) -> int:
    """How far up the wish inherits from the offer; siblings come after all it inherits from."""
    chain = parents(wish.tag)
    return chain.index(offer.tag) if offer.tag in chain else len(chain)


def _formality_rank(wanted: str | None, offered: str | None) -> int:
    if offered == wanted:
        return 0
    return 1 if offered is None else 2


def _store_formality(wish: _Wish, store_locale: str | None, formality: str | None) -> str | None:
    """The store's setting holds for every language; the tone of its locale for that language only."""
    store = _read(store_locale)
    if formality or store is None or langcodes.tag_distance(wish.tag, store.tag) > MAX_DISTANCE:
        return formality
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
