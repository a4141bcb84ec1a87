"""The access scopes that this app asks for; ``shopify.app.toml`` declares the same."""

from __future__ import annotations

from collections.abc import Iterable

from shopify.api_access import ApiAccess, ApiAccessError

SCOPES = (
    "read_orders",
    "read_fulfillments",
    "read_customers",
    "write_customers",
    "read_discounts",
    "write_discounts",
    "read_products",
    "read_locales",
)


def missing(granted: Iterable[str]) -> tuple[str, ...]:
    """The scopes that the store has not granted; a write scope implies its read scope."""
    access = ApiAccess([scope for scope in granted if _is_known(scope)])
    return tuple(scope for scope in SCOPES if not access.covers(ApiAccess(scope)))


def _is_known(scope: str) -> bool:
    try:
        ApiAccess(scope)
    except ApiAccessError:
        return False
    return True
