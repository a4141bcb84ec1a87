"""Whose what is stored under a number is, when somebody asks for their data or to be erased. Pure.

Anyone can type any number beside their e-mail address, and any address beside their number. So a number
says little of whose the rows under it are, and the address that came last says less. Certain is what the
door vouches for: a number alone was proven by its link and its last digits, or the merchant knows it; an
address or an account was named by the platform, by WordPress, which has it confirmed, or by the merchant.

To show too much is worse than to show too little, for it cannot be taken back; to erase too little is
worse than to erase too much, for a stop outlives it. A row that names nobody is therefore not shown on the
strength of an address that was typed beside its number, but it is erased.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

Names = frozenset[str]
"""By what a row names its person: ``email:<lower case>``, ``customer:<id>``; nothing but its number: none."""


class Share(Enum):
    """How much of what is stored under a number is theirs who ask."""

    ALL = "all"
    NAMELESS = "nameless"
    """All rows, without what tells who else typed the number."""
    OWN = "own"
    """Nothing but what names them."""


def to_show(asked: Names, beside: Collection[Names], *, vouched: bool) -> Share:
    """What they may see. ``beside`` is how each row under the number names its person.

    ``asked`` is empty where somebody asks by the number alone. ``vouched``: the door says that the number is
    theirs, not only that it was typed beside their address.
    """
    if not asked:
        return Share.ALL if is_one_person(beside) else Share.NAMELESS
    theirs = all(names & asked or (vouched and not names) for names in beside)
    return Share.ALL if theirs else Share.OWN


def to_erase(asked: Names, beside: Collection[Names]) -> Share:
    """What is erased. An account is nobody else's, so one that is named with their address is theirs."""
    accounts = {name for names in beside if names & asked for name in names if name.startswith("customer:")}
    theirs = all(names & (asked | accounts) for names in beside if names)
    return Share.ALL if theirs or not asked else Share.OWN


def is_one_person(beside: Collection[Names]) -> bool:
    """Whether all who are named hang together by an address or an account."""
    known = [names for names in beside if names]
    reached, before = set(next(iter(known), ())), -1
    while len(reached) > before:
        before = len(reached)
        reached.update(*(names for names in known if names & reached))
    return all(names <= reached for names in known)
