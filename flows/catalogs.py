"""The words that shoppers read: gettext catalogs in ``locales/``, one folder per BCP 47 tag.

A message is found by a stable key, never by its English words::

    #. First text. {store} {product} {link}
    msgid "sms.reminder"
    msgstr "{store}: your cart with {product} is saved. ..."

To add words: put the key with a comment for the translator into ``locales/warmcart.pot``, then the
key with its words into ``locales/<tag>/LC_MESSAGES/warmcart.po`` of every language. Keys that start
with ``sms.`` are texts, ``page.<page>.<part>`` belongs to a page. Placeholders are named and the
same in every language; ``{{`` is a brace. The tests compare all catalogs with the template and
with ``docs/locales.md``. Nothing is compiled: catalogs are read once, when first asked for.

``locales/<tag>/samples.json`` holds a shop, products and a first name as they are called in that
market, long rather than short: with them ``flows.locale_check`` measures the texts.

A regional or formality catalog (``de-CH``, ``de-x-formal``) need only hold what differs: the rest is
its parent's (``flows.language.parents``). A page falls back to English in the end, a text never does:
who cannot be addressed in the chosen language gets another language by choice (``flows.language``),
not by accident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

from flows.language import parents
from flows.placeholders import fill, parse

SMS = "sms."
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*(-x-[a-z]{1,8})?")
BUILT_IN_STEPS = frozenset({"reminder", "second_call", "last_call"})


class MissingText(LookupError):
    """No catalog of the language, nor of its base language, has this key."""


@cache
def languages() -> tuple[str, ...]:
    """The BCP 47 tags of all catalogs."""
    folders = (folder for folder in files("locales").iterdir() if folder.is_dir())
    return tuple(sorted(folder.name for folder in folders if (folder / "LC_MESSAGES").is_dir()))


@cache
def languages_with(key: str) -> tuple[str, ...]:
    """The languages in which a text can be said without borrowing from English."""
    return tuple(tag for tag in languages() if _find(key, tag) is not None)


def template(key: str, language: str) -> str:
    """The words of ``key`` with their placeholders. Raises MissingText."""
    words = _find(key, language)
    if words is None and not key.startswith(SMS):
        words = _find(key, "en")
    if words is None:
        raise MissingText(f"{key} has no words in {language}")
    return words


def text(key: str, language: str, **values: str) -> str:
    """The words of ``key`` with ``values`` put in as they are: escape them where they are shown.

    Raises MissingText, and TemplateError when a value is missing.
    """
    return fill(parse(template(key, language)), values)


@cache
def messages(language: str) -> Mapping[str, str]:
    """What the catalog of one of ``languages()`` says by itself, by key; the fuzzy is left out."""
    with (files("locales") / language / "LC_MESSAGES" / "warmcart.po").open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    return {
        str(message.id): str(message.string)
        for message in catalog
        if message.id and message.string and not message.fuzzy
    }


@cache
def template_keys() -> frozenset[str]:
    """The keys that every language has."""
    with (files("locales") / "warmcart.pot").open("rb") as file:
        return frozenset(str(message.id) for message in read_po(file, abort_invalid=True) if message.id)


def _find(key: str, language: str) -> str | None:
    if not _TAG.fullmatch(language):
        return None
    known = (tag for tag in parents(language) if tag in languages())
    return next((messages(tag)[key] for tag in known if key in messages(tag)), None)
