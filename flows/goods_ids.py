"""Ids of products and collections, as merchants write them into a flow.

Shopify's are numbers, which its API writes as ``gid://shopify/Product/123``; WooCommerce's are numbers.
Carts name their goods by the number alone.
"""

from __future__ import annotations

import re
from enum import StrEnum

from flows.form_reader import shown


class Named(StrEnum):
    """What an id names. WooCommerce's categories are what Shopify calls collections."""

    PRODUCT = "product"
    COLLECTION = "collection"


_NUMBER = re.compile(r"[1-9][0-9]{0,19}")
_GID = re.compile(r"gid://shopify/(?P<of>\w+)/(?P<number>[1-9][0-9]{0,19})")
_WANTED = {
    ("shopify", Named.PRODUCT): (
        "no id of a product: Shopify's are numbers, or gid://shopify/Product/ and the number. It stands"
        " at the end of the address of the product's page in Shopify's admin"
    ),
    ("shopify", Named.COLLECTION): (
        "no id of a collection: Shopify's are numbers, or gid://shopify/Collection/ and the number. It stands"
        " at the end of the address of the collection's page in Shopify's admin"
    ),
    ("woocommerce", Named.PRODUCT): (
        "no id of a product: WooCommerce's are numbers. It stands in the address of the product's page in"
        " WordPress, behind post="
    ),
    ("woocommerce", Named.COLLECTION): (
        "no id of a category: WooCommerce's are numbers. It stands in the address of the category's page in"
        " WordPress, behind tag_ID="
    ),
}


def read(platform: str | None, named: Named, written: str) -> str:
    """The id as carts have it. Raises ValueError with a sentence for what cannot be one on that platform.

    None, and a platform that gives names of its own, takes any text.
    """
    written = written.strip()
    gid = _GID.fullmatch(written)
    if gid is not None and platform != "woocommerce" and gid["of"].lower() == named:
        return gid["number"]
    wanted = _WANTED.get((platform or "", named))
    if wanted is not None and not _NUMBER.fullmatch(written):
        raise ValueError(f"{shown(written)} is {wanted}")
    return written
