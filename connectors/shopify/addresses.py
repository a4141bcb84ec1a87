"""Which web addresses we believe: a store's own domain, and plain https addresses."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

# shopifyapi's shop_url.sanitize_shop_domain completes bare names and cuts off paths; what arrives in a
# header or a token must already be exact, so that nothing is guessed (Shopify documentation, apps/build/
# security, 2026-10).
_SHOP = re.compile(r"\A[a-z0-9][a-z0-9-]*\.myshopify\.com\Z")
_HOST = re.compile(r"\A(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\Z")
_PRINTABLE = re.compile(r"\A[\x21-\x7e]+\Z")


def shop_domain(value: object) -> str | None:
    """The value if it is exactly a shop's permanent domain (``name.myshopify.com``)."""
    return value if isinstance(value, str) and _SHOP.match(value) else None


def https_address(value: object) -> SplitResult | None:
    """The parts of an https address that any browser reads as we do, else None.

    Refused are user-info, a port other than 443, bare IP addresses, backslashes, spaces and control
    characters: each of them is a known way to make an address look like another one.
    """
    if not isinstance(value, str) or not _PRINTABLE.match(value) or "\\" in value:
        return None
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    plain = parts.netloc.lower() in (parts.hostname, f"{parts.hostname}:443")
    sound = parts.scheme == "https" and plain and port in (None, 443) and _HOST.match(parts.hostname or "")
    return parts if sound else None


def safe_address(value: object) -> str | None:
    """The value if it is such an https address."""
    return value if isinstance(value, str) and https_address(value) else None
