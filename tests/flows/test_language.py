"""In which language a shopper is addressed, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.language import (
    Choice,
    Reason,
    Wishes,
    choose_language,
    country_language,
    languages_of,
    match_language,
    parents,
)

TAGS = ("de", "en", "es", "fr", "pl", "sl")
REGIONAL = (
    *("en", "en-GB", "en-US", "es", "es-419", "es-MX", "fr", "fr-CA", "de", "de-CH", "pt", "pt-BR"),
    *("zh-Hans", "zh-Hant", "sr", "sr-Latn", "nb", "he"),
)


def choose(
    checkout: str | None = None,
    customer: str | None = None,
    country: str | None = None,
    store: str | None = None,
    available: tuple[str, ...] = TAGS,
) -> Choice | None:
    wishes = Wishes(checkout, customer, country, store)
    return choose_language(wishes, available)


def test_the_shopper_s_own_choice_decides_before_everything_else() -> None:
    choice = choose_language(Wishes("sl-SI", "de", "FR", "pl", chosen="es"), TAGS)
    assert choice == Choice("es", Reason.CHOSEN)


def test_a_choice_without_text_passes_the_question_on() -> None:
    choice = choose_language(Wishes("sl-SI", "de", "FR", "pl", chosen="es"), ("sl", "en"))
    assert choice == Choice("sl", Reason.CHECKOUT)


def test_then_the_checkout() -> None:
    assert choose("sl-SI", "de", "FR", "pl") == Choice("sl", Reason.CHECKOUT)


def test_then_the_storefront() -> None:
    wishes = Wishes(None, "de-AT", "FR", "pl", storefront_locale="sl")
    assert choose_language(wishes, TAGS) == Choice("sl", Reason.STOREFRONT)


def test_then_the_customer() -> None:
    assert choose(None, "de-AT", "FR", "pl") == Choice("de", Reason.CUSTOMER)


def test_then_the_main_language_of_the_country() -> None:
    assert choose(None, None, "FR", "pl") == Choice("fr", Reason.COUNTRY)


def test_then_that_of_the_number_s_country() -> None:
    wishes = Wishes(None, None, "IT", "pl", number_country="FR")
    assert choose_language(wishes, TAGS) == Choice("fr", Reason.NUMBER)


def test_a_shop_that_speaks_one_of_a_country_s_languages_speaks_it_there() -> None:
    assert choose(None, None, "BE", "fr-FR", ("nl", "fr")) == Choice("fr", Reason.COUNTRY)
    assert choose(None, None, "BE", "de-BE", ("nl", "fr")) == Choice("nl", Reason.COUNTRY)
    assert choose(None, None, "CA", "fr", ("en", "fr", "fr-CA")) == Choice("fr-CA", Reason.COUNTRY)


def test_then_the_store() -> None:
    assert choose(None, None, None, "pl_PL") == Choice("pl", Reason.STORE)


def test_then_english() -> None:
    assert choose() == Choice("en", Reason.DEFAULT)


def test_a_language_without_text_passes_the_question_on() -> None:
    assert choose("it-IT", "ja", "IT", "sl") == Choice("sl", Reason.STORE)


def test_nothing_is_chosen_where_there_is_neither_a_wish_nor_english() -> None:
    assert choose("it", None, None, "sl", available=("fr", "de")) is None
    assert choose("it", None, None, "sl", available=()) is None


@pytest.mark.parametrize(
    ("wish", "taken"),
    [("en-GB", "en"), ("en_US.UTF-8", "en"), ("es-MX", "es"), ("fr-CA", "fr"), ("gsw", "de"), ("lb", "de")],
)
def test_a_region_or_a_dialect_takes_its_language(wish: str, taken: str) -> None:
    assert match_language(wish, TAGS) == taken


@pytest.mark.parametrize(
    ("wish", "near"),
    [
        ("uk", "ru"),
        ("ca", "es"),
        ("da", "nb"),
        ("sk", "cs"),
        ("br", "fr"),
        ("sr", "hr"),
        ("zh-TW", "zh-Hans"),
    ],
)
def test_a_neighbour_is_not_ones_own_language(wish: str, near: str) -> None:
    assert match_language(wish, [near]) is None


def test_the_nearest_of_several_regions_is_taken() -> None:
    assert match_language("es-AR", ["es-ES", "es-MX"]) == "es-MX"
    assert match_language("en-AU", ["en-US", "en-GB"]) == "en-GB"


@pytest.mark.parametrize(
    ("wish", "taken"),
    [
        ("en-AU", "en"),
        ("en-IE", "en"),
        ("en-GB", "en-GB"),
        ("en-US", "en-US"),
        ("en", "en"),
        ("es-AR", "es-419"),
        ("es-MX", "es-MX"),
        ("es-ES", "es"),
        ("fr-CH", "fr"),
        ("fr-CA", "fr-CA"),
        ("de-CH", "de-CH"),
        ("de-AT", "de"),
        ("gsw", "de-CH"),
        ("pt-PT", "pt"),
        ("pt-AO", "pt"),
        ("pt-BR", "pt-BR"),
        ("zh", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("sr-Latn-RS", "sr-Latn"),
        ("sr-ME", "sr-Latn"),
        ("sr-RS", "sr"),
        ("no", "nb"),
        ("iw", "he"),
    ],
)
def test_what_a_locale_inherits_from_is_nearer_than_a_neighbour(wish: str, taken: str) -> None:
    assert match_language(wish, REGIONAL) == taken


def test_a_language_without_a_region_is_spoken_as_in_the_country() -> None:
    assert choose("fr", None, "CA", None, ("fr", "fr-CA")) == Choice("fr-CA", Reason.CHECKOUT)
    assert choose("pt", None, "BR", None, ("pt", "pt-BR")) == Choice("pt-BR", Reason.CHECKOUT)
    assert choose("zh", None, "TW", None, ("zh-Hans", "zh-Hant")) == Choice("zh-Hant", Reason.CHECKOUT)
    assert choose("fr-FR", None, "CA", None, ("fr", "fr-CA")) == Choice("fr", Reason.CHECKOUT)
    assert choose("es", None, "US", None, ("es", "es-419")) == Choice("es-419", Reason.CHECKOUT)


@pytest.mark.parametrize("country", ["US", "AU", "ZZ", "../", None])
def test_a_language_that_is_not_official_in_the_country_stays_as_it_is(country: str | None) -> None:
    assert choose("zh", None, country, None, ("zh-Hans", "zh-Hant")) == Choice("zh-Hans", Reason.CHECKOUT)


def test_a_language_with_a_region_by_the_number() -> None:
    by_number = Wishes("en", number_country="GB")
    assert choose_language(by_number, ("en", "en-GB")) == Choice("en-GB", Reason.CHECKOUT)


def test_the_store_s_setting_of_tone_holds_for_every_language_that_has_two() -> None:
    offers = ("de", "de-CH", "de-x-formal", "de-CH-x-formal", "fr", "fr-x-informal")
    formal = Wishes("de-AT", store_locale="en", formality="formal")
    assert choose_language(formal, offers) == Choice("de-x-formal", Reason.CHECKOUT)
    swiss = Wishes("de", country="CH", formality="formal")
    assert choose_language(swiss, offers) == Choice("de-CH-x-formal", Reason.CHECKOUT)
    assert choose_language(Wishes("fr-FR", formality="formal"), offers) == Choice("fr", Reason.CHECKOUT)
    assert choose_language(Wishes("fr-FR", formality="informal"), offers) == Choice(
        "fr-x-informal", Reason.CHECKOUT
    )


@pytest.mark.parametrize(
    ("tag", "chain"),
    [
        ("es-MX", ("es-MX", "es-419", "es")),
        ("en-GB", ("en-GB", "en-001", "en")),
        ("zh-Hant", ("zh-Hant",)),
        ("zh-TW", ("zh-TW", "zh-Hant")),
        ("sr-Latn", ("sr-Latn",)),
        ("pt-PT", ("pt-PT", "pt")),
        ("pt-BR", ("pt-BR", "pt")),
        ("de-CH-x-formal", ("de-CH-x-formal", "de-x-formal", "de-CH", "de")),
    ],
)
def test_a_tag_inherits_along_the_parents_of_cldr(tag: str, chain: tuple[str, ...]) -> None:
    assert parents(tag) == chain


@pytest.mark.parametrize(
    "nonsense", [None, "", "  ", "und", "xx", "garbage", "x-formal", "\x00", "e", "-", "1"]
)
def test_what_cannot_be_read_is_passed_over(nonsense: str | None) -> None:
    assert choose(nonsense, nonsense, nonsense, "fr") == Choice("fr", Reason.STORE)


@pytest.mark.parametrize("wish", ["de-x-formal", "de_DE_formal", "de-AT-x-formal"])
def test_a_formal_locale_takes_the_formal_text(wish: str) -> None:
    assert match_language(wish, ["de", "de-x-formal"]) == "de-x-formal"


def test_a_locale_without_formality_takes_the_plain_text() -> None:
    assert match_language("de-DE", ["de-x-formal", "de", "de-x-informal"]) == "de"


def test_the_stores_formality_holds_for_shoppers_of_its_language() -> None:
    assert match_language("de-AT", ["de", "de-x-formal", "fr"], "de_DE_formal") == "de-x-formal"
    assert match_language("fr", ["fr", "fr-x-formal"], "de_DE_formal") == "fr"


def test_a_text_of_another_formality_is_better_than_another_language() -> None:
    assert match_language("de", ["en", "de-x-formal"]) == "de-x-formal"
    assert match_language("de-x-formal", ["en", "de"]) == "de"


@pytest.mark.parametrize(
    ("country", "language"),
    [("SI", "sl"), ("si", "sl"), ("AT", "de"), ("CH", "de"), ("MX", "es"), ("US", "en"), ("BE", "nl")],
)
def test_a_country_speaks_its_main_language(country: str, language: str) -> None:
    assert match_language(country_language(country), [language]) == language


@pytest.mark.parametrize(
    ("country", "store", "language"),
    [("CD", "sl", "fr"), ("KE", "sl", "en"), ("MU", "pt-BR", "fr"), ("DJ", "de", "fr"), ("DJ", "ar", "ar")],
)
def test_where_the_main_language_of_a_country_has_no_text_its_official_ones_come_before_the_store_s(
    country: str, store: str, language: str
) -> None:
    available = ["ar", "de", "en", "fr", "pt-BR", "sl"]
    of_address, of_number = Wishes(country=country, store_locale=store), Wishes(number_country=country)
    assert choose_language(of_address, available) == Choice(language, Reason.COUNTRY)
    assert choose_language(replace(of_number, store_locale=store), available) == Choice(
        language, Reason.NUMBER
    )


@pytest.mark.parametrize(
    ("locale", "country", "language"),
    [("sr", "RU", "sr"), ("sr", "ME", "sr-Latn"), ("zh", "TW", "zh-Hant"), ("zh", "RU", "zh-Hans")],
)
def test_a_language_alone_is_read_as_it_is_written_in_the_place(
    locale: str, country: str, language: str
) -> None:
    available = ["en", "sr", "sr-Latn", "zh-Hans", "zh-Hant"]
    wishes = Wishes(checkout_locale=locale, number_country=country)
    assert choose_language(wishes, available) == Choice(language, Reason.CHECKOUT)


@pytest.mark.parametrize("country", [None, "", "ZZ", "QQ", "Slovenia", "S"])
def test_an_unknown_country_speaks_none(country: str | None) -> None:
    assert country_language(country) is None


locales = (
    st.none() | st.text(max_size=12) | st.sampled_from(["sl", "de-AT", "it", "uk", "en_GB", "de_DE_formal"])
)
countries = st.none() | st.text(max_size=3) | st.sampled_from(["SI", "US", "IT", "UA"])
offers = st.lists(
    st.sampled_from([*TAGS, "en-GB", "de-x-formal", "pt-BR", "zh-Hant"]), unique=True, max_size=6
)


@given(locales, locales, countries, locales, offers)
def test_only_a_language_with_a_text_is_ever_chosen(
    checkout: str | None, customer: str | None, country: str | None, store: str | None, available: list[str]
) -> None:
    wishes = Wishes(checkout, customer, country, store)
    choice = choose_language(wishes, available)
    if choice is None:
        assert match_language("en", available) is None
    else:
        assert choice.tag in available
    assert choice == choose_language(wishes, list(reversed(available)))


def test_a_country_s_languages_are_those_with_a_text_the_main_one_first() -> None:
    available = ["de", "en", "fr", "fr-CA", "it", "sl"]
    assert languages_of("CA", available) == ("en", "fr-CA")
    assert languages_of("CH", available) == ("de", "fr", "it")
    assert languages_of("CD", available) == ("fr",)
    assert languages_of("GL", available) == ()
