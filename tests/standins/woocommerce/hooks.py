"""Webhooks: created with a ping, queued, built when delivered, never retried, disabled in silence.

After class-wc-webhook.php and the v1 webhooks controller of WooCommerce 10.9.1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from tests.standins.woocommerce.wordpress import Knobs, WordPressError, php_json

TOPICS = {
    f"{resource}.{event}"
    for resource in ("order", "product", "coupon", "customer")
    for event in ("created", "updated", "deleted", "restored")
} - {"customer.restored"} | {"product.published"}
ACTION = re.compile(r"action\.(woocommerce|wc)_[a-z_]+")
STATUSES = ("active", "paused", "disabled")
FAILURES_ALLOWED = 5
PING_TIMEOUT, DELIVERY_TIMEOUT = 5, 60
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#039;", "'"), ("&#39;", "'"), ("&amp;", "&"))


@dataclass
class Webhook:
    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    status: str = "active"
    failure_count: int = 0
    pending_delivery: bool = True

    def shown(self) -> dict[str, Any]:
        """As REST shows it: no secret, no count of failures, no pending delivery."""
        resource, _, event = self.topic.partition(".")
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "topic": self.topic,
            "resource": resource,
            "event": event,
            "hooks": [],
            "delivery_url": self.delivery_url,
        }


@dataclass(frozen=True)
class Sent:
    """One request that left the store; ``status`` is the answer's, None without an answer."""

    webhook_id: int
    topic: str
    resource_id: int | None
    delivery_id: str | None
    body: str
    status: int | None


class Webhooks:
    """All webhooks of a store. ``payload`` builds a body at the moment of delivery."""

    def __init__(self, knobs: Knobs, source: str, payload: Callable[[str, int], dict[str, Any]]) -> None:
        self.by_id: dict[int, Webhook] = {}
        self.sent: list[Sent] = []
        self.trust: str | bool = True
        self._knobs, self._source, self._payload = knobs, source, payload
        self._queue: dict[tuple[int, int], None] = {}
        self._running = threading.Lock()
        self._last_id = 0

    def create(self, data: Mapping[str, Any]) -> Webhook:
        if missing := [name for name in ("topic", "delivery_url") if name not in data]:
            raise WordPressError(
                400, "rest_missing_callback_param", f"Missing parameter(s): {', '.join(missing)}"
            )
        topic, url = str(data.get("topic", "")).lower(), str(data.get("delivery_url", ""))
        if topic not in TOPICS and not ACTION.fullmatch(topic):
            raise _refused("invalid_topic", "Webhook topic is required and must be valid.")
        _check_url(url)
        self._last_id += 1
        secret = str(data.get("secret") or "") or hashlib.sha256(str(time.time_ns()).encode()).hexdigest()
        webhook = Webhook(self._last_id, str(data.get("name") or "Webhook"), topic, url, secret)
        self.by_id[webhook.id] = webhook
        self._ping(webhook)
        return webhook

    def update(self, webhook_id: int, data: Mapping[str, Any]) -> Webhook:
        webhook = self.get(webhook_id, 400)
        if status := data.get("status"):
            if status not in STATUSES:
                raise _refused("invalid_status", "Webhook status must be valid.")
            webhook.status = str(status)
        webhook.secret = str(data.get("secret") or webhook.secret)
        webhook.name = str(data.get("name") or webhook.name)
        moved = str(data.get("delivery_url") or webhook.delivery_url)
        if moved != webhook.delivery_url:
            _check_url(moved)
            webhook.delivery_url, webhook.pending_delivery = moved, True
            self._ping(webhook)
        return webhook

    def get(self, webhook_id: int, status: int = 404) -> Webhook:
        if webhook_id not in self.by_id:
            raise _refused("invalid_id", "Invalid ID.", status)
        return self.by_id[webhook_id]

    def enqueue(self, topic: str, resource_id: int) -> None:
        """Several changes before a delivery fold into one."""
        for webhook in self.by_id.values():
            if webhook.topic == topic and webhook.status == "active":
                self._queue.setdefault((webhook.id, resource_id))
        if self._knobs.deliver_at_once:
            self.run()

    def run(self) -> int:
        """Deliver what waits, one after another; how many left."""
        count = 0
        with self._running:
            while self._queue:
                webhook_id, resource_id = next(iter(self._queue))
                del self._queue[(webhook_id, resource_id)]
                webhook = self.by_id.get(webhook_id)
                if webhook is not None and webhook.status == "active":
                    self._deliver(webhook, resource_id)
                    count += 1
        return count

    def waiting(self) -> int:
        return len(self._queue)

    def _deliver(self, webhook: Webhook, resource_id: int) -> None:
        body = php_json(self._payload(webhook.topic, resource_id))
        resource, _, event = webhook.topic.partition(".")
        delivery_id = hashlib.md5(f"{webhook.id}{int(time.time())}".encode()).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": self._source,
            "X-WC-Webhook-Topic": webhook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signature(body, webhook.secret),
            "X-WC-Webhook-ID": str(webhook.id),
            "X-WC-Webhook-Delivery-ID": delivery_id,
        }
        status = self._post(webhook.delivery_url, body, headers, DELIVERY_TIMEOUT)
        self.sent.append(Sent(webhook.id, webhook.topic, resource_id, delivery_id, body.decode(), status))
        if status is not None and 200 <= status < 303:
            webhook.failure_count = 0
        elif webhook.failure_count > FAILURES_ALLOWED:
            webhook.status = "disabled"
        else:
            webhook.failure_count += 1
        if webhook.pending_delivery:
            self._ping(webhook)

    def _ping(self, webhook: Webhook) -> None:
        body = f"webhook_id={webhook.id}".encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status = self._post(webhook.delivery_url, body, form, PING_TIMEOUT)
        self.sent.append(Sent(webhook.id, "", None, None, body.decode(), status))
        webhook.pending_delivery = status != 200

    def _post(self, url: str, body: bytes, headers: dict[str, str], timeout: int) -> int | None:
        agent = f"WooCommerce/{self._knobs.version} Hookshot (WordPress/6.9)"
        headers = headers | {"User-Agent": agent, "Connection": "close"}
        try:
            answer = requests.post(
                url, body, headers=headers, timeout=timeout, allow_redirects=False, verify=self.trust
            )
        except requests.RequestException:
            return None
        return answer.status_code


def signature(body: bytes, secret: str) -> str:
    """WooCommerce decodes HTML entities in the secret before it signs."""
    for entity, character in ENTITIES:
        secret = secret.replace(entity, character)
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def _check_url(url: str) -> None:
    if not re.match(r"https?://[^\s/]+", url):
        raise _refused("invalid_delivery_url", "Webhook delivery URL must be a valid URL.")


def _refused(reason: str, message: str, status: int = 400) -> WordPressError:
    return WordPressError(status, f"woocommerce_rest_shop_webhook_{reason}", message)
