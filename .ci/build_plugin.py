"""Builds the zip of the companion plugin: the same bytes from the same files, whenever and wherever."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "connectors" / "woocommerce" / "plugin"
FOLDER = "warmcart"
MOST_SCRIPT = 6_144
"""Bytes of all script together, not compressed: it is loaded in every checkout."""

NEVER_CHANGES = (2026, 1, 1, 0, 0, 0)
# __( 'text', 'warmcart' ) and its relatives, with the note for translators on the line before.
TEXT = re.compile(r"(?:esc_html|esc_attr)?_{1,2}[_e]?\(\s*'((?:[^'\\]|\\.)*)',\s*'warmcart'\s*\)")
NOTE = re.compile(r"/\* (translators: .*?) \*/")


def files() -> dict[str, bytes]:
    """What the zip holds, by its path there."""
    found = {
        str(path.relative_to(PLUGIN)): path.read_bytes()
        for path in sorted(PLUGIN.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    found["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    found["languages/warmcart.pot"] = catalog(found).encode()
    check(found)
    return dict(sorted(found.items()))


def check(found: dict[str, bytes]) -> None:
    """Stops what must not go out: too much script, versions that differ."""
    script = sum(len(content) for name, content in found.items() if name.endswith(".js"))
    if script >= MOST_SCRIPT:
        sys.exit(f"The plugin has {script} bytes of script; it must stay under {MOST_SCRIPT}.")
    main, readme = found["warmcart.php"].decode(), found["readme.txt"].decode()
    versions = re.findall(r"Version: +([\d.]+)\n| VERSION = '([\d.]+)'", main)
    versions += re.findall(r"Stable tag: ([\d.]+)()\n", readme)
    if len(versions) != 3 or len({one or other for one, other in versions}) != 1:
        sys.exit(f"warmcart.php (twice) and readme.txt must name the same version: {versions}")


def catalog(found: dict[str, bytes]) -> str:
    """All texts for translators, as gettext writes them."""
    header = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"X-Domain: warmcart\\n"\n'
    notes: dict[str, str] = {}
    for content in (found[name].decode() for name in sorted(found) if name.endswith(".php")):
        for text, note in texts(content):
            notes[text] = notes.get(text) or note
    entries = (
        f'{f"#. {note}" + chr(10) if note else ""}msgid "{text}"\nmsgstr ""\n' for text, note in notes.items()
    )
    return "\n".join([header, *entries])


def texts(content: str) -> Iterator[tuple[str, str]]:
    """Each text of a file, as it stands between double quotes, with its note."""
    lines = content.splitlines()
    for number, line in enumerate(lines):
        note = NOTE.search(lines[number - 1]) if number else None
        for found in TEXT.finditer(line):
            text = found[1].replace("\\'", "'").replace("\\", "\\\\").replace('"', '\\"')
            yield text, note[1] if note else ""


def build(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files().items():
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", NEVER_CHANGES)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    sys.stdout.write(f"{sys.argv[1]}\n")
