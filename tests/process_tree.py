"""What runs below a process, read from /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descendants(process: int) -> set[int]:
    """The process ids of all children, grandchildren and so on that live now."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").glob("[0-9]*")}
    found: set[int] = set()
    fresh = {process}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def is_gone(process: int) -> bool:
    """Ended; one that only waits to be collected by its parent has ended too."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return _fields(Path(f"/proc/{process}"))[0] in "ZX"
    return True


def _parent(entry: Path) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        return int(_fields(entry)[1])
    return 0


def _fields(entry: Path) -> list[str]:
    """State, parent and what follows: proc(5), after the name in brackets, which may hold anything."""
    return (entry / "stat").read_text().rpartition(")")[2].split()
