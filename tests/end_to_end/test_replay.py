"""Every delivery that was ever printed or recorded goes through the running server: none is an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select

from app.models import InboundEvent, Store
from tests.deliveries import PAYLOADS, SHOPIFY
from tests.end_to_end.shops import Shop, connect_shopify, flow
from tests.end_to_end.stack import Stack
from tests.end_to_end.test_woocommerce import connect, german_shop
from tests.standins.shopify import ShopifyStandin
from tests.waiting import wait_until

WOOCOMMERCE = sorted((PAYLOADS / "woocommerce").glob("*.json"))


def states(shop: Shop) -> Counter[str]:
    """How many events of the store there are in each state."""
    with shop.stack.runtime.database.session() as session:
        query = select(InboundEvent.state, func.count()).join(Store, Store.id == InboundEvent.store_id)
        rows = session.execute(query.where(Store.domain == shop.domain).group_by(InboundEvent.state))
        return Counter({state: count for state, count in rows})


def replay(shop: Shop, paths: Sequence[Path]) -> list[str]:
    """What the command said of each file; it ends well, so nothing was refused."""
    return shop.stack.warmcart("replay", "--store", shop.domain, *map(str, paths)).splitlines()


def wait_for_the_drain(shop: Shop) -> Counter[str]:
    wait_until(lambda: not states(shop)["pending"], what=f"the events of {shop.domain} are applied")
    return states(shop)


def test_every_delivery_of_shopify_is_taken_and_applied(stack: Stack, shopify: ShopifyStandin) -> None:
    shop = connect_shopify(stack, shopify, "replayed.myshopify.com", flow("PT1H", idle="PT1H"))
    said = replay(shop, SHOPIFY)
    assert [line.partition(" ")[0] for line in said] == ["200"] * len(SHOPIFY)
    states_now = wait_for_the_drain(shop)
    assert states_now["failed"] == 0
    assert states_now["applied"] + states_now["ignored"] == len(SHOPIFY)
    assert shop.store().status == "active"


def test_every_delivery_of_woocommerce_is_taken_and_applied(stack: Stack) -> None:
    with german_shop() as standin:
        shop = connect(stack, standin)
        said = replay(shop, WOOCOMMERCE)
        unsigned = {"ping.json": "200", "wc-auth-callback.json": "---"}
        expected = [unsigned.get(path.name, "200") for path in WOOCOMMERCE]
        assert [line.partition(" ")[0] for line in said] == expected
        states_now = wait_for_the_drain(shop)
        assert states_now["failed"] == 0
        assert states_now["applied"] > 0
        assert shop.store().status == "active"
