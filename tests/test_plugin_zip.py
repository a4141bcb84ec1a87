"""What `make plugin` builds: whole, always the same, with little script."""

from __future__ import annotations

import re
import runpy
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def builder() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / ".ci" / "build_plugin.py"))


def test_the_same_files_make_the_same_bytes(builder: dict[str, Any], tmp_path: Path) -> None:
    for name in ("one.zip", "other.zip"):
        builder["build"](tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    names = zipfile.ZipFile(tmp_path / "one.zip").namelist()
    assert {"warmcart/warmcart.php", "warmcart/uninstall.php", "warmcart/readme.txt", "warmcart/LICENSE"} <= {
        *names
    }
    assert all(name.startswith("warmcart/") for name in names)


def test_too_much_script_and_versions_that_differ_are_not_built(builder: dict[str, Any]) -> None:
    found = builder["files"]()
    with pytest.raises(SystemExit, match="bytes of script"):
        builder["check"](found | {"more.js": b"x" * builder["MOST_SCRIPT"]})
    with pytest.raises(SystemExit, match="same version"):
        builder["check"](found | {"readme.txt": b"Stable tag: 9.9.9\n"})


def test_the_script_needs_nothing_from_anywhere(builder: dict[str, Any]) -> None:
    scripts = [content.decode() for name, content in builder["files"]().items() if name.endswith(".js")]
    assert len(scripts) == 1
    assert not re.search(
        r"jquery|\$\(|https?://|import\b|require\(|eval\(|document\.cookie", scripts[0], re.IGNORECASE
    )


def test_every_text_can_be_translated(builder: dict[str, Any]) -> None:
    found = builder["files"]()
    catalog = found["languages/warmcart.pot"].decode()
    php = "".join(content.decode() for name, content in found.items() if name.endswith(".php"))
    assert (
        php.count("'warmcart' )") - php.count("load_plugin_textdomain( 'warmcart' )")
        >= catalog.count("msgid") - 1
    )
    for text in re.findall(r"_(?:_|e)\( '((?:[^'\\]|\\.)*)', 'warmcart' \)", php):
        assert text.replace("\\'", "'").replace('"', '\\"') in catalog


def test_every_php_file_stops_who_calls_it_directly(builder: dict[str, Any]) -> None:
    for name, content in builder["files"]().items():
        if name.endswith(".php"):
            assert re.search(rb"defined\( '(ABSPATH|WP_UNINSTALL_PLUGIN)' \) \|\| exit;", content), name
