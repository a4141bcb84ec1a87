"""The sandbox: an SMS provider that delivers to the demo's phone, and behaves like a real one.

The protocol, both ways JSON in UTF-8. Every request carries ``X-Sandbox-Signature``: hex of
HMAC-SHA256, keyed with the shared secret, over the raw body, or over the raw query string of a GET.

Us to the sandbox
  ``POST {url}/messages``: ``to`` (E.164), ``from``, ``body``, ``reference``, ``receipt_url``,
  ``validity`` (seconds). Answer 201: ``id``, ``status``, ``segments`` or null, ``price`` (decimal string)
  or null, ``currency`` or null. A refusal is a 4xx with ``code``, one of our categories; 429 may
  carry ``Retry-After``. A request that is repeated is a second text: idempotency is not promised.

  ``GET {url}/messages?to=..&token=..``: the texts to that number whose body holds the token (all
  texts without ``token``). Answer 200: ``messages``, each with ``id``, ``to``, ``from``, ``body``,
  ``status``, ``code`` or null, ``segments``, ``price``, ``currency`` and ``created_at`` (ISO 8601, UTC).

The sandbox to us
  a receipt, posted to ``receipt_url``: ``type`` "receipt", ``id``, ``status``, ``code`` or null,
  ``segments``, ``price``, ``currency``, ``from`` (the sender). Receipts may repeat and overtake each other.

  a reply, posted to our reply address: ``type`` "reply", ``id``, ``from`` (the shopper), ``to``, ``body``,
  ``answered`` ("stop", "start" or "help" where the sandbox answered the keyword itself, else null).

``status`` is one of accepted, sent, delivered, undelivered, failed.
"""

from connectors.sandbox.protocol import (
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
from connectors.sandbox.provider import SandboxProvider

__all__ = [
    "SIGNATURE_HEADER",
    "HeldText",
    "SandboxProvider",
    "accepted_body",
    "is_signature",
    "listing_body",
    "read_text",
    "receipt_body",
    "refusal_body",
    "reply_body",
    "sign",
]
