"""What all parts of the stand-in share: its knobs, its refusals, and how PHP writes JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

SECONDS = "%Y-%m-%dT%H:%M:%S"


@dataclass
class Knobs:
    """How the store behaves. ``sees_https`` is what PHP believes of a call, None for the truth."""

    version: str = "10.9.1"
    sees_https: bool | None = None
    strip_authorization: bool = False
    permalinks: str = "pretty"
    woocommerce_active: bool = True
    owner_has_rights: bool = True
    coupons: bool = True
    password_wall: bool = False
    firewall: bool = False
    page_instead: bool = False
    fault: int | None = None
    retry_after: str | None = None
    redirect_to: str | None = None
    total_pages_header: bool = True
    knows_drafts: bool = True
    deliver_at_once: bool = False
    insecure_callback: bool = False
    utc_offset: int = -6
    timezone: str = "America/Chicago"
    name: str = "Boutique"
    home: str | None = None
    currency: str = "USD"
    country: str = "US:TX"
    language: str = "en_US"
    selling: str = "all"
    selling_to: tuple[str, ...] = ()
    not_selling_to: tuple[str, ...] = ()
    shipping: str = ""
    shipping_to: tuple[str, ...] = ()

    def before(self, *version: int) -> bool:
        """Whether the store runs an older WooCommerce than ``version``."""
        return tuple(map(int, self.version.split("."))) < version

    def set(self, **changes: Any) -> None:
        known = {field.name for field in fields(self)}
        if unknown := changes.keys() - known:
            raise ValueError(f"no such knob: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)


class WordPressError(Exception):
    """What WordPress answers in place of data. Its messages come in the store's language; codes do not."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": {"status": self.status}}


def php_json(value: object) -> bytes:
    """JSON as ``wp_json_encode`` writes it: ASCII, slashes escaped, no spaces."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def gmt(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(SECONDS)


def local(gmt_text: str | None, utc_offset: int) -> str | None:
    """The store's own time for a ``*_gmt`` value."""
    if gmt_text is None:
        return None
    return (datetime.fromisoformat(gmt_text) + timedelta(hours=utc_offset)).strftime(SECONDS)
