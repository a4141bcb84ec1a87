"""A stand-in for a WooCommerce store: a real HTTP server, as strict as the original where it matters.

Built on what was observed on WooCommerce 10.9.1 and 9.9.5 (2026-11) and on the source of 10.9.1: how
keys are checked (Basic and query form over https, OAuth 1.0a over http), which orders a list holds, how
webhooks are pinged, queued, signed, counted and disabled, and how wc-auth hands over keys. Orders are
copies of recorded ones with other values. In a test's own process::

    with WooCommerceStandin(path="/boutique") as store:
        key, secret = store.add_key()
        order = store.add_order(status="failed")

In a process of its own, with the same methods over ``/standin/...``::

    with WooCommerceProcess(deliver_at_once=True) as store: ...
    python -m tests.standins.woocommerce --port 9000 --path /boutique --knobs '{"version": "9.9.5"}'
"""

from tests.standins.woocommerce.process import WooCommerceProcess
from tests.standins.woocommerce.standin import WooCommerceStandin

__all__ = ["WooCommerceProcess", "WooCommerceStandin"]
