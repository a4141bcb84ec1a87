from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.clock import FixedClock
from app.demo.words import messages
from connectors.events import CartSeen, OrderSeen
from tests.app.demo.conftest import Stage, Visitor
from tests.conftest import Servers

WORDS = messages("en")


@pytest.fixture
def shopper(stage: Stage) -> Visitor:
    visitor = stage.visitor()
    visitor.put_in_cart()
    return visitor


def last_cart(stage: Stage) -> CartSeen:
    *_, seen = stage.told()
    assert isinstance(seen, CartSeen)
    return seen


def test_without_anything_in_the_cart_there_is_no_checkout(stage: Stage) -> None:
    answer = stage.visitor().get("/demo/shop/checkout")
    assert (answer.status_code, answer.location) == (303, "/demo/shop/cart")


def test_the_box_is_never_ticked_beforehand(shopper: Visitor) -> None:
    page = shopper.get("/demo/shop/checkout").text
    assert 'name="consent"' in page
    assert "checked" not in page


def test_who_types_a_number_and_ticks_the_box_can_be_called_back(stage: Stage, shopper: Visitor) -> None:
    shopper.type(phone="07400 123456", consent="yes", first_name="Ana", email="ana@example.com")
    seen = last_cart(stage)
    assert seen.shopper.phones == ("07400 123456",)
    assert (seen.shopper.first_name, seen.shopper.email) == ("Ana", "ana@example.com")
    assert seen.consent is not None
    assert seen.consent.wording == WORDS["checkout.consent"].replace("{shop}", "Fern & Kettle")
    assert seen.consent.occurred_at == stage.runtime.clock.now()
    assert not seen.consent.confirmed


def test_leaving_a_field_saves_it_and_answers_with_the_notes_alone(stage: Stage, shopper: Visitor) -> None:
    shopper.headers = {"X-Demo-Saved-By-Script": "1"}
    answer = shopper.type(phone="07400 123456", consent="yes")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert WORDS["notes.leave"] in answer.text
    assert "/demo/phone?number=%2B447400123456" in answer.text
    assert last_cart(stage).shopper.phones == ("07400 123456",)


def test_saving_the_same_again_tells_nothing_new(stage: Stage, shopper: Visitor) -> None:
    for _ in range(3):
        shopper.type(phone="07400 123456", consent="yes")
    assert len(stage.told()) == 2


def test_a_number_without_the_tick_is_no_consent(stage: Stage, shopper: Visitor) -> None:
    page = shopper.type(phone="07400 123456")
    assert page.status_code == 303
    assert WORDS["notes.no_consent"] in shopper.get("/demo/shop/checkout").text
    assert last_cart(stage).consent is None


def test_a_box_that_is_unticked_takes_the_consent_back(stage: Stage, shopper: Visitor) -> None:
    shopper.type(phone="07400 123456", consent="yes")
    shopper.type(phone="07400 123456")
    assert last_cart(stage).consent is None


def test_the_moment_of_the_tick_stays(stage: Stage, shopper: Visitor, clock: FixedClock) -> None:
    ticked_at = clock.now()
    shopper.type(phone="07400 123456", consent="yes")
    clock.advance(timedelta(minutes=1))
    shopper.type(phone="07400 123456", consent="yes", first_name="Ana")
    assert (consent := shopper.cart(stage).consent) is not None
    assert consent.given_at == ticked_at


def test_another_number_is_ticked_anew(stage: Stage, shopper: Visitor, clock: FixedClock) -> None:
    shopper.choose("en", "US")
    shopper.type(phone="201-555-0123", consent="yes", action="confirm")
    clock.advance(timedelta(minutes=1))
    shopper.type(phone="201-555-0124", consent="yes")
    assert (consent := shopper.cart(stage).consent) is not None
    assert (consent.given_at, consent.confirmed) == (clock.now(), False)


def test_what_cannot_be_texted_is_said_and_told_as_typed(stage: Stage, shopper: Visitor) -> None:
    nonsense = {"blue": "invalid_number", "(((": "invalid_number", "٠٧٤٠٠": "invalid_number"}
    for typed, problem in (nonsense | {"+44 20 7946 0018": "not_mobile"}).items():
        shopper.type(phone=typed, consent="yes")
        assert WORDS[f"checkout.{problem}"] in shopper.get("/demo/shop/checkout").text
    assert last_cart(stage).shopper.phones == ("+44 20 7946 0018",)


def test_the_example_number_is_taken_with_one_click(stage: Stage, shopper: Visitor) -> None:
    assert "+44 7400 123456" in shopper.get("/demo/shop/checkout").text
    shopper.type(action="example", phone="nonsense")
    assert shopper.cart(stage).phone == "+44 7400 123456"


