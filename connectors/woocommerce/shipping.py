"""Whether a coupon can make shipping free: only where a zone has a method that asks for one.

A coupon with free shipping lowers nothing by itself. It opens the methods "Free shipping" that require a
coupon, or a coupon or a minimum; with any other, or none, it is accepted and changes nothing (observed on
WooCommerce 10.6.2 and 11.0.1, 2026-11).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from connectors.woocommerce.body import Json, identifier, member, text
from connectors.woocommerce.rest import RestClient

MOST_ZONES = 8
"""A shop with more is not asked zone by zone while a text waits, and gets no such codes."""

GOOD_FOR = 600.0
_OPENED_BY_A_COUPON = ("coupon", "either")
_ELSEWHERE = "0"

NO_METHOD = (
    'In WooCommerce a coupon makes shipping free only with a method "Free shipping" that requires'
    " one: add it to each of the shop's shipping zones (WooCommerce, Settings, Shipping)."
)
TOO_MANY_ZONES = (
    f"The shop has more than {MOST_ZONES} shipping zones. Warmcart does not look through so many to find out"
    " whether a coupon makes shipping free in each: offer percents or a sum."
)

_known: dict[str, tuple[float, str | None]] = {}
"""What this process found out about which store, and when, in seconds of its own clock."""


def obstacle(rest: RestClient, monotonic: Callable[[], float] = time.monotonic) -> str | None:
    """Why a coupon does not make shipping free wherever the shop ships, in words for its merchant; None where
    it does. Asked every ten minutes at most."""
    at, answer = _known.get(rest.store_url, (0.0, None))
    if rest.store_url not in _known or monotonic() - at > GOOD_FOR:
        answer = _obstacle(rest)
        _known[rest.store_url] = (monotonic(), answer)
    return answer


def _obstacle(rest: RestClient) -> str | None:
    zones, _ = rest.page("shipping/zones", {})
    numbers = [identifier(zone.get("id")) or _ELSEWHERE for zone in zones]
    if len(numbers) > MOST_ZONES:
        return TOO_MANY_ZONES
    methods = [_methods(rest, number) for number in numbers]
    shipped_to = [of_zone for of_zone in methods if of_zone]
    everywhere = bool(shipped_to) and all(any(map(_opens, of_zone)) for of_zone in shipped_to)
    return None if everywhere else NO_METHOD


def _methods(rest: RestClient, zone: str) -> list[Json]:
    found, _ = rest.page(f"shipping/zones/{zone}/methods", {})
    return [method for method in found if method.get("enabled") is True]


def _opens(method: Json) -> bool:
    free = text(method.get("method_id")) == "free_shipping"
    return free and text(member(method, "settings", "requires", "value")) in _OPENED_BY_A_COUPON
