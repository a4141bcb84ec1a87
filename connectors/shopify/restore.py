"""The way back to a cart: the saved checkout, or a link that fills a fresh one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, urlencode, urlunsplit

from connectors.platform import Item, Restore
from connectors.shopify.addresses import https_address


def restore_url(restore: Restore) -> str | None:
    """Where the tap leads, or None if there is no way back.

    The recorded address came in a signed body or from the store's own API, so its host is taken as it
    is; only query parameters are added, none is replaced. Without one, a cart permalink
    ``/cart/{variant}:{quantity},...`` opens a checkout with the same goods (Shopify documentation,
    apps/build/checkout/create-cart-permalinks, 2026-10). That link gets no locale: it would be a path
    prefix, and a shop that lacks the language answers 404.
    """
    recorded = https_address(restore.restore_url)
    if recorded:
        return _with_parameters(recorded, {**_discount(restore), **_locale(restore), **restore.tracking})
    store, goods = https_address(restore.store_url), ",".join(_goods(restore.items))
    if not (store and goods):
        return None
    permalink = SplitResult("https", store.netloc, f"/cart/{goods}", "", "")
    return _with_parameters(permalink, {**_discount(restore), **restore.tracking})


def _with_parameters(address: SplitResult, parameters: dict[str, str]) -> str:
    """The address with the parameters that it does not have; those it has stay byte for byte."""
    present = {name for name, _ in parse_qsl(address.query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in parameters.items() if name not in present})
    return urlunsplit(address._replace(query="&".join(part for part in (address.query, added) if part)))


def _discount(restore: Restore) -> dict[str, str]:
    return {"discount": restore.discount_code} if restore.discount_code else {}


def _locale(restore: Restore) -> dict[str, str]:
    return {"locale": restore.locale} if restore.locale else {}


def _goods(items: tuple[Item, ...]) -> Iterator[str]:
    for item in items:
        if item.variant_id and item.variant_id.isascii() and item.variant_id.isdigit() and item.quantity > 0:
            yield f"{item.variant_id}:{item.quantity}"
