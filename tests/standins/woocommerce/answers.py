"""How the stand-in writes its answers, and what stands before WordPress."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, redirect, request
from werkzeug.serving import WSGIRequestHandler

from tests.standins.woocommerce.wordpress import Knobs, php_json


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: what was called is asked for, not read from a terminal."""


def data(value: object, status: int = 200) -> Response:
    return Response(php_json(value), status, content_type="application/json; charset=UTF-8")


def page(html: str, status: int = 200) -> Response:
    return Response(html, status, content_type="text/html; charset=UTF-8")


def pass_walls(knobs: Knobs) -> None:
    """Hosts that redirect or ask for a password, firewalls, caches, servers with a problem."""
    if knobs.redirect_to is not None:
        abort(redirect(f"{knobs.redirect_to}{request.full_path.removesuffix('?')}", 301))
    if knobs.password_wall:
        abort(Response("Password please", 401, {"WWW-Authenticate": 'Basic realm="staging"'}))
    if knobs.firewall:
        abort(page("<h1>Blocked</h1>", 403))
    if knobs.page_instead:
        abort(page("<h1>One moment, please</h1>"))
    if knobs.fault is not None:
        headers = {"Retry-After": knobs.retry_after} if knobs.retry_after else {}
        abort(Response("A problem", knobs.fault, headers))
