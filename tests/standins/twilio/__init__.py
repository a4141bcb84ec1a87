"""A stand-in for Twilio's Programmable Messaging API: a real HTTP server, stricter than the original.

It checks every request against Twilio's official OpenAPI description, keeps every text that it takes,
signs status callbacks and replies, and fails on demand. In a test's own process::

    with TwilioStandin() as twilio:
        provider = TwilioProvider(twilio.account_sid, twilio.auth_token, api_url=twilio.url, ...)

In a process of its own, with the same methods over ``/standin/...``::

    with TwilioProcess(log=path, latency=0.2) as twilio: ...
    python -m tests.standins.twilio --port 9000 --log texts.jsonl --knobs '{"latency": 0.2}'
"""

from tests.standins.twilio.behaviour import FAULTS, Knobs
from tests.standins.twilio.process import TwilioProcess
from tests.standins.twilio.standin import TwilioStandin

__all__ = ["FAULTS", "Knobs", "TwilioProcess", "TwilioStandin"]