def test_script_in_the_name_is_shown_and_not_run(stage: Stage, shopper: Visitor) -> None:
    name = "<script>alert(1)</script>"
    shopper.type(phone="07400 123456", first_name=name)
    page = shopper.get("/demo/shop/checkout?back=1").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert name not in page
    assert last_cart(stage).shopper.first_name == name


def test_control_characters_and_endless_names_do_not_come_through(stage: Stage, shopper: Visitor) -> None:
    shopper.type(phone="07400\x00 123456\n", first_name="A" * 5000, email="\x07")
    cart = shopper.cart(stage)
    assert (cart.phone, len(cart.first_name), cart.email) == ("07400 123456", 60, "")


def test_in_the_united_states_a_second_yes_is_asked_for(stage: Stage, shopper: Visitor) -> None:
    shopper.choose("en", "US")
    shopper.type(phone="201-555-0123", consent="yes")
    page = shopper.get("/demo/shop/checkout").text
    assert WORDS["double.title"] in page
    assert "/demo/phone?number=%2B12015550123" in page
    assert WORDS["notes.leave"] not in page
    shopper.type(phone="201-555-0123", consent="yes", action="confirm")
    assert WORDS["notes.leave"] in shopper.get("/demo/shop/checkout").text
    consent = last_cart(stage).consent
    assert consent is not None and consent.confirmed


def test_a_second_yes_without_the_first_is_none(stage: Stage, shopper: Visitor) -> None:
    shopper.choose("en", "US")
    shopper.type(phone="201-555-0123", action="confirm")
    assert last_cart(stage).consent is None


def test_at_night_the_shop_says_when_the_text_would_come_and_offers_another_place(
    stage: Stage, shopper: Visitor
) -> None:
    shopper.choose("en", "PL")  # a Saturday: no texts until Monday
    shopper.type(phone="512 345 678", consent="yes")
    page = shopper.get("/demo/shop/checkout").text
    assert "Poland, 19:00" in page
    assert "Monday, 08:00" in page
    assert 'name="move" value="GB"' in page
    assert WORDS["notes.leave"] not in page


def test_moving_takes_the_example_number_there_and_asks_for_a_fresh_tick(
    stage: Stage, shopper: Visitor
) -> None:
    shopper.choose("en", "PL")
    shopper.type(phone="512 345 678", consent="yes", move="GB")
    cart = shopper.cart(stage)
    assert (cart.country, cart.phone, cart.consent) == ("GB", "+44 7400 123456", None)
    assert '<option value="GB" selected>' in shopper.get("/demo/shop/checkout").text


def test_moving_to_nowhere_is_staying(stage: Stage, shopper: Visitor) -> None:
    shopper.type(phone="07400 123456", consent="yes", move="ATLANTIS")
    assert shopper.cart(stage).country == "GB"


def test_a_number_from_elsewhere_has_the_hours_of_elsewhere(shopper: Visitor) -> None:
    shopper.type(phone="+81 90 1234 5678", consent="yes")
    assert "Japan, 03:00" in shopper.get("/demo/shop/checkout").text


def test_buying_ends_at_a_page_of_thanks_and_tells_the_order(stage: Stage, shopper: Visitor) -> None:
    token = shopper.cart(stage).token
    answer = shopper.type(action="pay", phone="07400 123456", consent="yes", first_name="Ana")
    assert answer.location == f"/demo/shop/orders/{token}"
    page = shopper.get(answer.location).text
    assert "Thank you, Ana!" in page
    assert WORDS["order.phone_stays"] in page
    *_, order = stage.told()
    assert isinstance(order, OrderSeen)
    assert (order.number, order.keys[0].value) == ("FK-1001", token)
    assert order.status_url == f"{stage.url}/demo/shop/orders/{token}"


def test_after_the_order_the_next_thing_begins_a_fresh_cart(stage: Stage, shopper: Visitor) -> None:
    before = shopper.cart(stage).token
    shopper.type(action="pay", phone="07400 123456")
    shopper.put_in_cart("mug")
    assert shopper.cart(stage).token != before
    assert list(shopper.cart(stage).lines) == ["mug"]


def test_paying_twice_is_one_order(stage: Stage, shopper: Visitor) -> None:
    again = stage.visitor()
    again.set_cookie("demo_cart", shopper.cart(stage).token)
    for browser in (shopper, again):
        browser.type(action="pay", phone="07400 123456")
    assert [type(event) for event in stage.told()].count(OrderSeen) == 1


