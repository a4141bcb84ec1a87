"""Money in texts: as each country writes it, and never at the price of a second segment."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.events import Money
from flows.compose import CartText, Composed, Product, compose
from flows.language import Wishes
from flows.merge_fields import format_money
from flows.segments import Encoding, fits_gsm7, normalise

LINK = "https://go.example.com/r/AbCdEfGhIjKl"
# Where CLDR 48 puts a no-break space, an apostrophe or a symbol that GSM-7 lacks, and where not.
PLACES = (
    *("en-US:USD", "en-GB:GBP", "en-AU:AUD", "en-CA:CAD", "fr-CA:CAD", "en-IE:EUR", "de-DE:EUR"),
    *("de-AT:EUR", "de-CH:CHF", "fr-FR:EUR", "fr-BE:EUR", "fr-CH:CHF", "it-IT:EUR", "es-ES:EUR"),
    *("es-MX:MXN", "es-CO:COP", "es-AR:ARS", "pt-PT:EUR", "pt-BR:BRL", "nl-NL:EUR", "pl-PL:PLN"),
    *("cs-CZ:CZK", "sk-SK:EUR", "sl-SI:EUR", "hr-HR:EUR", "sr-Latn-RS:RSD", "hu-HU:HUF", "ro-RO:RON"),
    *("bg-BG:BGN", "el-GR:EUR", "sv-SE:SEK", "da-DK:DKK", "nb-NO:NOK", "fi-FI:EUR", "et-EE:EUR"),
    *("lv-LV:EUR", "lt-LT:EUR", "tr-TR:TRY", "uk-UA:UAH", "ru-RU:RUB", "he-IL:ILS", "ar-AE:AED"),
    *("ar-SA:SAR", "hi-IN:INR", "en-IN:INR", "ja-JP:JPY", "ko-KR:KRW", "zh-Hans-CN:CNY"),
    *("zh-Hant-TW:TWD", "th-TH:THB", "vi-VN:VND", "id-ID:IDR", "ms-MY:MYR", "en-ZA:ZAR", "en-NZ:NZD"),
)


def total(
    language: str, money: Money, words: str = "Total {total}: {link}", economy: bool = False
) -> Composed:
    return compose(
        CartText(
            step_key="reminder",
            store_name="Kamra",
            link=LINK,
            wishes=Wishes(checkout_locale=language),
            texts={language: words},
            products=[Product("Torba")],
            total=money,
            economy=economy,
        )
    )


@pytest.mark.parametrize("place", PLACES)
def test_an_amount_with_its_code_always_fits_gsm7(place: str) -> None:
    locale, _, currency = place.partition(":")
    language, _, country = locale.rpartition("-")
    written = normalise(format_money(Money(Decimal("1234.50"), currency), language, country, coded=True))
    assert fits_gsm7(written)
    assert currency in written.replace(".", " ").split()


@pytest.mark.parametrize("place", PLACES)
def test_an_amount_never_takes_a_text_out_of_gsm7(place: str) -> None:
    locale, _, currency = place.partition(":")
    body = total(locale, Money(Decimal("1234.50"), currency)).body
    words, _, footer = body.partition("\n")
    assert "\u00a0" not in body and "\u202f" not in body
    assert fits_gsm7(words) or not fits_gsm7(footer)


@pytest.mark.parametrize(
    ("language", "amount", "written"),
    [
        ("en-US", Money(Decimal("48"), "USD"), "$48.00"),
        ("de-AT", Money(Decimal("1248"), "EUR"), "€ 1.248,00"),
        ("de-CH", Money(Decimal("1248"), "CHF"), "CHF 1'248.00"),
        ("fr-FR", Money(Decimal("1248"), "EUR"), "1 248,00 €"),
        ("pl", Money(Decimal("1248"), "PLN"), "1 248,00 PLN"),
        ("en", Money(Decimal("1248"), "TRY"), "TRY 1,248.00"),
        ("en-IN", Money(Decimal("1248"), "INR"), "INR 1,248.00"),
        ("sl", Money(Decimal("1248"), "PLN"), "1.248,00 PLN"),
        ("uk", Money(Decimal("1248"), "UAH"), "1 248,00 ₴"),
    ],
)
def test_the_code_stands_only_where_the_symbol_would_cost(language: str, amount: Money, written: str) -> None:
    assert f"Total {written}:" in total(language, amount).body


def test_economy_takes_the_marks_and_the_symbol_only_where_that_saves_a_segment() -> None:
    words = "{store}: košarica za {total} vas čaka, kadar koli boste želeli nadaljevati: {link}"
    money = Money(Decimal("1248"), "PLN")
    usual, thrifty = (total("sl", money, words, economy) for economy in (False, True))
    assert (usual.measure.encoding, usual.measure.segments) == (Encoding.UCS2, 3)
    assert (thrifty.measure.encoding, thrifty.measure.segments) == (Encoding.GSM7, 1)
    assert "kosarica za 1.248,00 PLN vas caka" in thrifty.body
    assert [note.value for note in thrifty.notes] == ["marks_left_out"]
    short = "Košarica čaka. {link}"
    assert total("sl", money, short, economy=True).body.startswith("Kosarica caka.")
    whole = "{store} {link}"
    assert total("sl", money, whole, economy=True) == total("sl", money, whole)


@pytest.mark.parametrize("language", ["vi", "tr", "uk"])
def test_economy_leaves_languages_alone_whose_marks_carry_the_meaning(language: str) -> None:
    money = Money(Decimal("1248"), "EUR")
    words = "Đã lưu giỏ hàng ığş của bạn, " * 3 + "{link}"
    assert total(language, money, words, economy=True) == total(language, money, words)
