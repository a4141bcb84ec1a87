"""Tokens that nobody guesses, and links that end when they should."""

from __future__ import annotations

from datetime import timedelta
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto import BASE62
from flows import links
from tests.factories import NOW


def test_a_token_is_short_and_holds_more_than_64_bits() -> None:
    token = links.make_token()

    assert len(token) == 12
    assert set(token) <= set(BASE62)
    assert len(token) * log2(len(BASE62)) > 64


def test_tokens_do_not_repeat() -> None:
    assert len({links.make_token() for _ in range(2000)}) == 2000


def test_every_token_has_the_form_of_a_token() -> None:
    assert all(links.is_token(links.make_token()) for _ in range(100))


@given(st.text().filter(lambda word: len(word) != 12 or not set(word) <= set(BASE62)))
def test_other_words_do_not(word: str) -> None:
    assert not links.is_token(word)


@pytest.mark.parametrize("word", ["AbCdEfGhIjKl\n", " AbCdEfGhIjKl", "AbCdEfGhIjK٣", "AbCdEfGhIjKé", ""])
def test_words_that_almost_look_like_a_token_do_not_either(word: str) -> None:
    assert not links.is_token(word)


def test_a_link_ends_thirty_days_after_the_cut_off_of_the_flow() -> None:
    assert links.link_end(NOW, timedelta(days=4)) == NOW + timedelta(days=34)
