"""The stand-in in a process of its own, with the same methods as in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

ROOT = Path(__file__).parents[3]


class TwilioProcess:
    """Starts ``python -m tests.standins.twilio`` on a free port and speaks to its controls."""

    def __init__(self, *, port: int = 0, log: Path | None = None, **knobs: Any) -> None:
        self._command = [sys.executable, "-m", "tests.standins.twilio", "--port", str(port)]
        self._command += ["--knobs", json.dumps(knobs)] + (["--log", str(log)] if log else [])
        self._session = requests.Session()

    def __enter__(self) -> TwilioProcess:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert self._process.stdout is not None
        address = json.loads(self._process.stdout.readline())
        self.url: str = address["url"]
        self.account_sid: str = address["account_sid"]
        self.auth_token: str = address["auth_token"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def set_knobs(self, **changes: Any) -> None:
        self._ask("set_knobs", **changes)

    def texts(self, to: str | None = None) -> list[dict[str, Any]]:
        return self._ask("texts", to=to)

    def counts(self) -> Counter[tuple[str, str]]:
        return Counter({(to, body): count for to, body, count in self._ask("counts")})

    def violations(self) -> list[str]:
        return self._ask("violations")

    def outcomes(self) -> list[dict[str, Any]]:
        return self._ask("outcomes")

    def receipt(self, sid: str, status: str, error_code: int | None = None) -> dict[str, Any]:
        return self._ask("receipt", sid=sid, status=status, error_code=error_code)

    def move(self, sid: str, status: str, error_code: int | None = None) -> None:
        self._ask("move", sid=sid, status=status, error_code=error_code)

    def reply(
        self, from_number: str, to_number: str, body: str, service: str | None = None, sid: str | None = None
    ) -> dict[str, Any]:
        return self._ask(
            "reply", from_number=from_number, to_number=to_number, body=body, service=service, sid=sid
        )

    def settle(self, timeout: float = 30.0) -> bool:
        return self._ask("settle", timeout=timeout)

    def reset(self) -> None:
        self._ask("reset")

    def _ask(self, name: str, **arguments: Any) -> Any:
        answer = self._session.post(f"{self.url}/standin/{name}", json=arguments, timeout=60)
        if answer.status_code != requests.codes.ok:
            raise ValueError(answer.json()["message"])
        return answer.json()["result"]


def logged_counts(log: Path) -> Counter[tuple[str, str]]:
    """Texts per recipient and body in a log file, even after its process was killed."""
    lines = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    return Counter((line["to"], line["body"]) for line in lines)
