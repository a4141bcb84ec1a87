"""The signed link by which the companion plugin puts a left cart together again.

One parameter beside the others: ``warmcart=<content>.<signature>``. The content is JSON in base64url
without padding: ``cart`` (key of the cart in the shop), ``until`` (seconds since 1970), ``nonce`` (good
once), ``cid`` (our link's token) and ``code`` (of a discount, or null). The signature is hex of HMAC-SHA256
with the plugin's own secret over ``warmcart-restore.<content>``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta

from connectors.platform import Companion

PARAMETER = "warmcart"
DOMAIN = "warmcart-restore."
"""Before every content, so that a link's signature is neither that of an event nor a proof of connection."""

GOOD_FOR = timedelta(minutes=15)
FIRST_THAT_RESTORES = (0, 2)


def restores(companion: Companion | None) -> bool:
    """Whether the shop's plugin is one that knows such links."""
    numbers = re.match(r"(\d+)\.(\d+)", companion.version) if companion else None
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= FIRST_THAT_RESTORES


def signed(companion: Companion, cid: str, code: str | None) -> str:
    """The parameter's value: of use for this cart, in this shop, once, for fifteen minutes."""
    told = {
        "cart": companion.cart_key,
        "until": int((companion.now + GOOD_FOR).timestamp()),
        "nonce": companion.nonce,
        "cid": cid,
        "code": code,
    }
    content = base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")
    signature = hmac.new(companion.secret.encode(), f"{DOMAIN}{content}".encode(), hashlib.sha256).hexdigest()
    return f"{content}.{signature}"
