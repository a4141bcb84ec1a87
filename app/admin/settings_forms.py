"""What a merchant may set, and what is wrong with what was typed. Pure: a form in, values and errors out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from phonenumbers import SUPPORTED_REGIONS

from app.admin import formats
from app.models import Store
from flows import opt_in
from flows.language import FORMALITIES

NO_COUNTRY = "Choose at least one country, or all of them."


@dataclass(frozen=True)
class TextsForm:
    """Whether texts name products."""

    name_products: bool


@dataclass(frozen=True)
class WordsForm:
    """In which tone texts speak (formal, informal, or empty: as is usual), what they may promise, and
    whether letters may lose their marks."""

    formality: str
    reserves_carts: bool
    economy_texts: bool


@dataclass(frozen=True)
class CountriesForm:
    """Where texts may go: everywhere within the limit, or in ``chosen`` only."""

    everywhere: bool
    chosen: frozenset[str]
    errors: Mapping[str, str] = field(default_factory=dict)


def stored_texts(store: Store) -> TextsForm:
    return TextsForm(store.name_products)


def read_texts(form: Mapping[str, str]) -> TextsForm:
    """The form as it was sent."""
    return TextsForm(form.get("name_products") == "1")


def stored_words(store: Store) -> WordsForm:
    return WordsForm(store.formality or "", store.reserves_carts, store.economy_texts)


def read_words(form: Mapping[str, str]) -> WordsForm:
    """The form as it was sent; a tone that there is not means the usual one."""
    formality = form.get("formality", "")
    known = formality if formality in FORMALITIES else ""
    return WordsForm(known, form.get("reserves_carts") == "1", form.get("economy_texts") == "1")


def stored_countries(store: Store) -> CountriesForm:
    return CountriesForm(store.countries is None, frozenset(store.countries or ()))


def read_countries(scope: str, chosen: Sequence[str], limit: frozenset[str] | None) -> CountriesForm:
    """The form as it was sent; ``limit`` are the countries that may be chosen, None: any."""
    codes = frozenset(code.strip().upper() for code in chosen)
    if scope == "all":
        return CountriesForm(True, codes)
    outside = codes - offered(limit)
    errors = {}
    if outside:
        errors["countries"] = f"Texts to {formats.countries(outside)} are not allowed on this server."
    elif not codes:
        errors["countries"] = NO_COUNTRY
    return CountriesForm(False, codes, errors)


@dataclass(frozen=True)
class OptInForm:
    """Where a consent must be confirmed: ``required`` by rule, ``chosen`` countries too, ``everywhere``."""

    scope: str
    chosen: frozenset[str]

    @property
    def stored(self) -> list[str]:
        """As the store keeps it."""
        return [opt_in.EVERYWHERE] if self.scope == "everywhere" else sorted(self.chosen)


def stored_opt_in(store: Store) -> OptInForm:
    asked = frozenset(store.double_opt_in_countries)
    scope = "everywhere" if opt_in.EVERYWHERE in asked else "chosen" if asked else "required"
    return OptInForm(scope, asked - {opt_in.EVERYWHERE})


def read_opt_in(scope: str, chosen: Sequence[str]) -> OptInForm:
    """The form as it was sent. A country that there is not is left out; none chosen means the rules alone."""
    codes = frozenset(code.strip().upper() for code in chosen) & frozenset(SUPPORTED_REGIONS)
    if scope == "chosen" and codes:
        return OptInForm("chosen", codes)
    return OptInForm("everywhere" if scope == "everywhere" else "required", frozenset())


def offered(limit: frozenset[str] | None) -> frozenset[str]:
    """The countries that the form lists."""
    return frozenset(SUPPORTED_REGIONS) if limit is None else limit
