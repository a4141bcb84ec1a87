"""What a store says of itself: index, system status and general settings together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.events import StoreChanged
from connectors.woocommerce.body import Json, amount, language_tag, member, text
from connectors.woocommerce.index import front_page, read_index
from connectors.woocommerce.rest import RestClient

Settings = Mapping[str, Json]


def store_details(rest: RestClient) -> StoreChanged:
    """The store's name, address, currency, country, time zone, language and where it ships.

    ``url`` is the front page, unknown where WordPress names another site than the one that we call.
    """
    index = read_index(rest.session, rest.store_url).data
    status = rest.get("system_status", {"_fields": "environment,settings"})
    settings = {text(row.get("id")): row for row in rest.page("settings/general", {})[0]}
    return StoreChanged(
        platform_store_id=text(member(status, "environment", "store_id")) or None,
        name=text(index.get("name")) or None,
        url=front_page(index, rest.store_url),
        currency=_value(settings, "woocommerce_currency")
        or text(member(status, "settings", "currency"))
        or None,
        country=_value(settings, "woocommerce_default_country").partition(":")[0] or None,
        timezone=_timezone(index),
        locale=language_tag(text(member(status, "environment", "language"))),
        ships_to=_ships_to(settings),
        platform_version=text(member(status, "environment", "version")) or None,
    )


def _value(settings: Settings, name: str) -> str:
    return text(member(settings, name, "value"))


def _timezone(index: Json) -> str | None:
    """The zone's name; an offset without a name as ``Etc/GMT``, which counts the other way round."""
    named = text(index.get("timezone_string"))
    if named:
        return named
    offset = amount(index.get("gmt_offset"))
    if offset is None or offset != int(offset) or not -12 <= offset <= 14:
        return None
    return f"Etc/GMT{-int(offset):+d}" if offset else "Etc/UTC"


def _ships_to(settings: Settings) -> tuple[str, ...] | None:
    """Country codes: the shipping list, else the selling list. None where the store does not tell."""
    if _value(settings, "woocommerce_ship_to_countries") == "specific":
        return _countries(member(settings, "woocommerce_specific_ship_to_countries", "value"))
    selling = _value(settings, "woocommerce_allowed_countries")
    if selling == "specific":
        return _countries(member(settings, "woocommerce_specific_allowed_countries", "value"))
    known = _known_countries(settings)
    if not known:
        return None
    excluded = _countries(member(settings, "woocommerce_all_except_countries", "value"))
    return tuple(code for code in known if selling != "all_except" or code not in excluded)


def _countries(value: object) -> tuple[str, ...]:
    codes: list[Any] = (
        list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    )
    return tuple(code for code in map(text, codes) if re.fullmatch(r"[A-Z]{2}", code))


def _known_countries(settings: Settings) -> tuple[str, ...]:
    """Every country that WooCommerce knows: the choices of a setting that lists countries."""
    options = member(settings, "woocommerce_specific_allowed_countries", "options")
    return _countries(list(options)) if isinstance(options, Mapping) else ()
