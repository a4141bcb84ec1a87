"""What it looks like when letters lose their marks, so that a merchant can judge before switching it on."""

from __future__ import annotations

from dataclasses import dataclass

from app.admin.preview import ROOM
from app.models import Store
from flows.compose import CartText, Composed, Product, compose
from flows.language import Wishes
from flows.sample_text import TOKEN, USUAL
from flows.texts import name_of

ELSEWHERE = ("sl", "cs", "en")
"""Shown where the store's own language has no marks to lose."""


@dataclass(frozen=True)
class Pair:
    """The first text of a language as it is, and without marks."""

    language: str
    usual: Composed
    thrifty: Composed

    def room(self, text: Composed) -> int:
        return ROOM[text.measure.encoding]


def show(store: Store, public_url: str) -> Pair:
    """In the store's language, if it makes a difference there; else in one where it does."""
    link = f"{public_url}/r/{TOKEN}"
    pairs = [_pair(store, locale, link) for locale in (store.locale, *ELSEWHERE)]
    return next((pair for pair in pairs if pair.usual != pair.thrifty), pairs[0])


def _pair(store: Store, locale: str, link: str) -> Pair:
    usual, thrifty = (
        compose(
            CartText(
                step_key="reminder",
                store_name=name_of(store),
                link=link,
                wishes=Wishes(checkout_locale=locale, formality=store.formality),
                products=[Product(USUAL.product)],
                economy=economy,
            )
        )
        for economy in (False, True)
    )
    return Pair(usual.language, usual, thrifty)
