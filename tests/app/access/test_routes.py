"""Every route is behind the guard or known to be public."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.clock import FixedClock
from app.web import EXTENSION
from tests.app.access.visits import BASE
from tests.factories import make_settings

# Every address that works without a sign-in, and why. What stands in <> is left out.
PUBLIC = {
    "/healthz": "says only that the process lives",
    "/readyz": "says only which part is away",
    "/metrics": "holds no store and no number",
    "/assets/<>/<>": "style sheets and scripts of the merchant's pages",
    "/login/<>": "the one-time token is the proof",
    "/logout": "ends a session, for the bearer of its cookie",
    "/app/auth/bounce": "an empty page that fetches a proof",
    "/r/<>": "a shopper's short link",
    "/r/": "the same that lost its end: nothing is there",
    "/p/": "the same that lost its end: nothing is there",
    "/p/<>": "a shopper's way to stop",
    "/links/static/<>": "style sheet of the pages for shoppers",
    "/webhooks/shopify": "signed by the platform",
    "/webhooks/woocommerce/<>": "signed by the store",
    "/webhooks/woocommerce/<>/questions": "signed by the store's plugin",
    "/webhooks/sms/<>/receipt": "signed by the provider",
    "/webhooks/sms/<>/reply": "signed by the provider",
    "/install/woocommerce": "begins a handshake, gives nothing",
    "/install/woocommerce/callback": "keys prove themselves at their store",
    "/install/woocommerce/keys": "keys prove themselves at their store",
    "/install/woocommerce/plugin": "the store itself is asked whether it made the secret",
    "/install/woocommerce/return": "tells what happened, lets nobody in",
    "/install/woocommerce/sign-in": "leaves a link in the store, gives nothing to whoever asks",
    "/install/woocommerce/static/<>": "style sheet of the pages above",
}
PUBLIC_IN_THE_DEMO = ("/demo", "/webhooks/demo/")


def open_routes(app: Flask) -> set[str]:
    """The routes that are not behind the guard."""
    guarded = app.extensions["guarded"]
    rules = [rule for rule in app.url_map.iter_rules() if _blueprint(rule.endpoint) not in guarded]
    return {re.sub(r"<[^>]*>", "<>", rule.rule) for rule in rules}


def test_every_route_is_guarded_or_known_to_be_public(app: Flask) -> None:
    assert open_routes(app) - set(PUBLIC) == set()


def test_the_demo_opens_nothing_but_its_own_pages(app: Flask, database_url: str, clock: FixedClock) -> None:
    demo = create_app(make_settings(database_url, demo=True), clock)
    added = open_routes(demo) - open_routes(app)
    demo.extensions[EXTENSION].close()
    assert added and all(route.startswith(PUBLIC_IN_THE_DEMO) for route in added)


def test_every_page_of_a_merchant_turns_a_stranger_away(app: Flask, client: FlaskClient) -> None:
    guarded = app.extensions["guarded"]
    rules = [rule for rule in app.url_map.iter_rules() if _blueprint(rule.endpoint) in guarded]
    assert len(rules) >= 10
    for rule in rules:
        path = re.sub(r"<[^>]*>", "7", rule.rule)
        for method in rule.methods or ():
            answer = client.open(path, method=method, base_url=BASE)
            assert answer.status_code == 401, (method, path)


def _blueprint(endpoint: str) -> str:
    return endpoint.rpartition(".")[0]
