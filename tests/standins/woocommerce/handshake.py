"""wc-auth: the grant page, and the hand-over of keys by the store's server (class-wc-auth.php, 10.9.1)."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from tests.standins.woocommerce.keys import Keys
from tests.standins.woocommerce.wordpress import Knobs, php_json

NEEDED = ("app_name", "user_id", "return_url", "callback_url", "scope")
SCOPES = ("read", "write", "read_write")
TIMEOUT = 60


class AccessDenied(Exception):
    """The bare error page with status 401 that WooCommerce shows."""


class Handshake:
    def __init__(self, knobs: Knobs, keys: Keys, url: str) -> None:
        self.trust: str | bool = True
        self._knobs, self._keys, self._url = knobs, keys, url
        self._nonce = secrets.token_hex(5)
        self._handed = 0

    def page(self, query: Mapping[str, str]) -> str:
        """The page on which the merchant approves or denies. Raises AccessDenied."""
        self._check(query)
        kept = {name: query[name] for name in NEEDED}
        # WooCommerce puts the values into the next address unencoded: what is special there is lost.
        kept["user_id"] = re.sub(r"[^A-Za-z0-9_.-]", "", query["user_id"].partition("&")[0])
        granted = f"{self._url}/wc-auth/v1/access_granted/?{urlencode(kept | {'wc_auth_nonce': self._nonce})}"
        denied = returned(query["return_url"], kept["user_id"], success=False)
        return (
            f"<h1>{html.escape(query['app_name'])} would like to connect to your store</h1>"
            f"<p>{html.escape(urlsplit(query['callback_url']).netloc)}</p>"
            f'<a class="approve" href="{html.escape(granted)}">Approve</a>'
            f'<a class="deny" href="{html.escape(denied)}">Deny</a>'
        )

    def granted(self, query: Mapping[str, str]) -> str:
        """Hand the keys over; the address to which the browser goes next. Raises AccessDenied."""
        self._check(query)
        if query.get("wc_auth_nonce") != self._nonce:
            raise AccessDenied("Invalid nonce verification")
        key = self._keys.add(query["scope"])
        self._handed += 1
        body = {
            "key_id": self._handed,
            "user_id": query["user_id"],
            "consumer_key": key.consumer_key,
            "consumer_secret": key.consumer_secret,
            "key_permissions": key.permissions,
        }
        try:
            status = self._post(query["callback_url"], php_json(body))
        except requests.RequestException as error:
            status, reason = None, type(error).__name__
        else:
            reason = "An error occurred in the request"
        if status != 200:
            self._keys.revoke(key.consumer_key)
            raise AccessDenied(reason)
        return returned(query["return_url"], query["user_id"], success=True)

    def _post(self, url: str, body: bytes) -> int:
        headers = {
            "Content-Type": "application/json;charset=UTF-8",
            "User-Agent": f"WordPress/6.9; {self._url}",
            "Connection": "close",
        }
        return requests.post(url, body, headers=headers, timeout=TIMEOUT, verify=self.trust).status_code

    def _check(self, query: Mapping[str, str]) -> None:
        for name in NEEDED:
            if not query.get(name):
                raise AccessDenied(f"Missing parameter {name}")
        if query["scope"] not in SCOPES:
            raise AccessDenied(f"Invalid scope {query['scope']}")
        for name in ("return_url", "callback_url"):
            if urlsplit(query[name]).scheme not in ("http", "https"):
                raise AccessDenied(f"The {query[name]} is not a valid URL")
        if not self._knobs.insecure_callback and not query["callback_url"].lower().startswith("https://"):
            raise AccessDenied("The callback_url needs to be over SSL")
        if not self._knobs.owner_has_rights:
            raise AccessDenied("You do not have permission to access this page")


def returned(return_url: str, user_id: str, success: bool) -> str:
    parts = urlsplit(return_url)
    query = [*parse_qsl(parts.query), ("success", "1" if success else "0"), ("user_id", user_id)]
    return parts._replace(query=urlencode(query)).geturl()
