"""Warmcart asks the shop through its own connector, over real HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from app.clock import FixedClock
from app.demo.words import messages
from connectors.demo import DemoPlatform
from connectors.demo.deliveries import sign
from connectors.events import CartSeen, Key, OrderSeen, Shopper
from connectors.goods_search import GoodsKind, NamedGoods
from connectors.platform import Unreachable
from flows import connections
from tests.app.demo.conftest import SECRET, Stage


def test_warmcart_is_told_of_open_carts_and_of_orders(stage: Stage) -> None:
    ana, ben = stage.visitor(), stage.visitor()
    ana.put_in_cart("mug")
    ben.put_in_cart("kettle")
    ben.type(action="pay", phone="07400 123456")
    client = connections.store_client(stage.runtime, stage.shop)
    cart, order = client.changes(stage.runtime.clock.now() - timedelta(minutes=1))
    assert isinstance(cart, CartSeen) and cart.keys == (Key("demo_cart", ana.cart(stage).token),)
    assert isinstance(order, OrderSeen) and order.number == "FK-1001"


def test_a_last_look_finds_the_order_of_a_cart(stage: Stage) -> None:
    visitor = stage.visitor()
    visitor.put_in_cart()
    key, since = Key("demo_cart", visitor.cart(stage).token), stage.runtime.clock.now()
    client = connections.store_client(stage.runtime, stage.shop)
    assert client.find_order([key], Shopper(), since) is None
    visitor.type(action="pay", phone="07400 123456")
    assert client.find_order([key], Shopper(), since) is not None


def test_what_changed_before_is_not_told_again(stage: Stage, clock: FixedClock) -> None:
    stage.visitor().put_in_cart()
    clock.advance(timedelta(seconds=1))
    assert list(connections.store_client(stage.runtime, stage.shop).open_carts(clock.now())) == []


def test_whoever_does_not_know_the_secret_is_told_nothing(stage: Stage) -> None:
    stage.visitor().put_in_cart()
    with requests.Session() as session, pytest.raises(Unreachable):
        list(DemoPlatform().connect(stage.shop.url, "guessed", session).open_carts(stage.runtime.clock.now()))
    for signature in ({}, {"X-Demo-Signature": "ü"}, {"X-Demo-Signature": sign(b"orders?since=x", SECRET)}):
        answer = stage.app.test_client().get("/demo/shop/api/carts?since=x", headers=signature)
        assert answer.status_code == 401


def test_a_question_without_a_moment_is_refused(stage: Stage) -> None:
    for query in ("since=yesterday", "since=2026-11-21T18:00:00", "until=now"):
        headers = {"X-Demo-Signature": sign(f"carts?{query}".encode(), SECRET)}
        assert (
            stage.app.test_client().get(f"/demo/shop/api/carts?{query}", headers=headers).status_code == 400
        )


def test_the_shop_tells_the_names_of_what_it_sells(stage: Stage) -> None:
    search = connections.goods_search(stage.runtime, stage.shop)
    mint = NamedGoods("mint_tea", messages("en")["product.mint_tea.title"])
    assert mint in search.find(GoodsKind.PRODUCTS, "TEA")
    assert search.find(GoodsKind.COLLECTIONS, "cards gift") == [NamedGoods("gift_cards", "Gift cards")]
    assert search.names(GoodsKind.PRODUCTS, ["mint_tea", "sofa"]) == {mint.id: mint.name}
    assert search.names(GoodsKind.COLLECTIONS, ["linen"]) == {"linen": "Linen"}
