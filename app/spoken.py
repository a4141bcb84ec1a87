"""Pages in the shopper's language: what the rooms that show them share."""

from __future__ import annotations

from typing import Any

from babel import Locale
from flask import render_template

from flows import catalogs


def render(template: str, language: str, **values: Any) -> str:
    """The words of a page for shoppers, ``links/<template>``, in one of the catalogs' languages."""

    def say(key: str, **names: str) -> str:
        return catalogs.text(f"page.{key}", language, **names)

    locale = locale_of(language)
    public = language.partition("-x-")[0]
    return render_template(
        f"links/{template}", say=say, lang=public, direction=locale.text_direction, **values
    )


def locale_of(language: str) -> Locale:
    """The CLDR locale of a catalog's tag; the tone is no part of it."""
    return Locale.parse(language.partition("-x-")[0], sep="-")
