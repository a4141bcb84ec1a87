"""The few pages that a shopper sees of us: small, in their language, without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from flask import Response, make_response, request

from app.spoken import render
from flows import catalogs
from flows.language import match_language

log = structlog.get_logger()

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
RETRY_AFTER = "5"


def page(template: str, status: int, language: str | None = None, **values: Any) -> Response:
    """A page in the given language, else in the visitor's; its words are ``say(key, ...)``."""
    return private(make_response(render(template, spoken(language), **values), status))


def spoken(language: str | None) -> str:
    """The catalog that speaks the given language, else the visitor's, else English."""
    return _choose([*filter(None, [language]), *request.accept_languages.values()])


def not_found() -> Response:
    """The friendly answer to a link that we do not know."""
    return page("not_found.html", 404)


def unavailable(error: Exception) -> Response:
    """The database is away: a page with a button that opens the link once more."""
    log.warning("link_not_opened", error=type(error).__name__)
    response = page("unavailable.html", 503)
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def private(response: Response) -> Response:
    """Headers of everything under a token: not kept, not told to others, not framed, not indexed."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def _choose(wishes: Iterable[str]) -> str:
    matches = (match_language(wish, catalogs.languages()) for wish in wishes)
    return next(filter(None, matches), "en")
