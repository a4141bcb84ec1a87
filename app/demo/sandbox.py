"""``/demo/phone/sandbox``: the SMS provider that delivers to the demo's phone.

Its protocol is described in ``connectors.sandbox``; the address is what WARMCART_SANDBOX_URL means
when it is not set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, abort, request

from app.crypto import random_token
from app.demo.courier import Courier
from app.demo.deliveries import courier
from app.demo.texts import Texts, Written
from app.web import runtime
from connectors.sandbox import (
    SIGNATURE_HEADER,
    HeldText,
    accepted_body,
    is_signature,
    listing_body,
    read_text,
    receipt_body,
    refusal_body,
    reply_body,
    sign,
)
from connectors.sms import Category, MalformedCallback, Status
from flows.providers import sandbox_secret
from flows.segments import measure

blueprint = Blueprint("demo_sandbox", __name__, url_prefix="/demo/phone/sandbox")

PRICE, CURRENCY = Decimal("0.045"), "EUR"
"""Of one segment, wherever it goes."""
ID_LENGTH = 20
SECONDS_TO = {Status.SENT: 0.4, Status.DELIVERED: 0.8}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def texts() -> Texts:
    return Texts(runtime().redis)


@blueprint.post("/messages")
def take() -> Response:
    """Take a text: it lies on the phone at once; the receipts follow as from a network."""
    body = request.get_data(cache=False)
    _check(body)
    try:
        text = read_text(body)
    except MalformedCallback as error:
        abort(400, str(error))
    if not _E164.fullmatch(text.to):
        return _json(refusal_body(Category.INVALID_NUMBER), 400)
    segments = measure(text.body).segments
    held = HeldText(
        random_token(ID_LENGTH),
        text,
        runtime().clock.now(),
        segments=segments,
        price=PRICE * segments,
        currency=CURRENCY,
    )
    texts().keep(held)
    courier().run(Receipts(courier(), texts(), held, sandbox_secret(runtime().settings)).send)
    return _json(accepted_body(held), 201)


@blueprint.get("/messages")
def listing() -> Response:
    """The texts to a number, all or those that hold a token."""
    _check(request.query_string)
    token = request.args.get("token", "")
    found = texts().texts_to(request.args.get("to", ""))
    return _json(listing_body(held for held in found if token in held.text.body), 200)


def reply(number: str, sender: str, body: str) -> None:
    """A shopper answers: it stands on the phone, and Warmcart is told as by a provider."""
    current, name = runtime(), random_token(ID_LENGTH)
    texts().keep_reply(number, name, Written(body, current.clock.now()))
    raw = reply_body(name, number, sender, body)
    address = f"{current.settings.public_url}/webhooks/sms/sandbox/reply"
    courier().post(address, raw, {SIGNATURE_HEADER: sign(raw, sandbox_secret(current.settings))})


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of one text: sent, then delivered."""

    courier: Courier
    texts: Texts
    held: HeldText
    secret: str

    def send(self) -> None:
        held = self.held
        for status, seconds in SECONDS_TO.items():
            self.courier.pause(seconds)
            held = self.texts.move(held, status)
            raw = receipt_body(held)
            self.courier.deliver(held.text.receipt_url, raw, {SIGNATURE_HEADER: sign(raw, self.secret)})


def _check(payload: bytes) -> None:
    if not is_signature(
        request.headers.get(SIGNATURE_HEADER, ""), payload, sandbox_secret(runtime().settings)
    ):
        abort(403)


def _json(body: bytes, status: int) -> Response:
    return Response(body, status, mimetype="application/json")
