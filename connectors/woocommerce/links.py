"""The ways back to a cart, and the check that a link stays inside the store.

Known to a store (WooCommerce REST API and 10.9.1 source, observed 2026-11): an unpaid order has its
``payment_url``; from 10.0 on ``/checkout-link/`` fills a cart with any products and a coupon and
leads to the checkout; before that only one product can be added, by ``/cart/?add-to-cart=``. Where our
companion plugin is, it takes such a link over by a signed parameter (``plugin_link``) and rebuilds the cart
itself; where it was switched off meanwhile, or does not know the cart any more, WooCommerce follows the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from connectors.events import Item
from connectors.platform import Companion, Restore
from connectors.woocommerce import plugin_link

FIRST_WITH_CHECKOUT_LINK = (10, 0)

_NEVER_IN_A_LINK = re.compile(r"[\s\\\x00-\x1f\x7f]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Product:
    """What a link puts into the cart. ``attributes`` are a variation's, such as ``{"size": "M"}``."""

    product_id: str
    quantity: int
    variation_id: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def restore_url(restore: Restore) -> str | None:
    """Where the tap leads: the saved link if it lies in the store, else one built from the items."""
    saved = restore.restore_url
    if saved is not None and not inside(saved, restore.store_url):
        saved = None
    companion = _companion(restore, saved)
    if companion is not None:
        return _rebuilt(restore, companion)
    target = saved or cart_link(restore.store_url, products_of(restore.items), restore.platform_version)
    return None if target is None else _with_extras(target, restore)


def applies_discounts(restore: Restore) -> bool:
    """Whether the link takes ``discount_code`` along: ``/checkout-link/`` does, and that of the plugin.

    A pay link has no place for it.
    """
    if restore.discount_code and restore.items and plugin_link.restores(restore.companion):
        return True
    target = restore_url(restore)
    return target is not None and _takes_coupon(urlsplit(target))


def _companion(restore: Restore, saved: str | None) -> Companion | None:
    """The plugin if it shall put the cart together; not for an order that is only to be paid, as it is."""
    to_pay = saved is not None and "pay_for_order" in dict(parse_qsl(urlsplit(saved).query))
    asked = bool(restore.items) and (restore.discount_code is not None or not to_pay)
    return restore.companion if asked and plugin_link.restores(restore.companion) else None


def _rebuilt(restore: Restore, companion: Companion) -> str:
    """The link that fills the cart without the plugin, as far as there is one, and the plugin's ticket."""
    plain = cart_link(restore.store_url, products_of(restore.items), restore.platform_version)
    parts = urlsplit(_with_extras(plain or f"{restore.store_url.rstrip('/')}/", restore))
    ticket = plugin_link.signed(companion, restore.tracking.get("cid", ""), restore.discount_code)
    return parts._replace(query=f"{parts.query}&{plugin_link.PARAMETER}={ticket}".lstrip("&")).geturl()


def cart_link(store_url: str, products: Sequence[Product], version: str | None) -> str | None:
    """A link that fills the cart. None where the store's version has no such link for these products."""
    if not products:
        return None
    base = store_url.rstrip("/")
    if knows_checkout_link(version):
        listed = ",".join(f"{each.variation_id or each.product_id}:{each.quantity}" for each in products)
        return f"{base}/checkout-link/?products={listed}"
    if len(products) > 1:
        return None
    [product] = products
    query = {"add-to-cart": product.product_id}
    if product.variation_id:
        query["variation_id"] = product.variation_id
        query |= {f"attribute_{name}": value for name, value in product.attributes.items()}
    return f"{base}/cart/?{urlencode(query | {'quantity': str(product.quantity)})}"


def products_of(items: Sequence[Item]) -> list[Product]:
    """The items of which the store's product is known."""
    return [
        Product(item.product_id, item.quantity, item.variant_id)
        for item in items
        if item.product_id is not None and item.quantity > 0
    ]


def knows_checkout_link(version: str | None) -> bool:
    """Whether a store of that version has ``/checkout-link/``; an unknown version is taken as older."""
    numbers = re.match(r"(\d+)\.(\d+)", version or "")
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= FIRST_WITH_CHECKOUT_LINK


def inside(url: str, store_url: str) -> bool:
    """Whether a browser that follows ``url`` stays at the store: same host and port, same sub-folder.

    ``www.`` makes no difference, nor does http or https at their own ports: stores mix them. Browsers
    read a backslash as a slash and ``%2e`` as a dot, so links with either trick are outside.
    """
    if _NEVER_IN_A_LINK.search(url):
        return False
    try:
        target, store = urlsplit(url), urlsplit(store_url)
        same_site = _site(target) == _site(store)
    except ValueError:
        return False
    if target.scheme not in _DEFAULT_PORTS or "@" in target.netloc or not same_site:
        return False
    if any(unquote(segment) in (".", "..") for segment in target.path.split("/")):
        return False
    folder = store.path.rstrip("/")
    return target.path == folder or target.path.startswith(f"{folder}/")


def _site(parts: SplitResult) -> tuple[str, int | None]:
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    default = _DEFAULT_PORTS.get(parts.scheme)
    return host, None if parts.port in (None, default) else parts.port


def _with_extras(target: str, restore: Restore) -> str:
    parts = urlsplit(target)
    extras = {name: value for name, value in restore.tracking.items() if _is_tracking(name)}
    code = restore.discount_code or next(iter(restore.own_codes), None)
    if code and _takes_coupon(parts):
        extras = {"coupon": code} | extras
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in extras]
    return parts._replace(query=urlencode([*kept, *extras.items()], safe=":,")).geturl()


def _takes_coupon(parts: SplitResult) -> bool:
    return parts.path.rstrip("/").endswith("/checkout-link")


def _is_tracking(name: str) -> bool:
    """Only these may be added: any other name could change what the link does at the store."""
    return name == "cid" or name.startswith("utm_")
