"""On what kind of device a browser runs, as far as it says so itself. Pure."""

from __future__ import annotations

import re

PHONE, TABLET, COMPUTER = "phone", "tablet", "computer"

# The first that matches counts. Android phones say "Mobile", Android tablets do not (developer.chrome.com,
# "User-Agent Strings"); an iPad that asks for desktop sites says that it is a Macintosh.
_SIGNS = (
    (TABLET, re.compile(r"iPad|Tablet|Silk/|PlayBook|Android(?!.*Mobile)")),
    (PHONE, re.compile(r"iPhone|iPod|Mobile|Windows Phone|Opera Mini")),
    (COMPUTER, re.compile(r"Windows NT|Macintosh|CrOS|X11|Linux x86_64")),
)
LONGEST_AGENT = 512


def device(agent: str | None) -> str | None:
    """``phone``, ``tablet`` or ``computer``; None where the browser's name does not tell."""
    told = (agent or "")[:LONGEST_AGENT]
    return next((kind for kind, sign in _SIGNS if sign.search(told)), None)
