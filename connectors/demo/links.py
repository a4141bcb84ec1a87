"""The way back to a cart of the demo shop."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from connectors.platform import Restore


def restore_url(restore: Restore) -> str | None:
    """The shop's own address of the cart with tracking added; None for an address of another site."""
    if restore.restore_url is None:
        return None
    parts, shop = urlsplit(restore.restore_url), urlsplit(restore.store_url)
    if (parts.scheme, parts.netloc) != (shop.scheme, shop.netloc) or not parts.path.startswith(shop.path):
        return None
    query = dict(parse_qsl(parts.query)) | dict(restore.tracking)
    return urlunsplit(parts._replace(query=urlencode(query)))
