from __future__ import annotations

from decimal import Decimal

from app.demo.products import PRODUCTS
from app.demo.words import LANGUAGES, messages
from connectors.events import CartSeen
from tests.app.demo.conftest import Stage


def test_the_shelf_shows_every_product_with_name_price_and_picture(stage: Stage) -> None:
    page = stage.visitor().get("/demo/shop").text
    for name in PRODUCTS:
        assert messages("en")[f"product.{name}.title"] in page
    assert page.count("<svg") >= len(PRODUCTS)
    assert "€48.00" in page


def test_the_shop_speaks_the_visitors_language(stage: Stage) -> None:
    for language in LANGUAGES:
        page = stage.visitor(language).get("/demo/shop").text
        assert f'<html lang="{language}">' in page
        assert messages(language)["shop.hero_title"] in page
        assert messages(language)["product.honey.title"] in page


def test_a_language_that_the_shop_does_not_speak_gets_english(stage: Stage) -> None:
    assert '<html lang="en">' in stage.visitor("fi-FI, hu;q=0.5").get("/demo/shop").text


def test_looking_around_tells_nobody_anything(stage: Stage) -> None:
    visitor = stage.visitor()
    for path in ("/demo", "/demo/shop", "/demo/shop/cart", "/demo/phone"):
        assert visitor.get(path).status_code == 200
    assert stage.told() == []


def test_what_is_put_in_the_cart_is_told_with_title_price_and_place(stage: Stage) -> None:
    visitor = stage.visitor("de-AT")
    visitor.put_in_cart("teapot")
    visitor.put_in_cart("honey", 2)
    *_, seen = stage.told()
    assert isinstance(seen, CartSeen)
    assert {(item.title, item.quantity, item.unit_price) for item in seen.items} == {
        ("Teekanne Farn", 1, Decimal("48.00")),
        ("Honig Lindenblüte", 2, Decimal("8.50")),
    }
    assert seen.total is not None and seen.total.amount == Decimal("65.00")
    assert (seen.locale, seen.shopper.country) == ("de", "AT")
    assert seen.restore_url == f"{stage.url}/demo/shop/back/{visitor.cart(stage).token}"


def test_an_emptied_cart_is_told_too(stage: Stage) -> None:
    visitor = stage.visitor()
    visitor.put_in_cart("mug")
    visitor.put_in_cart("mug", -1)
    *_, seen = stage.told()
    assert isinstance(seen, CartSeen) and seen.items == ()
    assert messages("en")["cart.empty"] in visitor.get("/demo/shop/cart").text


def test_taking_out_what_is_not_there_changes_nothing(stage: Stage) -> None:
    visitor = stage.visitor()
    visitor.put_in_cart("mug", -1)
    assert stage.told() == []


def test_two_browsers_have_two_carts(stage: Stage) -> None:
    ana, ben = stage.visitor(), stage.visitor()
    ana.put_in_cart("mug")
    ben.put_in_cart("kettle")
    assert list(ana.cart(stage).lines) == ["mug"]
    assert list(ben.cart(stage).lines) == ["kettle"]


def test_a_form_that_the_shop_does_not_have_is_refused(stage: Stage) -> None:
    forms: list[dict[str, str]] = [{}, {"product": "gold"}, {"product": "mug", "change": "9999"}]
    for form in forms:
        assert stage.visitor().post("/demo/shop/cart", **form).status_code == 400


def test_a_change_from_another_site_is_refused(stage: Stage) -> None:
    visitor = stage.visitor()
    visitor.headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert visitor.put_in_cart().status_code == 403
    assert stage.told() == []


def test_a_cookie_that_names_no_cart_is_a_fresh_start(stage: Stage) -> None:
    visitor = stage.visitor()
    visitor.set_cookie("demo_cart", "no-such-cart")
    visitor.set_cookie("demo_place", "xx.<script>")
    assert visitor.get("/demo/shop/cart").status_code == 200
    assert visitor.put_in_cart().status_code == 303


def test_another_name_of_this_machine_leads_to_the_one_address(stage: Stage) -> None:
    answer = stage.app.test_client().get("/demo/shop?added=mug", base_url="http://localhost:1")
    assert (answer.status_code, answer.location) == (302, f"{stage.url}/demo/shop?added=mug")


def test_pages_may_not_be_framed_or_load_anything_from_elsewhere(stage: Stage) -> None:
    headers = stage.visitor().get("/demo/shop").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
