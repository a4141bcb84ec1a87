"""One Warmcart per data folder: a file lock that our servers inherit and hold for as long as they live."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.ops.server_binaries import EmbeddedServerError

PATIENCE_SECONDS = 20.0


class ServerLock:
    """Holds ``folder`` until ``release``. Raises EmbeddedServerError while another process has it.

    After a kill -9 of the holder its servers still need a moment to end: that is waited for.
    """

    def __init__(self, folder: Path) -> None:
        self._file = open(folder / "lock", "a+")  # noqa: SIM115 - it stays open as long as it is locked
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._taken():
            holder = self._content().get("process", 0)
            if _is_alive(holder) or time.monotonic() > deadline:
                self._file.close()
                raise EmbeddedServerError(
                    f"Another Warmcart runs in this folder ({folder}), process {holder}."
                )
            time.sleep(0.02)
        self._forget_private_folder()

    @property
    def descriptor(self) -> int:
        return self._file.fileno()

    def write(self, private_folder: Path) -> None:
        """Note who we are, and which folder for temporary files is ours."""
        content = {"process": os.getpid(), "private_folder": str(private_folder)}
        self._file.truncate(0)
        self._file.write(json.dumps(content))
        self._file.flush()

    def release(self) -> None:
        self._file.close()

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _content(self) -> dict[str, Any]:
        """What the holder wrote; nothing while it is about to."""
        self._file.seek(0)
        with suppress(json.JSONDecodeError):
            content: dict[str, Any] = json.loads(self._file.read())
            return content
        return {}

    def _forget_private_folder(self) -> None:
        """Who was killed left its folder behind."""
        if left := self._content().get("private_folder"):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    if not process:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
