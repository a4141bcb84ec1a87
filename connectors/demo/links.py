"""The way back to a cart of the demo shop."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from connectors.platform import Restore


def restore_url(restore: Restore) -> str | None:
    """The shop's own address of the cart, with tracking and code; None for an address outside the shop."""
    try:
        parts, shop = urlsplit(restore.restore_url or ""), urlsplit(restore.store_url)
    except ValueError:
        return None
    if (parts.scheme, parts.netloc) != (shop.scheme, shop.netloc) or not _inside(parts.path, shop.path):
        return None
    query = dict(parse_qsl(parts.query)) | dict(restore.tracking)
    if restore.discount_code:
        query["discount"] = restore.discount_code
    return urlunsplit(parts._replace(query=urlencode(query)))


def _inside(path: str, folder: str) -> bool:
    """Browsers resolve dots and take a backslash for a slash: neither belongs into our addresses."""
    plain = unquote(path)
    return path.startswith(f"{folder}/") and "\\" not in plain and ".." not in plain.split("/")
