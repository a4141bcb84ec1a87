"""Proves that `pip install .` brings everything: whatever git tracks in our packages is in the wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app/", "connectors/", "flows/", "locales/", "migrations/", "wsgi.py")


def tracked_files() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listing.stdout.split("\0") if (ROOT / name).is_file()]


def build_wheel(files: list[str], place: Path) -> Path:
    """From a copy, because setuptools leaves a build folder whose old files get into later wheels."""
    source = place / "source"
    for name in files:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(place), str(source)]
    subprocess.run(command, check=True)
    return next(place.glob("*.whl"))


def main() -> None:
    files = tracked_files()
    with tempfile.TemporaryDirectory() as folder:
        packed = set(zipfile.ZipFile(build_wheel(files, Path(folder))).namelist())
    wanted = {name for name in files if name.startswith(PACKAGES) and not name.endswith(".md")}
    if missing := sorted(wanted - packed):
        sys.exit("Not in the wheel, add them to [options.package_data] in setup.cfg:\n" + "\n".join(missing))
    sys.stdout.write(f"The wheel holds all {len(wanted)} files of our packages.\n")


main()
