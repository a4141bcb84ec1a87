"""Proves of every catalog in ``locales/`` that its texts can be sent: ``warmcart locale check``.

Nothing here is a list of languages: what is checked is what is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import langcodes
from babel import Locale
from babel.messages.pofile import read_po

from flows import catalogs, keywords
from flows.alphabets import Alphabet, alphabet
from flows.compose import BUDGET
from flows.direction import is_right_to_left, latin_neighbours
from flows.language import parents
from flows.locale_samples import LINK, OFFERS, STOP_LINK, Rendered, Samples, rendered, samples
from flows.placeholders import TemplateError, parse, placeholders
from flows.rules import read_table
from flows.segments import Encoding, offending_characters

HELD_TO_BUDGET = ("reminder", *OFFERS)
# Two links take half of a segment: the way out by link may cost one more.
BUDGET_BY_LINK = {encoding: segments + 1 for encoding, segments in BUDGET.items()}

REPLY_WORDS = {
    "sms.footer.stop": ({"stop"},),
    "sms.footer.stop_with_store": ({"stop"},),
    "sms.stop_confirmation": ({"start"},),
    "sms.start_confirmation": ({"stop"}, {"help"}),
    "sms.help": ({"stop"},),
    "sms.help.preferences": ({"stop"},),
    "sms.opt_in_request": ({"start", "confirm"}, {"help"}, {"stop"}),
    "sms.opt_in_confirmed": ({"stop"}, {"help"}),
}
"""The words that a text must name, by what ``rules/keywords.csv`` says they ask for."""

ABBREVIATIONS = frozenset({"SMS", "JSON"})
_TWO_DOTS = re.compile(r"(?<!\.)\.\u200f?\.(?!\.)")
_EXCLAMATION = re.compile("[!！¡]")
_LATIN = "A-Za-z\\u00c0-\\u024f\\u1e00-\\u1eff"
# In scripts without spaces a Latin word may stand amid the letters of its sentence.
_WORD = re.compile(rf"[{_LATIN}]+(?:['’][{_LATIN}]+)*|[^\W\d_{_LATIN}]+")
_LATIN_WORD = re.compile(rf"[{_LATIN}]{{2,}}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a catalog, where: a key, or a text with its product and way out."""

    language: str
    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.language} {self.place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of one catalog."""

    language: str
    inherits: str | None
    alphabet: Alphabet | None
    samples: Samples | None
    texts: tuple[Rendered, ...]
    findings: tuple[Finding, ...]


def check_all() -> tuple[Report, ...]:
    """A report for each language of ``locales/``, in alphabetical order."""
    return tuple(map(check, catalogs.languages()))


def check(language: str) -> Report:
    """Everything that can be proven of one catalog."""
    words = _words(language)
    faults = [*_keys(language), *_templates(words)]
    texts: tuple[Rendered, ...] = ()
    sample = None
    try:
        sample = samples(language)
    except ValueError as error:
        faults.append(("samples.json", str(error)))
    if sample is None:
        faults.append(("samples.json", "is missing: a store, two products and a first name of this market"))
    if not faults and sample is not None:
        texts = tuple(rendered(language, sample))
        faults += [*_samples(sample), *_budget(language, texts), *_dots(texts)]
        faults += _order(language, texts) if is_right_to_left(language) else []
    for key, text in words.items():
        faults += _tone(language, key, text)
    inherits = next((tag for tag in parents(language)[1:] if tag in catalogs.languages()), None)
    findings = tuple(Finding(language, place, problem) for place, problem in faults)
    return Report(language, inherits, alphabet(language), sample, texts, findings)


def _words(language: str) -> dict[str, str]:
    """What the language says by key, with what it inherits; the fuzzy and the empty left out."""
    chain = [tag for tag in reversed(parents(language)) if tag in catalogs.languages()]
    return {key: text for tag in chain for key, text in catalogs.messages(tag).items()}


Faults = Iterator[tuple[str, str]]


def _keys(language: str) -> Faults:
    said = _words(language).keys()
    for key in sorted(catalogs.template_keys() - said):
        yield key, "has no words, or they are marked fuzzy"
    for key in sorted(said - catalogs.template_keys()):
        yield key, "is not in warmcart.pot"
    yield from _plurals(language)


def _plurals(language: str) -> Faults:
    with (files("locales") / language / "LC_MESSAGES" / "warmcart.po").open("rb") as file:
        catalog = read_po(file)
    forms = Locale.parse(language.partition("-x-")[0], sep="-").plural_form.tags | {"other"}
    for message in catalog:
        if isinstance(message.string, tuple) and len(list(filter(None, message.string))) < len(forms):
            yield str(message.id), f"needs a form for each of {', '.join(sorted(forms))}"


def _templates(words: dict[str, str]) -> Faults:
    english = catalogs.messages("en")
    for key, text in words.items():
        try:
            found = sorted(placeholders(text))
        except TemplateError as error:
            yield key, str(error)
            continue
        wanted = sorted(placeholders(english.get(key, text)))
        if found != wanted:
            yield key, f"has the placeholders {_shown(found)}, not {_shown(wanted)}"
        if "count" in found:
            yield key, "counts: only a plural message may do so"


def _shown(names: list[str]) -> str:
    return " ".join(f"{{{name}}}" for name in names) or "(none)"


def _samples(sample: Samples) -> Faults:
    if not offending_characters(sample.product_outside_gsm7):
        yield "samples.json", "product_outside_gsm7 fits GSM-7"


def _budget(language: str, texts: tuple[Rendered, ...]) -> Faults:
    known = alphabet(language)
    if known is None:
        yield "alphabets.csv", "does not say in which alphabet this language is written"
        return
    for text in texts:
        if text.key not in HELD_TO_BUDGET or text.product == "outside_gsm7":
            continue
        place = f"sms.{text.key} ({text.product}, way out by {text.way_out})"
        cost = text.measure
        most = (BUDGET_BY_LINK if text.way_out == "link" else BUDGET)[known.encoding]
        if known.encoding is Encoding.GSM7 and cost.encoding is Encoding.UCS2:
            yield place, f"does not fit GSM-7 because of {' '.join(offending_characters(text.body))}"
        elif cost.segments > most:
            yield (
                place,
                f"takes {cost.segments} segments ({cost.encoding} {cost.units}), at most {most}: {text.body}",
            )


def _dots(texts: tuple[Rendered, ...]) -> Faults:
    """No sentence ends with what may end in a dot itself: "until 30. Nov.." """
    for text in texts:
        if _TWO_DOTS.search(text.body):
            yield f"sms.{text.key} ({text.product})", f"has two dots: {text.body}"


def _order(language: str, texts: tuple[Rendered, ...]) -> Faults:
    """The link and the words to reply with keep their place, under Latin names of shops and products too."""
    latin = samples("en")
    for text in (*texts, *(rendered(language, latin) if latin else ())):
        for part in (LINK, STOP_LINK):
            if part in text.body and latin_neighbours(text.body, part):
                yield f"sms.{text.key}", f"{part} touches other Latin letters: {text.body}"
        for word in re.findall(r"\b[A-Z]{3,}\b", text.body):
            if word not in ABBREVIATIONS and latin_neighbours(text.body, word):
                yield f"sms.{text.key}", f"{word} touches other Latin letters: {text.body}"


def _tone(language: str, key: str, text: str) -> Faults:
    """No English, no shouting, and only words to reply with that are understood."""
    try:
        plain = " ".join(piece.words for piece in parse(text))
    except TemplateError:
        return
    if _EXCLAMATION.search(plain):
        yield key, "has an exclamation mark"
    if not language.startswith("en") and text == catalogs.messages("en").get(key):
        yield key, f"is left in English: {text}"
    named = _reply_words(language, plain)
    accepted = ABBREVIATIONS.union(*(word.split() for word in named))
    for word in dict.fromkeys(_WORD.findall(plain)):
        if word in accepted:
            continue
        if _is_capital(word):
            yield key, f"{word} is in capitals, and rules/keywords.csv has no such word"
        elif not _is_latin(language) and _LATIN_WORD.fullmatch(word):
            yield key, f"{word} is left in Latin letters"
    for wanted in REPLY_WORDS.get(key, ()):
        if not wanted & set(named.values()):
            yield key, f"names no word of rules/keywords.csv for {' or '.join(sorted(wanted))}"


def _reply_words(language: str, plain: str) -> dict[str, str]:
    """The words of ``plain`` that a reply may consist of, each with its intent: those in capitals, and
    those that stand there as the table writes them, for not every script has capitals."""
    words = [word for word in _WORD.findall(plain) if _is_capital(word)]
    for word in _known_words(language.partition("-")[0]):
        apart = re.search(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", plain)
        if apart or (word.lower() == word.upper() and word in plain):
            words.append(word)
    intents = {word: keywords.intent(word) for word in words}
    return {word: str(intent.kind) for word, intent in intents.items() if intent.exact}


@cache
def _known_words(base: str) -> tuple[str, ...]:
    rows = read_table("keywords")
    return tuple(row["keyword"] for row in rows if row["language"].partition("-")[0] in (base, "en"))


def _is_capital(word: str) -> bool:
    return len(word) > 1 and word.isupper() and word.lower() != word


def _is_latin(language: str) -> bool:
    return langcodes.Language.get(language.partition("-x-")[0]).maximize().script == "Latn"
