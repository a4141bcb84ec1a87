"""The first probe of a store: WordPress's REST index, which needs no key."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import requests

from connectors.addresses import AddressRefused, check_store_url
from connectors.platform import Unreachable
from connectors.woocommerce.body import Json, member, text
from connectors.woocommerce.calls import PERMALINKS, Answer, call, refusal

NAMESPACE = "wc/v3"


@dataclass(frozen=True, slots=True)
class StoreIndex:
    """Where a shop really answers, after redirects: the address to connect. ``data`` is what it says."""

    url: str
    data: Json


def read_index(session: requests.Session, store_url: str) -> StoreIndex:
    """The index of a store whose WooCommerce is active. Raises ConnectorError with what to do."""
    answer = call(session, "GET", f"{store_url}/wp-json/", allow_redirects=True)
    data = answer.json()
    namespaces = member(data, "namespaces")
    if answer.status != 200 or not isinstance(data, dict) or not isinstance(namespaces, list):
        return read_index(session, _front_page_above(session, store_url, answer))
    if NAMESPACE not in namespaces:
        host = urlsplit(store_url).netloc
        raise Unreachable(f"{host} runs WordPress, but WooCommerce is not active there.")
    reached = check_store_url(answer.location.partition("/wp-json")[0])
    # Over http WordPress checks signatures against its own address, with "www." or without.
    return StoreIndex(front_page(data, reached) or reached, data)


def front_page(index: Json, store_url: str) -> str | None:
    """The shop's front page as WordPress knows it, None if that is not the site that we called.

    What a store claims to be must not make it another store. Only ``www.`` makes no difference: behind
    a proxy WordPress may name http where https is right.
    """
    try:
        url = check_store_url(text(index.get("home")))
    except AddressRefused:
        return None
    return url if _site(url) == _site(store_url) else None


def _site(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.removeprefix("www.")


def _front_page_above(session: requests.Session, store_url: str, answer: Answer) -> str:
    """The shop's address where one of its pages was typed. Raises ConnectorError where there is none.

    Every page of WordPress answers ``rest_route`` with the index, also where permalinks are plain
    (observed on 9.9.5 and 11.0.1, 2026-11). Only an address above the typed one is believed.
    """
    host = urlsplit(store_url).netloc
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= 500:
        raise refusal(store_url, "GET", answer)
    if answer.code:
        raise Unreachable(f"{host} closes its REST interface to visitors: a security plugin, mostly.")
    plain = call(session, "GET", f"{store_url}/", params={"rest_route": "/"}, allow_redirects=True).json()
    if not isinstance(plain, dict) or plain.get("namespaces") is None:
        raise Unreachable(
            f"We found no WordPress shop at {store_url}. Type the address of the shop's front page,"
            " with its sub-folder if it has one."
        )
    above = front_page(plain, store_url)
    if above is None or not store_url.startswith(f"{above}/"):
        raise Unreachable(f"{host} cannot be connected yet. {PERMALINKS}")
    return above
