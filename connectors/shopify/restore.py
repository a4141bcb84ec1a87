"""The way back to a cart: the saved checkout, or a link that fills a fresh one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from urllib.parse import SplitResult, parse_qsl, unquote_plus, urlencode, urlunsplit

from connectors.events import Item
from connectors.platform import Restore
from connectors.shopify.addresses import https_address

# Shopify calls a checkout abandoned ten minutes after the shopper gave an address (help.shopify.com,
# "Recovering abandoned checkouts"); before that its address led to the shop's front page (observed by
# others, community.shopify.com/t/204272).
OPENS_AFTER = timedelta(minutes=10)
OUR_ATTRIBUTE = "warmcart"
"""The cart attribute by which a fresh checkout names the link that filled it."""

_SHOPIFYS_OWN = (".shopify.com", ".shopifypreview.com", ".shop.app")
_PREFIX = re.compile(r"[a-z]{2,3}(?:-[a-z]{2,4})?")


def restore_url(restore: Restore) -> str | None:
    """Where the tap leads, or None if there is no way back.

    The recorded address came in a signed body or from the store's own API, so its host is taken as it
    is; query parameters are added, and none is replaced but another code by ours, which the text has
    promised. A checkout that is too fresh for its address, or that has none, is filled anew by a permalink.
    """
    recorded = https_address(restore.restore_url)
    permalink = None if recorded and _opens(restore) else _permalink(restore, recorded)
    if permalink or not recorded:
        return permalink
    discount = {"discount": restore.discount_code} if restore.discount_code else {}
    address = recorded._replace(query=_without(recorded.query, discount))
    return _with_parameters(address, {**discount, **_locale(restore), **restore.tracking})


def _opens(restore: Restore) -> bool:
    return restore.rested is None or restore.rested >= OPENS_AFTER


def _permalink(restore: Restore, recorded: SplitResult | None) -> str | None:
    """``/cart/{variant}:{quantity},...`` opens a checkout with the same goods and what we know of the
    shopper; every field can be changed there (Shopify documentation, apps/build/checkout/
    create-cart-permalinks, 2026-10: no phone, no selling plans).

    It stays at the host of the saved checkout, which is that of the shopper's market. The language is a
    path prefix, and a shop that lacks it answers 404: only one that the shop itself has used is taken.
    """
    own = recorded if recorded and not f".{recorded.hostname}".endswith(_SHOPIFYS_OWN) else None
    store, goods = own or https_address(restore.store_url), ",".join(_goods(restore.items))
    if not (store and goods):
        return None
    address = SplitResult("https", store.netloc, f"{_prefix(restore)}/cart/{goods}", "", "")
    return _with_parameters(address, {**_discounts(restore), **_filled(restore), **restore.tracking})


def _prefix(restore: Restore) -> str:
    prefix = (restore.storefront_locale or "").lower()
    return f"/{prefix}" if _PREFIX.fullmatch(prefix) else ""


def _filled(restore: Restore) -> dict[str, str]:
    shopper, link = restore.shopper, restore.tracking.get("cid")
    known = {
        "checkout[email]": shopper.email,
        "checkout[shipping_address][first_name]": shopper.first_name,
        "checkout[shipping_address][country]": shopper.country,
        "checkout[shipping_address][zip]": shopper.postcode,
        f"attributes[{OUR_ATTRIBUTE}]": link,
    }
    return {name: value for name, value in known.items() if value}


def _with_parameters(address: SplitResult, parameters: dict[str, str]) -> str:
    """The address with the parameters that it does not have; those it has stay byte for byte."""
    present = {name for name, _ in parse_qsl(address.query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in parameters.items() if name not in present})
    return urlunsplit(address._replace(query="&".join(part for part in (address.query, added) if part)))


def _without(query: str, names: Collection[str]) -> str:
    return "&".join(part for part in query.split("&") if unquote_plus(part.partition("=")[0]) not in names)


def _discounts(restore: Restore) -> dict[str, str]:
    """Ours first, and those of the shopper; a comma stands between them, so one that holds a comma is left
    out."""
    codes = [restore.discount_code, *(code for code in restore.own_codes if "," not in code)]
    told = ",".join(dict.fromkeys(code for code in codes if code))
    return {"discount": told} if told else {}


def _locale(restore: Restore) -> dict[str, str]:
    return {"locale": restore.locale} if restore.locale else {}


def _goods(items: tuple[Item, ...]) -> Iterator[str]:
    """Each variant once: lines that only what the shopper typed beside them told apart become one."""
    counts: dict[str, int] = {}
    for item in items:
        if item.variant_id and item.variant_id.isascii() and item.variant_id.isdigit() and item.quantity > 0:
            counts[item.variant_id] = counts.get(item.variant_id, 0) + item.quantity
    return (f"{variant_id}:{quantity}" for variant_id, quantity in counts.items())
