"""``/r/<token>``: one redirect, and never to an address that is not the shop's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest
from flask.testing import FlaskClient

from app import create_app
from app.clock import FixedClock
from app.models import Contact
from app.runtime import Runtime
from app.web import EXTENSION
from flows import links
from tests import factories
from tests.app.links.agents import IPHONE
from tests.app.links.texted import CHECKOUT, FRONT_PAGE, STATUS_PAGE, Shop
from tests.factories import NOW
from tests.queries import statements


def test_a_tap_leads_back_to_the_saved_checkout(shop: Shop) -> None:
    parts = urlsplit(shop.leads_to())

    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == CHECKOUT.partition("?")[0]
    assert parse_qs(parts.query) == {
        "key": ["s3cret"],
        "locale": ["sl-SI"],
        "utm_source": ["warmcart"],
        "utm_medium": ["sms"],
        "utm_campaign": ["7"],
        "cid": [shop.link.token],
    }


def test_a_cart_that_nobody_saved_is_filled_from_its_items(shop: Shop) -> None:
    items = [{"title": "Canvas Tote", "quantity": 2, "variant_id": "4455", "unit_price": "24.00"}]
    shop.change(shop.cart, restore_url=None, items=items)

    parts = urlsplit(shop.leads_to())

    assert (parts.netloc, parts.path) == ("lanena.example", "/cart/4455:2")
    assert parse_qs(parts.query)["cid"] == [shop.link.token]


GOODS = [{"title": "Canvas Tote", "quantity": 2, "variant_id": "4455"}]
KNOWN = {
    "checkout[email]": ["mia@example.com"],
    "checkout[shipping_address][first_name]": ["Mia"],
    "checkout[shipping_address][country]": ["SI"],
    "checkout[shipping_address][zip]": ["1000"],
}


def test_a_cart_that_is_filled_anew_keeps_the_shoppers_codes_and_never_an_old_one_of_ours(shop: Shop) -> None:
    items = [{"title": "Canvas Tote", "quantity": 2, "variant_id": "4455", "unit_price": "24.00"}]
    shop.change(shop.cart, restore_url=None, items=items, discount_codes=["SUMMER", "BACK-OVER"])
    with shop.runtime.database.session() as session:
        flow = factories.make_flow(session, shop.store)
        contact = session.get_one(Contact, shop.cart.contact_id)
        row = factories.make_enrollment(session, shop.store, flow, contact, shop.cart)
        factories.make_discount(session, row, code="back-over", step_key="reminder", state="ended")
        factories.make_discount(session, row, code="back-now")
    shop.change(shop.message, enrollment_id=row.id, step_key="last_call")

    assert parse_qs(urlsplit(shop.leads_to()).query)["discount"] == ["back-now,SUMMER"]


def test_of_a_cart_with_very_many_lines_the_address_names_the_first(shop: Shop) -> None:
    line = {"title": "Bead", "quantity": 1, "unit_price": "0.10"}
    items = [line | {"variant_id": str(41327142600000 + number)} for number in range(500)]
    shop.change(shop.cart, restore_url=None, items=items)

    address = shop.leads_to()

    assert urlsplit(address).path.count(",") == links.MOST_LINES - 1
    assert len(address) < 3000


def test_a_checkout_that_is_too_fresh_for_its_address_is_filled_anew_at_the_tap(
    shop: Shop, clock: FixedClock
) -> None:
    person = {"email": "mia@example.com", "first_name": "Mia", "country": "SI", "postcode": "1000"}
    shop.change(shop.cart, items=GOODS, **person)

    parts = urlsplit(shop.leads_to())
    assert (parts.netloc, parts.path) == ("lanena.example", "/cart/4455:2")
    assert KNOWN.items() <= parse_qs(parts.query).items()

    clock.advance(timedelta(minutes=10))
    assert shop.leads_to().startswith(CHECKOUT)


def test_what_the_shopper_does_after_the_text_makes_an_old_checkout_no_fresh_one(
    shop: Shop, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=30))
    shop.change(shop.cart, items=GOODS, activity_at=clock.now())

    assert shop.leads_to().startswith(CHECKOUT)


def test_a_second_tap_finds_the_checkout_that_the_first_one_began_too_fresh_for_its_address(
    shop: Shop, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=15))
    shop.change(shop.cart, items=GOODS, platform_created_at=clock.now() - timedelta(minutes=9))
    assert urlsplit(shop.leads_to()).path == "/cart/4455:2"
    clock.advance(timedelta(minutes=1))
    assert shop.leads_to().startswith(CHECKOUT)


def test_a_link_that_went_to_a_mistyped_number_shows_the_goods_and_nothing_of_the_person(
    runtime: Runtime, shop: Shop, clock: FixedClock
) -> None:
    clock.advance(timedelta(minutes=30))
    with runtime.database.session() as session:
        corrected = factories.make_contact(session, shop.store)
    shop.change(shop.cart, contact_id=corrected.id, items=GOODS, email="mia@example.com", first_name="Mia")

    parts = urlsplit(shop.leads_to())
    assert parts.path == "/cart/4455:2"
    assert not [name for name in parse_qs(parts.query) if name.startswith("checkout[")]

    shop.order(status_url=runtime.cipher.encrypt(STATUS_PAGE))
    assert shop.leads_to() == FRONT_PAGE


def test_a_link_that_went_to_a_mistyped_number_takes_no_code_that_was_typed_or_told_to_the_right_one(
    runtime: Runtime, shop: Shop
) -> None:
    with runtime.database.session() as session:
        corrected = factories.make_contact(session, shop.store)
        flow = factories.make_flow(session, shop.store)
        row = factories.make_enrollment(session, shop.store, flow, corrected, shop.cart)
        factories.make_discount(session, row, code="back-right", step_key="last_call")
        told = {"contact_id": corrected.id, "enrollment_id": row.id, "step_key": "last_call"}
        factories.make_message(session, shop.store, shop.cart, **told)
    shop.change(shop.message, enrollment_id=row.id, step_key="reminder")
    shop.change(shop.cart, contact_id=corrected.id, items=GOODS, discount_codes=["MIAS-OWN"])

    assert "discount" not in parse_qs(urlsplit(shop.leads_to()).query)


def test_after_a_stop_not_even_the_goods_are_shown(shop: Shop) -> None:
    shop.change(shop.cart, items=GOODS, email="mia@example.com")
    shop.change(shop.link, ended_at=NOW)

    assert shop.leads_to() == FRONT_PAGE


def test_a_cart_without_a_way_back_leads_to_the_shop(shop: Shop) -> None:
    shop.change(shop.cart, restore_url=None, items=[])

    assert shop.leads_to() == FRONT_PAGE


def test_each_platform_builds_its_own_way_back(runtime: Runtime, client: FlaskClient) -> None:
    url = "https://trgovina.example/boutique"
    shop = Shop(runtime, client, platform="woocommerce", url=url, platform_version="10.1.0")
    shop.change(shop.cart, restore_url=None)

    leads_to = shop.leads_to()

    assert leads_to.startswith(f"{url}/checkout-link/?products=13:2&")
    assert f"cid={shop.link.token}" in leads_to


@pytest.mark.parametrize("state", ["open", "expired"])
def test_a_cart_that_is_too_old_for_a_text_can_still_be_restored(shop: Shop, state: str) -> None:
    shop.change(shop.cart, state=state)

    assert shop.leads_to().startswith(CHECKOUT)


def test_after_the_order_a_tap_leads_to_the_page_of_the_order(shop: Shop) -> None:
    shop.order(status_url=shop.runtime.cipher.encrypt(STATUS_PAGE))

    assert shop.leads_to() == STATUS_PAGE


def test_the_newest_order_of_a_cart_is_the_one_that_is_shown(shop: Shop) -> None:
    shop.order(status_url=shop.runtime.cipher.encrypt(STATUS_PAGE), placed_at=NOW)
    shop.order(status_url=shop.runtime.cipher.encrypt(CHECKOUT), placed_at=NOW - timedelta(days=1))

    assert shop.leads_to() == STATUS_PAGE


def test_an_order_without_a_page_leads_to_the_shop(shop: Shop) -> None:
    shop.order()

    assert shop.leads_to() == FRONT_PAGE


def test_an_emptied_cart_leads_to_the_shop(shop: Shop) -> None:
    shop.change(shop.cart, state="emptied", items=[])

    assert shop.leads_to() == FRONT_PAGE


def test_a_cart_whose_order_was_cancelled_is_filled_again(shop: Shop) -> None:
    shop.change(shop.store, platform="woocommerce", platform_version="11.0.1")
    goods = {"title": "Mug", "quantity": 2, "product_id": "11", "variant_id": None}
    shop.change(shop.cart, state="emptied", items=[goods])

    assert shop.leads_to().startswith(f"{FRONT_PAGE}/checkout-link/?products=11:2&utm_source=warmcart")


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ("link", {"ended_at": NOW}),
        ("link", {"expires_at": NOW}),
        ("store", {"status": "uninstalled"}),
    ],
    ids=["stopped", "too old", "uninstalled"],
)
def test_a_link_that_ended_leads_to_the_front_page_and_shows_nobodys_data(
    shop: Shop, row: str, columns: dict[str, Any], ordered: bool
) -> None:
    if ordered:
        shop.order(status_url=shop.runtime.cipher.encrypt(STATUS_PAGE))
    shop.change(getattr(shop, row), **columns)

    assert shop.leads_to() == FRONT_PAGE


def test_a_link_lives_until_the_very_moment_of_its_end(shop: Shop, clock: FixedClock) -> None:
    shop.change(shop.link, expires_at=NOW + timedelta(seconds=1))

    assert shop.leads_to().startswith(CHECKOUT)
    clock.advance(timedelta(seconds=1))
    assert shop.leads_to() == FRONT_PAGE


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//evil.example/",
        "https://user@evil.example/",
        "https://lanena.example\\@evil.example/",
        "https://lanena.example/\r\nSet-Cookie: a=b",
        "https://[",
        "ftp://lanena.example/",
        "",
    ],
)
def test_an_address_that_is_no_plain_web_address_is_never_followed(shop: Shop, address: str) -> None:
    sealed = shop.runtime.cipher.encrypt(address)
    shop.change(shop.cart, restore_url=sealed, items=[])
    assert shop.leads_to() == FRONT_PAGE

    shop.order(status_url=sealed)
    assert shop.leads_to() == FRONT_PAGE


def test_nothing_in_the_request_changes_where_it_leads(shop: Shop) -> None:
    expected = shop.leads_to()
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "User-Agent": IPHONE}

    response = shop.client.get(f"/r/{shop.link.token}?next=https://evil.example&url=//evil", headers=headers)

    assert response.headers["Location"] == expected


def test_a_secret_that_no_key_opens_leads_to_the_shop(shop: Shop) -> None:
    shop.change(shop.cart, restore_url="gAAAAAB-not-ours")

    assert shop.leads_to() == FRONT_PAGE


def test_nobody_keeps_or_passes_on_the_address_of_a_link(shop: Shop) -> None:
    headers = shop.tap().headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize(
    "token",
    [
        "AbCdEfGhIjKl",
        "short",
        "x" * 300,
        "AbCdEfGhIjK!",
        "AbCdEfGhIjK\u0660",
        "%00AbCdEfGhIjK",
        "..",
        "%ff%fe",
        "",
    ],
)
def test_an_unknown_link_is_a_friendly_page(client: FlaskClient, shop: Shop, token: str) -> None:
    response = client.get(f"/r/{token}", headers={"User-Agent": IPHONE})

    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"
    assert shop.clicks() == []


def test_a_word_that_is_no_token_does_not_cost_the_database_anything(
    client: FlaskClient, runtime: Runtime
) -> None:
    with statements(runtime) as seen:
        client.get("/r/wp-login.php")

    assert seen == []


@pytest.mark.parametrize(
    ("wanted", "language", "words"),
    [
        ("sl-SI,sl;q=0.9,en;q=0.5", "sl", "Te povezave ne najdemo"),
        ("de-AT", "de", "Diesen Link finden wir nicht"),
        ("eo,fr;q=0.4", "fr", "Ce lien est introuvable"),
        ("xx-none, *", "en", "We can&#39;t find this link"),
        ("", "en", "We can&#39;t find this link"),
    ],
)
def test_the_page_speaks_the_visitors_language(
    client: FlaskClient, wanted: str, language: str, words: str
) -> None:
    page = client.get("/r/AbCdEfGhIjKl", headers={"Accept-Language": wanted}).text

    assert f'<html lang="{language}" dir="ltr">' in page
    assert words in page


def test_the_page_is_sound_html_and_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    response = client.get("/r/AbCdEfGhIjKl")
    html5lib.HTMLParser(strict=True).parse(response.data)

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in response.text
    assert "<script" not in response.text
    with client.get("/links/static/links.css") as stylesheet:
        assert stylesheet.status_code == 200


def test_a_database_that_is_away_is_a_page_to_try_again(clock: FixedClock, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.ROOMS", ("links",))
    application = create_app(factories.make_settings("postgresql://nobody@127.0.0.1:1/none"), clock)

    response = application.test_client().get("/r/AbCdEfGhIjKl", headers={"Accept-Language": "pl"})
    application.extensions[EXTENSION].close()

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert 'href="/r/AbCdEfGhIjKl"' in response.text
    assert "Spróbuj ponownie" in response.text
