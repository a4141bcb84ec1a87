"""The stand-in in a process of its own, with the same methods as in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from tests.standins.woocommerce.standin import CONTROLS

ROOT = Path(__file__).parents[3]


class WooCommerceProcess:
    """Starts ``python -m tests.standins.woocommerce`` on a free port; every control is a method here."""

    def __init__(self, *, port: int = 0, path: str = "", **knobs: Any) -> None:
        self._command = [sys.executable, "-m", "tests.standins.woocommerce", "--port", str(port)]
        self._command += ["--path", path, "--knobs", json.dumps(knobs)]
        self._session = requests.Session()

    def __enter__(self) -> WooCommerceProcess:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["url"]
        self._controls = self.url.split("/", 3)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __getattr__(self, name: str) -> Any:
        if name not in CONTROLS:
            raise AttributeError(name)
        return partial(self._ask, name)

    def _ask(self, name: str, *positional: Any, **arguments: Any) -> Any:
        address = "/".join(self._controls[:3])
        arguments |= dict(zip(_POSITIONAL.get(name, ()), positional, strict=False))
        answer = self._session.post(f"{address}/standin/{name}", json=arguments, timeout=120)
        if answer.status_code != requests.codes.ok:
            raise ValueError(answer.text)
        return answer.json()["result"]


_POSITIONAL = {
    "add_key": ("permissions",),
    "revoke_key": ("consumer_key",),
    "add_order": ("template",),
    "change_order": ("order_id",),
    "pay_order": ("order_id",),
    "trash_order": ("order_id",),
    "untrash_order": ("order_id", "status"),
    "delete_order": ("order_id",),
    "approve": ("authorize_url",),
    "add_product": ("product_id",),
    "add_variation": ("product_id", "variation_id"),
    "trouble_coupons": ("trouble", "times"),
    "cart": ("session",),
    "apply_coupon": ("session", "code"),
    "buy": ("session",),
}
"""The names of the arguments that may come without a name."""
