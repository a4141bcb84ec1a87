"""The companion plugin's only address, as `connectors/woocommerce/plugin` answers there."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from tests.standins.woocommerce.answers import data, pass_walls
from tests.standins.woocommerce.wordpress import WordPressError

if TYPE_CHECKING:
    from tests.standins.woocommerce.standin import WooCommerceStandin


def register(app: Flask, store: WooCommerceStandin) -> None:
    @app.post(f"{store.path}/wp-json/warmcart/v1/connection")
    def prove() -> Response:
        pass_walls(store.knobs)
        if store.plugin_secret is None:
            raise WordPressError(404, "warmcart_no_attempt", "Nobody is connecting this shop right now.")
        question = request.get_json()
        store.questions.append(question)
        asked = f"warmcart-connection.{question['challenge']}".encode()
        return data({"proof": hmac.new(store.plugin_secret.encode(), asked, hashlib.sha256).hexdigest()})
