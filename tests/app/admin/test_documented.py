from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

DOCUMENT = Path(__file__).parents[3] / "docs" / "pages.md"


def test_every_address_of_the_merchants_pages_is_documented_and_no_other(app: Flask) -> None:
    documented = set(re.findall(r"^\| `([^`]+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    ours = {name for name, room in app.blueprints.items() if room.import_name.startswith("app.admin.")}
    served = {
        re.sub(r"<(?:[^:<>]*:)?([^<>]*)>", r"<\1>", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in ours
    }
    assert documented == served
