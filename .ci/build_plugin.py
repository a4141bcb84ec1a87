"""Builds the zip of the companion plugin: the same bytes from the same files, whenever and wherever."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "connectors" / "woocommerce" / "plugin"
FOLDER = "warmcart"
MOST_SCRIPT = 6_144
"""Bytes of all script together, not compressed: it is loaded in every checkout."""

NEVER_CHANGES = (2026, 1, 1, 0, 0, 0)

ADMINS = {
    f"includes/class-{name}.php"
    for name in (
        "connection",
        "policy",
        "privacy",
        "question",
        "sender",
        "settings-page",
        "summary",
        "told",
        "way-in",
    )
}
"""Files whose texts only who runs the shop reads: those stay English. All other texts are shoppers'."""

SAME = {
    "de_DE": ("de_AT", "de_CH_informal"),
    "de_DE_formal": ("de_CH",),
    "es_MX": (
        *("es_AR", "es_CL", "es_CO", "es_CR", "es_DO", "es_EC"),
        *("es_GT", "es_HN", "es_PE", "es_PR", "es_UY", "es_VE"),
    ),
    "fr_FR": ("fr_BE",),
    "nl_NL": ("nl_BE",),
    "pt_PT": ("pt_AO", "pt_PT_ao90"),
    "zh_CN": ("zh_SG",),
    "zh_TW": ("zh_HK",),
}
"""WordPress looks for the very locale of the page and for no relative of it, so these get the same words.
Its plain de_CH is polite: the other half is called de_CH_informal."""

# __( 'text', 'warmcart' ) and its relatives, with the note for translators on the line before.
TEXT = re.compile(r"(?:esc_html|esc_attr)?_{1,2}[_e]?\(\s*'((?:[^'\\]|\\.)*)',\s*'warmcart'\s*\)")
NOTE = re.compile(r"/\* (translators: .*?) \*/")


def files() -> dict[str, bytes]:
    """What the zip holds, by its path there."""
    found = {
        str(path.relative_to(PLUGIN)): path.read_bytes()
        for path in sorted(PLUGIN.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".po"
    }
    for path in sorted(PLUGIN.glob("languages/*.po")):
        found |= compiled(path)
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


def shoppers_texts() -> set[str]:
    """What has to be there in every language, as gettext finds it."""
    pages = {path for path in PLUGIN.rglob("*.php") if str(path.relative_to(PLUGIN)) not in ADMINS}
    found = (text for path in pages for text, _note in texts(path.read_text("utf-8")))
    return {text.replace('\\"', '"').replace("\\\\", "\\") for text in found}


class _Bare(Catalog):
    """Without dates and the name of the program that wrote it: the same words are the same bytes."""

    mime_headers = [("Content-Type", "text/plain; charset=utf-8")]


def compiled(path: Path) -> dict[str, bytes]:
    """A language as WordPress reads it, for each locale that speaks it."""
    with path.open("rb") as file:
        words = read_po(file, abort_invalid=True)
    catalog, content = _Bare(charset="utf-8"), io.BytesIO()
    for message in words:
        if message.id:
            catalog.add(message.id, message.string, flags=message.flags)
    write_mo(content, catalog)
    locale = path.stem.removeprefix("warmcart-")
    return {f"languages/warmcart-{name}.mo": content.getvalue() for name in (locale, *SAME.get(locale, ()))}


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
