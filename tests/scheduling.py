"""Which test process runs what: a plugin for pytest-xdist.

A file stays in one process, and so does a folder whose tests share one running Warmcart: to start that
takes longer than most of its tests. What takes long begins first, so that no process is left over at the
end with a long one. ``--dist loadgroup`` does not work here: pytest-xdist 3.8 does not know the node
names of pytest 9.2.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_WARMCART = ("end_to_end", "browser")
LONG = (*ONE_WARMCART, "test_crashes.py", "test_refused_texts.py", "test_sample_history.py")


def unit(nodeid: str) -> str:
    """What runs in one process: a folder's name, or a file's."""
    path = PurePosixPath(nodeid.partition("::")[0])
    shared = path.parent.name in ONE_WARMCART and path.name != "test_crashes.py"
    return path.parent.name if shared else str(path)


def _rank(item: pytest.Item) -> int:
    name = PurePosixPath(unit(item.nodeid)).name
    return LONG.index(name) if name in LONG else len(LONG)


class ByUnit(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByUnit:
    config.option.loadscopereorder = False
    return ByUnit(config, log)
