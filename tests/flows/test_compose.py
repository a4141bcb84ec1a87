"""From a cart to a text: whatever the data hold, the link and the way out stand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events import Money
from flows.catalogs import languages
from flows.compose import (
    CartText,
    Composed,
    Note,
    NoText,
    OfferText,
    Product,
    Source,
    compose,
    without_first_name,
)
from flows.language import Reason, Wishes
from flows.placeholders import fill, parse, problems
from flows.segments import Encoding, measure, normalise

LINK = "https://go.example.com/r/AbCdEfGhIjKl"
JUMPER = Product("Merino jumper")
ENGLISH = Wishes(checkout_locale="en")
BRITISH = Wishes(checkout_locale="en-GB", country="GB")


def text(**changes: Any) -> Composed:
    values: dict[str, Any] = {
        "step_key": "reminder",
        "store_name": "Kamra",
        "link": LINK,
        "wishes": ENGLISH,
        "products": [JUMPER],
    }
    return compose(CartText(**(values | changes)))


def own(words: str, **changes: Any) -> Composed:
    return text(texts={"en": words}, **changes)


def test_a_text_names_the_product_and_ends_with_the_way_out() -> None:
    composed = text()
    assert composed.body == (
        f"Kamra: your cart with Merino jumper is saved. Pick up where you left off: {LINK}\n"
        "Reply STOP to opt out"
    )
    assert (composed.language, composed.language_reason) == ("en", Reason.CHECKOUT)
    assert (composed.used, composed.notes) == (Source.BUILT_IN, ())
    assert (composed.measure.encoding, composed.measure.segments) == (Encoding.GSM7, 1)


def test_the_first_product_that_may_be_named_is_named() -> None:
    products = [Product("Pregnancy test", nameable=False), Product("™"), Product("Hand cream"), JUMPER]
    body = text(products=products).body
    assert "Hand cream" in body
    assert "Pregnancy" not in body


@pytest.mark.parametrize(
    "changes",
    [
        {"name_products": False},
        {"products": [Product("Pregnancy test", nameable=False)]},
        {"products": [Product("🎁")]},
        {"products": []},
    ],
)
def test_where_no_product_may_be_named_the_text_speaks_of_the_cart(changes: dict[str, Any]) -> None:
    composed = text(**changes)
    assert composed.body.startswith("Kamra: your cart is saved. Pick up where you left off whenever")
    assert composed.notes == (Note.PRODUCT_NOT_NAMED,)


def test_the_merchants_own_words_say_your_cart_too() -> None:
    composed = own("Still thinking about {product}? {link}", name_products=False)
    assert composed.body.startswith("Still thinking about your cart? https")
    assert composed.notes == (Note.PRODUCT_NOT_NAMED,)


def test_the_merchants_own_words_come_before_ours() -> None:
    composed = own(
        "Hi {first_name}, {count} items, {total}: {link}",
        first_name="Ana",
        products=[Product("Soap", quantity=2), JUMPER],
        total=Money(Decimal(24), "EUR"),
    )
    assert composed.body == f"Hi Ana, 3 items, €24.00: {LINK}\nKamra - Reply STOP to opt out"
    assert composed.used == Source.CUSTOM


def test_our_words_serve_a_language_that_the_merchant_left_out() -> None:
    composed = own("Hello {link}", wishes=Wishes(checkout_locale="de-AT"))
    assert (composed.language, composed.used) == ("de", Source.BUILT_IN)


def test_the_merchants_words_of_a_region_serve_the_whole_language() -> None:
    composed = text(texts={"en-GB": "Your basket: {link}"}, wishes=Wishes(checkout_locale="en-US"))
    assert (composed.language, composed.used) == ("en-GB", Source.CUSTOM)


def test_the_stores_formality_chooses_among_the_merchants_words() -> None:
    texts = {"de": "Dein Korb: {link}", "de-x-formal": "Ihr Korb: {link}"}
    wishes = Wishes(checkout_locale="de-AT", store_locale="de_DE_formal")
    assert text(texts=texts, wishes=wishes).body.startswith("Ihr Korb")


def test_a_language_without_a_catalog_keeps_the_merchants_words_and_says_so() -> None:
    texts = {"ca": "El cistell de {store}: {link}"}
    composed = text(texts=texts, wishes=Wishes("ca-AD", country="AD", store_locale="sl"))
    assert composed.body == f"El cistell de Kamra: {LINK}\nOdjava: odpišite STOP"
    assert composed.language == "ca"
    assert composed.notes == (Note.FOOTER_IN_OTHER_LANGUAGE,)


def test_a_step_of_the_merchants_own_has_no_other_words() -> None:
    texts = {"sl": "Pozdrav! {link}"}
    assert text(step_key="hello", texts=texts, wishes=Wishes("de", store_locale="sl")).language == "sl"
    with pytest.raises(NoText, match="'hello'"):
        text(step_key="hello", texts=texts, wishes=Wishes("de", store_locale="fr"))


def test_a_key_of_the_catalog_that_is_no_step_is_no_text() -> None:
    with pytest.raises(NoText):
        text(step_key="help")


@pytest.mark.parametrize(
    ("words", "changes"), [("{total}: {link}", {}), ("{count}: {link}", {"products": []})]
)
def test_words_that_ask_for_what_nobody_told_give_way_to_ours(words: str, changes: dict[str, Any]) -> None:
    composed = own(words, **changes)
    assert composed.used == Source.BUILT_IN
    assert Note.CUSTOM_UNUSABLE in composed.notes


def test_the_store_is_named_by_the_footer_where_the_words_do_not() -> None:
    assert own("Your cart: {link}").body.endswith("\nKamra - Reply STOP to opt out")
    assert own("{store}, your cart: {link}").body.endswith("\nReply STOP to opt out")


def test_a_store_without_a_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="the store's name is blank"):
        text(store_name=" \n")


def test_money_is_normalised_so_that_a_space_does_not_double_the_price() -> None:
    total = Money(Decimal("1234.5"), "EUR")
    composed = text(
        texts={"fr": "{total} : {link}"}, total=total, wishes=Wishes(checkout_locale="fr", country="FR")
    )
    assert composed.body.startswith("1 234,50 € : https")
    assert composed.measure.encoding == Encoding.GSM7


def test_a_long_title_is_shortened_until_the_text_fits() -> None:
    long = "Hand-woven linen tablecloth with fringes in natural colours for eight"
    composed = text(products=[Product(long)], store_name="Harbour & Pine")
    assert composed.measure.segments == 1
    assert "Hand-woven linen tablecloth... is saved" in composed.body
    assert composed.notes == (Note.PRODUCT_SHORTENED,)


def test_a_title_is_not_mangled_where_nothing_is_gained() -> None:
    composed = own("a" * 300 + " {product} {link}", products=[Product("Merino crew-neck jumper, natural")])
    assert "Merino crew-neck jumper, natural" in composed.body


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Hi {first_name}, your cart", "Hi, your cart"),
        ("Hi, {first_name}, your cart", "Hi, your cart"),
        ("Hi {first_name}! Your cart", "Hi! Your cart"),
        ("¡Hola {first_name}! Tu carrito", "¡Hola! Tu carrito"),
        ("Bonjour {first_name} ! Votre", "Bonjour ! Votre"),
        ("Still thinking, {first_name}?", "Still thinking?"),
        ("Hello {first_name}", "Hello"),
        ("{first_name}, your cart", "Your cart"),
        ("{first_name} - your cart", "Your cart"),
        ("Hi. {first_name}, your cart", "Hi. Your cart"),
        ("Hi\n{first_name}: your cart", "Hi\nYour cart"),
        ("¡{first_name}, tu carrito", "¡Tu carrito"),
        ("{store}: {first_name}, your cart", "Kamra: your cart"),
        ("{first_name} {first_name}, hi", "Hi"),
        ("{link} {first_name}{store}", "LINK Kamra"),
        ("{link} {first_name}", "LINK"),
        ("{first_name} {link}", "LINK"),
        ("{first_name}: {link}", "LINK"),
        ("{{first_name}} {first_name}!", "{first_name}!"),
        ("Your cart", "Your cart"),
    ],
)
def test_a_missing_first_name_leaves_no_gap(template: str, filled: str) -> None:
    assert fill(without_first_name(parse(template)), {"link": "LINK", "store": "Kamra"}) == filled


def test_a_name_that_is_no_name_is_left_out_and_noted() -> None:
    composed = own("Hi {first_name}, your cart: {link}", first_name="WIN 1000 at evil.com")
    assert composed.body.startswith("Hi, your cart: https")
    assert composed.notes == (Note.NAME_LEFT_OUT,)


def test_a_sender_that_hears_nothing_brings_a_link_as_the_way_out() -> None:
    stop_link = "https://go.example.com/p/AbCdEfGhIjKl"
    assert text(stop_link=stop_link).body.endswith(f"\nOpt out: {stop_link}")
    assert own("Your cart: {link}", stop_link=stop_link).body.endswith(f"\nKamra - Opt out: {stop_link}")


def test_the_way_out_is_that_of_the_shopper_s_region_under_the_merchant_s_words() -> None:
    wishes = Wishes(checkout_locale="fr", country="CA")
    composed = text(texts={"fr": "Votre panier : {link}"}, wishes=wishes)
    assert (composed.language, composed.body.splitlines()[-1]) == (
        "fr",
        "Kamra - Désabonnement : répondez ARRET",
    )


def test_the_way_out_has_the_tone_of_the_merchant_s_words() -> None:
    composed = text(texts={"fr-x-informal": "Ton panier : {link}"}, wishes=Wishes(checkout_locale="fr"))
    assert composed.body.endswith("réponds STOP")


def test_only_a_store_that_keeps_carts_aside_says_so() -> None:
    for named in (True, False):
        plain = text(step_key="second_call", name_products=named)
        kept = text(step_key="second_call", name_products=named, reserved=True)
        assert ("aside" in plain.body, "aside" in kept.body) == (False, True)
        assert text(name_products=named, reserved=True) == text(name_products=named)


nasty = st.lists(
    st.sampled_from(
        [
            "{link}",
            "{",
            "}",
            "{{",
            "{0.__class__}",
            "\n",
            "\r",
            "\u202e",
            "\u200d",
            "https://evil.example",
            "www.",
            "™",
        ]
        + ["evil.com", "STOP", " ", "€", "😀", "č", "a", "’", LINK, "\x00", "\ud800", "%s", "\\", "<b>", "'"]
    ),
    max_size=12,
).map("".join)
anything = st.text(max_size=60) | nasty
templates = st.lists(
    st.sampled_from(
        [
            "{first_name}",
            "{product}",
            "{store}",
            "{count}",
            "{total}",
            " ",
            ",",
            "Hi",
            ". ",
            ": ",
            "\n",
            "{{",
            "č",
        ]
    ),
    max_size=8,
).map("".join)
wishes = st.builds(
    Wishes,
    checkout_locale=st.none() | st.sampled_from(["sl", "pl-PL", "it", "en-GB", "zz"]),
    country=st.none() | st.sampled_from(["FR", "IT", "US", "XX"]),
    store_locale=st.none() | st.sampled_from(["es", "de_DE_formal", "hu"]),
)


@given(
    store_name=anything.filter(lambda name: "a" in name),
    titles=st.lists(st.tuples(anything, st.booleans()), max_size=3),
    first_name=st.none() | anything,
    step_key=st.sampled_from(["reminder", "second_call", "last_call"]),
    before=templates,
    after=templates,
    wishes=wishes,
    custom=st.none() | st.sampled_from(["en", "it", "sl"]),
)
def test_whatever_the_data_hold_the_link_and_the_way_out_stand(
    store_name: str,
    titles: list[tuple[str, bool]],
    first_name: str | None,
    step_key: str,
    before: str,
    after: str,
    wishes: Wishes,
    custom: str | None,
) -> None:
    template = f"{before} {{link}} {after}"
    composed = compose(
        CartText(
            step_key=step_key,
            store_name=store_name,
            link=LINK,
            wishes=wishes,
            texts={custom: template} if custom and not problems(template) else {},
            products=[Product(title, nameable=nameable) for title, nameable in titles],
            total=Money(Decimal("24.5"), "EUR"),
            first_name=first_name,
        )
    )
    body = composed.body
    assert body.count(LINK) == 1
    assert f" {LINK}" in f" {body}".replace("\n", " ")
    assert body.split(LINK)[1][:1] in ("", " ", "\n", ",", ".", ":")
    assert body.count("://") == 1
    assert "STOP" in body.splitlines()[-1]
    assert "{link}" not in body.replace("{{", "")
    assert composed.measure == measure(body)
    assert body == normalise(body)


@given(
    products=st.lists(st.builds(Product, anything, st.integers(1, 9), st.booleans()), max_size=3),
    language=st.sampled_from(languages()),
)
def test_what_may_not_be_named_changes_nothing_in_the_text(products: list[Product], language: str) -> None:
    secret = [Product(product.title, product.quantity, nameable=False) for product in products]
    wishes = Wishes(checkout_locale=language)
    assert text(products=secret, wishes=wishes) == text(products=[], wishes=wishes)


NOVEMBER_30 = date(2026, 11, 30)
TEN_PERCENT = OfferText(percent=10, last_day=NOVEMBER_30)


@pytest.mark.parametrize(
    ("offer", "says", "says_not"),
    [
        (TEN_PERCENT, ("10% off", "30 Nov"), ("shipping", "sale")),
        (OfferText(money=Money(Decimal("5.00"), "GBP"), last_day=NOVEMBER_30), ("£5 off", "30 Nov"), ()),
        (OfferText(last_day=NOVEMBER_30), ("free delivery", "30 Nov"), ("off",)),
        (OfferText(percent=20), ("sale", "20%"), ("until",)),
    ],
)
def test_a_text_tells_its_offer_in_our_words(
    offer: OfferText, says: tuple[str, ...], says_not: tuple[str, ...]
) -> None:
    for key in ("reminder", "last_call", "a_step_of_the_merchants_own"):
        body = text(step_key=key, offer=offer, wishes=BRITISH).body
        assert all(words in body for words in says), body
        assert not any(words in body.partition("\n")[0] for words in says_not), body


def test_the_merchants_words_for_an_offer_come_first_and_say_it() -> None:
    own = {"en": "{store}: take {discount} off, through {ends}: {link}"}
    made = text(offer=TEN_PERCENT, offer_texts=own, texts={"en": "Plain: {link}"}, wishes=BRITISH)
    assert "take 10% off, through 30 Nov:" in made.body and made.used is Source.CUSTOM


def test_of_a_sale_of_the_whole_shop_only_our_words_know() -> None:
    own = {"en": "{store}: take {discount} off, through {ends}: {link}"}
    made = text(offer=OfferText(percent=20), offer_texts=own, texts={"en": "Plain: {link}"}, wishes=BRITISH)
    assert "20%" in made.body and made.used is Source.BUILT_IN


def test_words_that_ask_for_a_figure_are_not_used_for_free_shipping() -> None:
    own = {"en": "{store}: take {discount} off: {link}"}
    made = text(offer=OfferText(last_day=NOVEMBER_30), offer_texts=own, wishes=BRITISH)
    assert made.used is Source.BUILT_IN and Note.CUSTOM_UNUSABLE in made.notes


def test_one_letter_of_a_month_costs_no_second_segment() -> None:
    august = OfferText(percent=10, last_day=date(2027, 8, 31))
    made = text(offer=august, wishes=Wishes(checkout_locale="fr"), products=[Product("Théière")])
    assert made.measure.encoding is Encoding.GSM7 and "31/08" in made.body


def test_a_day_stays_in_words_where_only_the_symbol_of_the_sum_costs_a_segment() -> None:
    rupees = OfferText(money=Money(Decimal("500.00"), "INR"), last_day=date(2026, 11, 5))
    made = text(offer=rupees, wishes=Wishes(checkout_locale="en"), products=[Product("Kurta")])
    assert made.measure.encoding is Encoding.GSM7
    assert "INR 500" in made.body and "Nov 5" in made.body
