"""Send recorded deliveries to a running server, signed anew, as the platform would send them.

A Shopify file is a bare body whose name holds the topic (``03.checkouts.update.sms_consent.json``,
``2026-07.app.uninstalled.json``); a WooCommerce file is a recorded request with headers and body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Credential, Store
from app.runtime import Runtime

TIMEOUT = (3, 15)
SHOPIFY_NAME = re.compile(r"\A(?:\d{4}-\d{2}|\d+)\.(?P<resource>[a-z_]+)\.(?P<event>[a-z_]+|\d+)")
# A file that only counts its recordings is the topic of changes, which has two names at Shopify.
CHANGES = {"orders": "updated"}


class NotReplayable(Exception):
    """A file that is no delivery, or no store to send it to; the message says which and why."""


class NoDelivery(Exception):
    """A recorded request that is no webhook delivery; the message says what it is."""


@dataclass(frozen=True)
class Recording:
    platform: str
    topic: str
    body: bytes
    headers: dict[str, str]


def read_recording(path: Path) -> Recording:
    """The delivery in a file. Raises NotReplayable, and NoDelivery for another kind of request."""
    content = path.read_bytes()
    try:
        data = json.loads(content)
    except ValueError:
        raise NotReplayable(f"{path}: not JSON") from None
    if isinstance(data, dict) and "body_encoding" in data:
        headers = dict(data["headers"])
        if "consumer_secret" in data["body"]:
            raise NoDelivery("a hand-over of keys, which only the store that began it can finish")
        return Recording("woocommerce", headers.get("X-WC-Webhook-Topic", ""), data["body"].encode(), headers)
    name = SHOPIFY_NAME.match(path.name)
    if name is None:
        raise NotReplayable(f"{path}: the name does not tell the topic, as in 01.checkouts.create.json")
    resource, event = name["resource"], name["event"]
    event = CHANGES.get(resource, "update") if event.isdigit() else event
    return Recording("shopify", f"{resource}/{event}", content, {})


def find_store(session: Session, platform: str, domain: str | None) -> Store:
    """The named store, or the only one of that platform. Raises NotReplayable."""
    query = select(Store).where(Store.platform == platform)
    if domain is not None:
        query = query.where(Store.domain == domain)
    stores = session.scalars(query.limit(2)).all()
    if len(stores) != 1:
        wanted = f"no {platform} store {domain}" if domain else f"not exactly one {platform} store"
        raise NotReplayable(f"{wanted}: name one with --store (see: warmcart store list)")
    return stores[0]


def replay(runtime: Runtime, path: Path, server: str, domain: str | None, now: datetime) -> int:
    """Send one file; the status that the server answered."""
    recording = read_recording(path)
    if recording.platform == "woocommerce" and not recording.topic:
        return _send_ping(runtime, recording, server, domain)
    with runtime.database.session() as session:
        store = find_store(session, recording.platform, domain)
        address, headers = _addressed(runtime, session, store, recording, now)
    return _post(server + address, headers, recording.body)


def _addressed(
    runtime: Runtime, session: Session, store: Store, recording: Recording, now: datetime
) -> tuple[str, dict[str, str]]:
    if recording.platform == "shopify":
        if not runtime.settings.shopify_api_secret:
            raise NotReplayable("WARMCART_SHOPIFY_API_SECRET is missing: Shopify deliveries cannot be signed")
        signature = _sign(recording.body, runtime.settings.shopify_api_secret[0])
        return "/webhooks/shopify", {
            "X-Shopify-Topic": recording.topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Shop-Domain": store.domain,
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Triggered-At": now.isoformat(),
            "Content-Type": "application/json",
        }
    secret = session.get(Credential, (store.id, "webhook_secret"))
    if secret is None:
        raise NotReplayable(f"{store.domain} has no webhook secret: connect the store first")
    key = runtime.cipher.decrypt_json(secret.secret)["secret"]
    kept = {name: value for name, value in recording.headers.items() if name.startswith("X-WC-")}
    kept |= {"X-WC-Webhook-Signature": _sign(recording.body, key), "Content-Type": "application/json"}
    return f"/webhooks/woocommerce/{store.public_id}", kept


def _send_ping(runtime: Runtime, recording: Recording, server: str, domain: str | None) -> int:
    """WooCommerce's ping has no topic and no signature."""
    with runtime.database.session() as session:
        public_id = find_store(session, "woocommerce", domain).public_id
    headers = {"Content-Type": recording.headers.get("Content-Type", "")}
    return _post(f"{server}/webhooks/woocommerce/{public_id}", headers, recording.body)


def _sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    sendable = {
        name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}
    }
    return requests.post(url, data=body, headers=sendable, timeout=TIMEOUT, allow_redirects=False).status_code