def test_without_a_way_to_reach_the_buyer_nothing_is_bought(stage: Stage, shopper: Visitor) -> None:
    for email, key in {
        "": "contact_missing",
        "ana": "email_invalid",
        "@example.com": "email_invalid",
    }.items():
        answer = shopper.type(action="pay", email=email)
        assert answer.status_code == 422
        assert WORDS[f"checkout.{key}"] in answer.text
    assert not any(isinstance(event, OrderSeen) for event in stage.told())


def test_the_way_back_restores_the_cart_in_another_browser(stage: Stage, shopper: Visitor) -> None:
    shopper.choose("fr", "FR")
    shopper.type(phone="06 12 34 56 78", consent="yes", first_name="Chloé")
    token = shopper.cart(stage).token
    phone = stage.visitor("en-GB")
    answer = phone.get(f"/demo/shop/back/{token}?utm_source=warmcart&cid=x")
    assert (answer.status_code, answer.location) == (302, "/demo/shop/checkout?back=1")
    page = phone.get(answer.location).text
    assert "Heureux de vous revoir, Chloé" in page
    assert "06 12 34 56 78" in page
    assert messages("fr")["checkout.filled"] in page
    assert "readonly" not in page and " disabled" not in page
    assert messages("fr")["notes.buy"] in page
    assert messages("fr")["notes.leave"] not in page
    assert phone.cart(stage).token == token


def test_nothing_is_said_of_filled_fields_where_none_is(stage: Stage, shopper: Visitor) -> None:
    page = stage.visitor().get(f"/demo/shop/back/{shopper.cart(stage).token}", follow_redirects=True).text
    assert WORDS["checkout.welcome"] in page
    assert WORDS["checkout.filled"] not in page


def test_the_shop_tells_in_which_browser_the_cart_was_filled(stage: Stage, shopper: Visitor) -> None:
    shopper.headers = {"User-Agent": "Mozilla/5.0 (iPhone)"}
    shopper.type(phone="07400 123456")
    assert last_cart(stage).user_agent == "Mozilla/5.0 (iPhone)"
    shopper.headers = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0)"}
    shopper.type(phone="07400 123456")
    assert last_cart(stage).user_agent == "Mozilla/5.0 (iPhone)", "nothing was changed there"


def test_coming_back_is_no_activity(stage: Stage, shopper: Visitor) -> None:
    stage.visitor().get(f"/demo/shop/back/{shopper.cart(stage).token}")
    assert len(stage.told()) == 1


def test_after_the_order_the_way_back_leads_to_the_orders_page(stage: Stage, shopper: Visitor) -> None:
    token = shopper.cart(stage).token
    shopper.type(action="pay", phone="07400 123456")
    answer = stage.visitor().get(f"/demo/shop/back/{token}")
    assert answer.location == f"/demo/shop/orders/{token}"


def test_a_token_that_leads_nowhere_gets_a_friendly_page(stage: Stage) -> None:
    for path in ("/demo/shop/back/nothing", "/demo/shop/orders/nothing"):
        answer = stage.visitor().get(path)
        assert answer.status_code == 404
        assert WORDS["sorry.gone.text"] in answer.text


def test_an_open_cart_has_no_order_page(stage: Stage, shopper: Visitor) -> None:
    assert stage.visitor().get(f"/demo/shop/orders/{shopper.cart(stage).token}").status_code == 404


def test_a_cart_is_forgotten_after_thirty_days(stage: Stage, shopper: Visitor) -> None:
    token = shopper.cart(stage).token
    left = stage.runtime.redis.ttl(f"demo:cart:{token}")
    assert timedelta(days=29) < timedelta(seconds=int(str(left))) <= timedelta(days=30)


def test_when_redis_is_away_the_shop_is_closed_for_a_moment(
    stage: Stage, shopper: Visitor, servers: Servers
) -> None:
    stage.wait()
    servers.valkey.halt()
    try:
        answer = shopper.get("/demo/shop")
    finally:
        servers.valkey.launch()
    assert answer.status_code == 503
    assert WORDS["sorry.closed.text"] in answer.text


def test_while_the_stage_is_being_set_the_shop_works_and_asks_nothing(
    stage: Stage, shopper: Visitor, clock: FixedClock
) -> None:
    with stage.runtime.database.session() as session:
        session.delete(session.merge(stage.shop))
    clock.advance(timedelta(seconds=1))
    assert shopper.put_in_cart("mug").status_code == 303
    assert shopper.cart(stage).updated_at == datetime(2026, 11, 21, 18, 0, 1, tzinfo=UTC)
