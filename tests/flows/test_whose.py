"""Nobody reaches somebody else by typing their number, nor by typing their address beside a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.whose import Names, Share, is_one_person, to_erase, to_show

ALL, NAMELESS, OWN = Share.ALL, Share.NAMELESS, Share.OWN


def names(text: str) -> Names:
    """``a 7`` is the address a@mail.example and the account 7."""
    found = (f"customer:{word}" if word.isdigit() else f"email:{word}@mail.example" for word in text.split())
    return frozenset(found)


def rows(text: str) -> list[Names]:
    """One row under the number for each part between commas; ``-`` names nobody."""
    return [names(part.replace("-", "")) for part in text.split(",") if part.strip()]


# What they ask by, the rows under the number, what they may see if it was only typed beside their address,
# what if the door vouches for it, and what is erased.
EXAMPLES = [
    ("a", "a", ALL, ALL, ALL),
    ("a", "", ALL, ALL, ALL),
    ("a", "a, a 1", ALL, ALL, ALL),
    ("b 1", "a 1, b 1", ALL, ALL, ALL),
    # Left before an address was typed: perhaps by them, perhaps by whose number they typed.
    ("a", "a, -", OWN, ALL, ALL),
    ("a", "-", OWN, ALL, ALL),
    # Somebody else is known with the number, before or after.
    ("a", "a, b", OWN, OWN, OWN),
    ("a", "b", OWN, OWN, OWN),
    ("a", "a, 2", OWN, OWN, OWN),
    # Bought as a guest of that address, then by the account: seen only by whoever names the account, too.
    ("a", "a, a 1, 1", OWN, OWN, ALL),
    ("a", "a, a 1, b 1", OWN, OWN, ALL),
    # Whoever logs in and types somebody's address beside somebody's number is not that person.
    ("a 1", "b 1, b", OWN, OWN, OWN),
]


@pytest.mark.parametrize(("asked", "beside", "typed", "vouched", "erased"), EXAMPLES)
def test_by_an_address_or_an_account(
    asked: str, beside: str, typed: Share, vouched: Share, erased: Share
) -> None:
    assert to_show(names(asked), rows(beside), vouched=False) is typed
    assert to_show(names(asked), rows(beside), vouched=True) is vouched
    assert to_erase(names(asked), rows(beside)) is erased


@pytest.mark.parametrize(
    ("beside", "shown"),
    [
        ("", ALL),
        ("-", ALL),
        ("a", ALL),
        ("a, -", ALL),
        ("a 1, a, 1, b 1", ALL),
        ("a, b", NAMELESS),
        ("a, 1", NAMELESS),
        ("a 1, b 2, a", NAMELESS),
    ],
)
def test_by_the_number_alone(beside: str, shown: Share) -> None:
    """Of a number with several people its holder learns no address; erased is all of it."""
    assert to_show(frozenset(), rows(beside), vouched=True) is shown
    assert to_erase(frozenset(), rows(beside)) is ALL


PEOPLE = st.lists(
    st.frozensets(st.sampled_from(["email:a", "email:b", "customer:1", "customer:2"])), max_size=6
)
ASKED = st.frozensets(st.sampled_from(["email:a", "customer:1"]), min_size=1)


@given(ASKED, PEOPLE, st.booleans())
def test_what_names_others_alone_is_never_shown_and_what_is_shown_is_erased(
    asked: Names, beside: list[Names], vouched: bool
) -> None:
    shown = to_show(asked, beside, vouched=vouched)
    if any(row and not row & asked for row in beside):
        assert shown is OWN
    if shown is ALL:
        assert to_erase(asked, beside) is ALL


@given(PEOPLE, st.randoms(use_true_random=False))
def test_whether_it_is_one_person_does_not_depend_on_the_order(beside: list[Names], chance: object) -> None:
    shuffled = list(beside)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert is_one_person(shuffled) is is_one_person(beside)
