"""Run the stand-in: prints its address and credentials as one JSON line, then serves until terminated."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from tests.standins.twilio.standin import TwilioStandin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standins.twilio", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log", type=Path, help="append a JSON line for each taken text")
    parser.add_argument("--account-sid", default="AC00000000000000000000000000000001")
    parser.add_argument("--auth-token", default="the-standin-auth-token")
    parser.add_argument("--knobs", type=json.loads, default={}, help="JSON object of knobs")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with TwilioStandin(
        port=options.port,
        log=options.log,
        account_sid=options.account_sid,
        auth_token=options.auth_token,
        **options.knobs,
    ) as twilio:
        address = {"url": twilio.url, "account_sid": twilio.account_sid, "auth_token": twilio.auth_token}
        sys.stdout.write(json.dumps(address) + "\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
