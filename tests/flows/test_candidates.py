from __future__ import annotations

import pytest

from app.models import Store
from flows.candidates import allowed_countries


@pytest.mark.parametrize(
    ("limit", "own", "ships_to", "chosen", "allowed"),
    [
        (None, "GB", [], None, {"GB"}),
        (None, "GB", ["IE", "FR"], None, {"GB", "IE", "FR"}),
        (None, "GB", ["IE", "FR"], ["FR", "US"], {"FR"}),
        (("DE", "AT"), "GB", ["IE"], None, {"DE", "AT"}),
        (("DE", "AT"), "GB", ["IE"], ["AT", "GB"], {"AT"}),
        (("*",), "GB", [], None, None),
        (("*",), "GB", [], ["FR"], {"FR"}),
        (("*",), "GB", [], [], set()),
    ],
)
def test_a_store_narrows_what_the_installation_allows(
    limit: tuple[str, ...] | None,
    own: str,
    ships_to: list[str],
    chosen: list[str] | None,
    allowed: set[str] | None,
) -> None:
    assert allowed_countries(limit, Store(country=own, ships_to=ships_to, countries=chosen)) == allowed


def test_a_store_that_we_know_nothing_of_texts_no_country() -> None:
    assert "GB" not in (allowed_countries(None, Store(country=None, ships_to=[])) or ())
