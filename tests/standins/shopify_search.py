"""Shopify's search syntax, as far as our queries use it, and strictly.

Shopify ignores a term that it does not know; the stand-in refuses it, so that a misspelt filter is
found here and not by a merchant (syntax: Shopify documentation, api/usage/search-syntax).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Node = Mapping[str, Any]
Predicate = Callable[[Node], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<word>OR|AND)\b
    |(?P<field>\w+):(?P<operator>>=|<=|>|<)?(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s()'"]+))""",
    re.VERBOSE,
)


class UnknownSearch(Exception):
    """A search that Shopify would not understand as meant."""


def _digits(gid: Any) -> str:
    return str(gid).rpartition("/")[2]


FILTERS: Mapping[str, Mapping[str, Callable[[Node], Any]]] = {
    "orders": {
        "created_at": lambda node: node["createdAt"],
        "updated_at": lambda node: node["updatedAt"],
        "checkout_token": lambda node: node["checkoutToken"],
        "cart_token": lambda node: node["cartToken"],
        "email": lambda node: node["email"],
        "customer_id": lambda node: _digits((node["customer"] or {}).get("id")),
    },
    "abandonedCheckouts": {
        "created_at": lambda node: node["createdAt"],
        "updated_at": lambda node: node["updatedAt"],
        "status": lambda node: "open",
        "recovery_state": lambda node: "recovered" if node["completedAt"] else "not_recovered",
    },
    "customers": {"updated_at": lambda node: node["updatedAt"]},
    "products": {"title": lambda node: node["title"]},
    "collections": {"title": lambda node: node["title"]},
    "discountNodes": {"method": lambda node: node["method"], "status": lambda node: node["status"]},
}


def search(kind: str, text: str | None) -> Predicate:
    """Which nodes of a connection a search keeps. Raises UnknownSearch."""
    tokens = _tokens(text or "")
    if not tokens:
        return lambda node: True
    found = _alternatives(kind, tokens)
    if tokens:
        raise UnknownSearch(f"{text!r} does not end where it should")
    return found


def _tokens(text: str) -> list[re.Match[str]]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if not match:
            raise UnknownSearch(f"{text[at:]!r} is no search term")
        tokens.append(match)
        at = match.end()
    return tokens


def _alternatives(kind: str, tokens: list[re.Match[str]]) -> Predicate:
    found = [_all_of(kind, tokens)]
    while tokens and tokens[0]["word"] == "OR":
        tokens.pop(0)
        found.append(_all_of(kind, tokens))
    return lambda node: any(predicate(node) for predicate in found)


def _all_of(kind: str, tokens: list[re.Match[str]]) -> Predicate:
    found = [_term(kind, tokens)]
    while tokens and not tokens[0]["close"] and tokens[0]["word"] != "OR":
        if tokens[0]["word"] == "AND":
            tokens.pop(0)
        found.append(_term(kind, tokens))
    return lambda node: all(predicate(node) for predicate in found)


def _term(kind: str, tokens: list[re.Match[str]]) -> Predicate:
    if not tokens:
        raise UnknownSearch("a term is missing")
    token = tokens.pop(0)
    if token["open"]:
        inside = _alternatives(kind, tokens)
        if not tokens or not tokens.pop(0)["close"]:
            raise UnknownSearch("a bracket is not closed")
        return inside
    return _comparison(kind, token)


def _comparison(kind: str, token: re.Match[str]) -> Predicate:
    read = FILTERS[kind].get(token["field"] or "")
    if read is None:
        raise UnknownSearch(f"{kind} has no filter {token['field']!r}")
    wanted, operator = _unquoted(token["value"]), token["operator"]
    if token["field"] in ("created_at", "updated_at"):
        return lambda node: _in_order(_moment(read(node)), operator, _moment(wanted))
    if operator:
        raise UnknownSearch(f"{token['field']} cannot be compared by {operator}")
    if token["field"] == "title":
        return lambda node: _has_word(str(read(node)), wanted)
    return lambda node: str(read(node) or "").lower() == wanted.lower()


def _has_word(title: str, wanted: str) -> bool:
    """A title is searched word by word; with a star, a word need only begin so."""
    beginning, star, rest = wanted.lower().partition("*")
    if rest:
        raise UnknownSearch("a star stands at the end")
    found = "".join(one if _is_of_a_word(one) else " " for one in title.lower()).split()
    return any(word.startswith(beginning) if star else word == beginning for word in found)


def _is_of_a_word(sign: str) -> bool:
    """Marks and joiners break no word (Unicode Standard Annex 29)."""
    return sign == "_" or unicodedata.category(sign)[0] in "LMN" or unicodedata.category(sign) == "Cf"


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value[0] in "'\"" else value


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise UnknownSearch(f"{value!r} has no UTC offset")
    return found


def _in_order(value: datetime, operator: str | None, wanted: datetime) -> bool:
    comparisons = {
        ">=": value >= wanted,
        "<=": value <= wanted,
        ">": value > wanted,
        "<": value < wanted,
        None: value == wanted,
    }
    return comparisons[operator]
