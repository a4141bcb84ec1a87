"""Twilio Programmable Messaging (REST API 2010-04-01): texts out, receipts and replies in."""

from connectors.twilio.provider import TwilioProvider

__all__ = ["TwilioProvider"]
