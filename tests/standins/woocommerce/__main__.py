"""Run the stand-in: prints its address as one JSON line, then serves until terminated."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from tests.standins.woocommerce.standin import WooCommerceStandin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standins.woocommerce", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--path", default="", help="the store's sub-folder, such as /boutique")
    parser.add_argument("--knobs", type=json.loads, default={}, help="JSON object of knobs")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with WooCommerceStandin(port=options.port, path=options.path, **options.knobs) as store:
        sys.stdout.write(json.dumps({"url": store.url}) + "\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
