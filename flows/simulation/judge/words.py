"""The words of a text as the judge reads them, with its own count of segments and sense of language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files

from babel.core import get_global
from babel.languages import get_official_languages
from babel.messages.pofile import read_po

from flows.simulation.truth import REQUEST, Cart, Decision, Shopper

# 3GPP TS 23.038, table of the default alphabet row by row, and its extension.
_ALPHABET = set(
    "@Δ 0¡P¿p£_!1AQaq$Φ\"2BRbr¥Γ#3CScsèΛ¤4DTdtéΩ%5EUeuùΠ&6FVfvìΨ'7GWgwòΣ(8HXhxÇΘ)9IYiy"
    "\nΞ*:JZjzØ+;KÄkäøÆ,<LÖlö\ræ-=MÑmñÅß.>NÜnüåÉ/?O§oà"
)
_EXTENSION = set("\f^{}\\[~]|€")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_LOOK_ALIKE = str.maketrans(
    dict.fromkeys("‘’‚‛′", "'")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("–—‐‑−", "-")
    | {"…": "...", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "œ": "oe", "Œ": "OE"}
)
# Other names of a language, and the pairs that readers of the one read as their own.
_SAME = {"no": "nb", "gsw": "de", "lb": "de", "in": "id", "iw": "he", "sh": "sr-Latn"}
_NEIGHBOURS = {frozenset({"hr-Latn", "bs-Latn"})}


def segments(body: str) -> int:
    """Packed greedily: a pair of an escape, or of surrogates, stays in one segment."""
    if all(letter in _ALPHABET or letter in _EXTENSION for letter in body):
        sizes, single, several = [2 if letter in _EXTENSION else 1 for letter in body], 160, 153
    else:
        sizes, single, several = [2 if ord(letter) > 0xFFFF else 1 for letter in body], 70, 67
    if sum(sizes) <= single:
        return min(1, len(sizes))
    count, left = 1, several
    for size in sizes:
        if size > left:
            count, left = count + 1, several
        left -= size
    return count


def complaints(shopper: Shopper, cart: Cart, decision: Decision) -> Iterator[str]:
    """What is wrong with the words of a text that left."""
    body, language = decision.body or "", decision.language or ""
    if decision.segments != segments(body):
        yield f"{decision.segments} segments are counted, {segments(body)} travel"
    if language not in _approved(decision.step, shopper):
        yield f"no approved text in {language!r}"
        return
    if not _fits(language, shopper, cart, decision.step):
        yield f"{language} is not what is known of the shopper"
    if decision.step == REQUEST:
        if not _matches(body, _templates("sms.opt_in_request", language)):
            yield "the request has other words than the approved ones"
        return
    yield from _of_cart(shopper, decision, body, language)


def _of_cart(shopper: Shopper, decision: Decision, body: str, language: str) -> Iterator[str]:
    link = decision.link or "?"
    if len(re.findall(re.escape(link) + r"(?=[.,;:!?)]*(?:\s|$))", body)) != 1 or body.count(link) != 1:
        yield "the link does not stand there whole and once"
    words, _, way_out = body.rpartition("\n")
    key = "sms.footer.link" if decision.stop_link else "sms.footer.stop"
    footers = [one for tag in _lineage(language) for one in _templates(key, tag)]
    footers += [one for tag in _lineage(language) for one in _templates(f"{key}_with_store", tag)]
    if not _matches(way_out, footers):
        yield "the last line is no way out"
    elif decision.stop_link and decision.stop_link not in way_out:
        yield "the way out leads nowhere"
    own = [shopper.store.words.get(decision.step, {}).get(language, "")]
    keys = [f"sms.{decision.step}{form}" for form in ("", ".unnamed", ".reserved", ".reserved.unnamed")]
    approved = [words for words in own if words] + [one for key in keys for one in _templates(key, language)]
    if not _matches(words, approved):
        yield "the words are no approved text of that language"


def _approved(step: str, shopper: Shopper) -> frozenset[str]:
    key = f"sms.{step}"
    return _languages_with(key) | frozenset(shopper.store.words.get(step, {}))


@cache
def _languages_with(key: str) -> frozenset[str]:
    return frozenset(tag for tag in _catalogs() if _templates(key, tag))


@cache
def _catalogs() -> tuple[str, ...]:
    return tuple(one.name for one in files("locales").iterdir() if (one / "LC_MESSAGES").is_dir())


@cache
def _catalog(tag: str) -> dict[str, str]:
    with (files("locales") / tag / "LC_MESSAGES" / "warmcart.po").open("rb") as file:
        return {
            str(one.id): str(one.string) for one in read_po(file) if one.id and one.string and not one.fuzzy
        }


def _lineage(language: str) -> list[str]:
    """The tag, then what it may take words from: the same language in the same script."""
    public, _, tone = language.partition("-x-")
    chain, base = [public], public
    while "-" in base:
        base = base.rpartition("-")[0]
        chain.append(base)
    if public.startswith("es-"):
        chain.insert(1, "es-419")
    if "Latn" not in public and "Hant" not in public:
        chain = [tag for tag in chain if tag]
    else:
        chain = [tag for tag in chain if "Latn" in tag or "Hant" in tag]
    return [f"{one}-x-{tone}" for one in chain] + chain if tone else chain


@cache
def _templates(key: str, language: str) -> tuple[str, ...]:
    known = (tag for tag in _lineage(language) if tag in _catalogs())
    found = next((_catalog(tag)[key] for tag in known if key in _catalog(tag)), None)
    return (found,) if found else ()


def _matches(words: str, templates: list[str] | tuple[str, ...]) -> bool:
    plain = _plain(words)
    return any(_pattern(template).fullmatch(plain) for template in templates)


@lru_cache(maxsize=4096)
def _pattern(template: str) -> re.Pattern[str]:
    """A template as it comes out: placeholders stand for anything, letters for themselves without marks."""
    parts = _PLACEHOLDER.split(_plain(template))
    literal = [re.escape(part) if number % 2 == 0 else ".+?" for number, part in enumerate(parts)]
    return re.compile("".join(literal), re.DOTALL)


def _plain(words: str) -> str:
    """Without marks, fine typography and what cannot be seen."""
    apart = unicodedata.normalize("NFKD", words.translate(_LOOK_ALIKE)).translate(_LOOK_ALIKE)
    seen = (letter for letter in apart if unicodedata.category(letter) not in ("Mn", "Cf"))
    return re.sub(r"\s+", " ", "".join(seen)).strip()


def _fits(language: str, shopper: Shopper, cart: Cart, step: str) -> bool:
    """The first thing known of the shopper for which there is a text decides, and this is its language."""
    chosen = _base(language)
    available = {_base(tag) for tag in _approved(step, shopper)}
    for wish in _wishes(shopper, cart):
        read = {one for tag in wish for one in available if _reads(tag, one)}
        if read:
            return chosen in read
    return False


def _wishes(shopper: Shopper, cart: Cart) -> Iterator[set[str]]:
    """The languages of each thing known, the strongest first."""
    store, address = _base(shopper.store.locale), (shopper.address[0] or "").upper()
    locales = (shopper.chosen_language, cart.checkout_locale, cart.storefront_locale, shopper.locale)
    for locale in locales:
        yield {_base(locale or "", address or shopper.country)}
    for country in (address, shopper.country):
        yield _spoken(country, store)
        yield _spoken(country, None)
    yield {store}
    yield {"en-Latn"}


def _reads(wanted: str, offered: str) -> bool:
    return wanted == offered or frozenset({wanted, offered}) in _NEIGHBOURS


@lru_cache(maxsize=1024)
def _base(locale: str, place: str = "") -> str:
    """The language of a locale with the script that it is written in: ``sr-Cyrl``, ``zh-Hant``; or nothing.

    A locale that names a language only is read as it is written in the place, if it is official there.
    """
    name, *rest = re.split("[-_]", re.split("[.@]", locale.strip())[0])
    name, _, script = _SAME.get(name.lower(), name.lower()).partition("-")
    script = next((part.title() for part in rest if len(part) == 4 and part.isalpha()), script)
    if not script:
        official = get_official_languages(place, regional=True, de_facto=True)
        here = place if not rest and name in {one.split("_")[0] for one in official} else ""
        region = next((part.upper() for part in rest if len(part) == 2), here)
        known = get_global("likely_subtags")
        likely = known.get(f"{name}_{region}") or known.get(name) or ""
        script = likely.split("_")[1] if likely else ""
    return f"{name}-{script}" if script else ""


@lru_cache(maxsize=1024)
def _spoken(country: str | None, store: str | None) -> set[str]:
    """What is spoken in a country: the store's language if that is official there, else all that are."""
    country = (country or "").upper()
    if country not in get_global("territory_languages"):
        return set()
    official = {_base(tag) for tag in get_official_languages(country, de_facto=True)}
    if store is not None:
        return official & {store}
    return official | {_base(get_global("likely_subtags").get(f"und_{country}", "en_Latn_US"))}
