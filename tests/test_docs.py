"""The docs as a whole: every page can be found, and the map of the house knows every room."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_page_is_linked_from_another():
    pages = sorted((ROOT / "docs").glob("*.md"))
    linked = {
        Path(address).name
        for page in (ROOT / "README.md", *pages)
        for address in re.findall(r"\]\(([^)#]+\.md)", page.read_text())
        if Path(address).name != page.name
    }
    assert {page.name for page in pages} - linked == set()


def test_the_table_of_rooms_names_every_module_of_flows_and_no_other():
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("| room |")[2].partition("\n## ")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    modules = {path.stem for path in (ROOT / "flows").glob("*.py")}
    packages = {path.parent.name for path in (ROOT / "flows").rglob("__init__.py")}
    assert named == (modules | packages) - {"__init__", "flows"}
