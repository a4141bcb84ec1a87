"""PostgreSQL and Valkey (or Redis) as children of ours: the same engines as in production, no set-up.

They listen on unix sockets in a private folder only, keep their data in the folder they are given,
and end with the process that started them, however it ends. Started by root they run as ``nobody``.
That account need not be able to reach the data folder by its path (a project below /root, say):
a server is handed the opened folder, and names it by its file descriptor.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

from app.ops.processes import spawn, stop_together
from app.ops.server_binaries import (
    Account,
    Binaries,
    EmbeddedServerError,
    can_reach,
    choose_postgres,
    choose_valkey,
)
from app.ops.server_lock import ServerLock

PATIENCE_SECONDS = 300.0  # the recovery of a large database after a crash takes its time
LONGEST_TEMPORARY_FOLDER = 60  # an address of a unix socket has 107 bytes, 103 on macOS
NAME = "warmcart"
"""The database and its owner, who may make databases but is no superuser."""


def start_postgres(folder: Path, fast: bool = False) -> EmbeddedServer:
    """Start PostgreSQL on the data in ``folder``, made if there are none, and wait until it answers.

    ``fast`` gives up durability: for tests. Raises EmbeddedServerError with one clear line.
    """
    return _start(_Postgres(folder, fast))


def start_valkey(folder: Path, fast: bool = False) -> EmbeddedServer:
    """Start Valkey or Redis likewise; ``fast`` keeps nothing on the disk."""
    return _start(_Valkey(folder, fast))


def erase(folder: Path) -> None:
    """Delete a server's folder with its data. Raises EmbeddedServerError while a Warmcart runs in it."""
    if folder.exists():
        lock = ServerLock(folder)
        shutil.rmtree(folder)
        lock.release()


class EmbeddedServer(ABC):
    """A running server: ``url`` is its address, ``stop()`` ends it for good.

    ``halt()`` and ``launch()`` take it down and bring it up again at the same address.
    """

    name: str
    stop_signal: int
    url: str

    def __init__(self, folder: Path, fast: bool) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = folder.absolute()
        self._data = self.folder / "data"
        self._log = self.folder / "log"
        self._fast = fast
        self._inherited: list[int] = []
        self._undo = ExitStack()

    def prepare(self) -> None:
        """Take the folder, find the binaries and see that there are data."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = ServerLock(self.folder)
        self._undo.callback(self._lock.release)
        self._inherited = [self._lock.descriptor]
        self._log.write_bytes(b"")
        self._account = _account(self._data)
        self._private = _private_folder(self._account)
        self._undo.callback(shutil.rmtree, self._private, ignore_errors=True)
        self._lock.write(self._private)
        binaries = self._choose()
        if not can_reach(binaries.path, self._account):
            binaries = binaries.copied_to(self._private / "binaries")
            _give(self._private, self._account)
        self._binaries = binaries.path
        self._make_data()
        _give(self._data, self._account)
        self._data_name = self._name_for_server(self._data)
        self.url = self._url()

    def launch(self) -> None:
        """Start the process and wait until it answers.

        As root the socket's folder is the account's only while the socket is made: afterwards
        nobody but root comes near it.
        """
        _give(self._private, self._account, deep=False)
        self.process = self._spawn(self._command())
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.halt()
                raise EmbeddedServerError(f"{self.name} does not start: {self._last_words()}")
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.01)
        if self._account:
            os.chown(self._private, os.geteuid(), os.getegid())

    def halt(self) -> None:
        """Take it down in good order; it keeps its address and its data."""
        stop_together([self])

    def stop(self) -> None:
        """Take it down, and give up its address and the lock on the folder."""
        self.halt()
        self._undo.close()

    @abstractmethod
    def _choose(self) -> Binaries: ...

    @abstractmethod
    def _make_data(self) -> None: ...

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...

    @abstractmethod
    def _url(self) -> str: ...

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """The lock goes with the process: while it lives, no second server begins on its data."""
        become: dict[str, Any] = {}
        if self._account:
            become = {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}
        with open(self._log, "ab") as log_file:
            return spawn(
                command,
                death_signal=self.stop_signal,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                stdout=log_file,
                stderr=log_file,
                pass_fds=self._inherited,
                **become,
            )

    def _name_for_server(self, place: Path) -> str:
        """A path by which the server reaches ``place``, whatever its account may do with the parents."""
        if self._account is None:
            return str(place)
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        self._undo.callback(os.close, descriptor)
        self._inherited.append(descriptor)
        return f"/proc/self/fd/{descriptor}"

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return " / ".join(lines[-3:]) + f" (more in {self._log})"


class _Postgres(EmbeddedServer):
    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast shutdown": PostgreSQL documentation, 19.5

    def _choose(self) -> Binaries:
        version_file = self._data / "PG_VERSION"
        return choose_postgres(
            self._account, int(version_file.read_text()) if version_file.exists() else None
        )

    def _make_data(self) -> None:
        """initdb works beside the final place: what is there is whole."""
        if self._data.exists():
            (self._data / "postmaster.pid").unlink(missing_ok=True)  # our lock says that nobody runs
            return
        fresh = self.folder / "data.unfinished"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        _give(fresh, self._account)
        command = [str(self._binaries / "initdb"), "-D", self._name_for_server(fresh), "--username=postgres"]
        command += ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C.UTF-8"]
        if self._spawn(command + ["--no-sync"] * self._fast).wait() != 0:
            raise EmbeddedServerError(f"PostgreSQL's initdb failed: {self._last_words()}")
        fresh.rename(self._data)

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._private),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
        }
        if self._fast:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._binaries / "postgres"), "-D", self._data_name, *options]

    def _url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={self._private}&port=5432"

    def _answers(self) -> bool:
        try:
            connection = psycopg.connect(
                host=str(self._private), port=5432, user="postgres", dbname="postgres", autocommit=True
            )
        except psycopg.OperationalError:
            return False
        with connection:
            _make_database(connection)
        return True


class _Valkey(EmbeddedServer):
    name = "Valkey"
    stop_signal = signal.SIGTERM

    def _choose(self) -> Binaries:
        return choose_valkey(self._account)

    def _make_data(self) -> None:
        self._data.mkdir(mode=0o700, exist_ok=True)

    def _command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": self._data_name,
            "save": "",
            "appendonly": "no" if self._fast else "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(self._binaries), *options]

    @property
    def _socket(self) -> Path:
        return self._private / "valkey.sock"

    def _url(self) -> str:
        return f"unix://{self._socket}?db=0"

    def _answers(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self._socket))
        try:
            return bool(client.ping())
        except redis.ConnectionError:  # also while it loads its data
            return False
        finally:
            client.close()


def _start(server: EmbeddedServer) -> EmbeddedServer:
    try:
        server.prepare()
        server.launch()
    except PermissionError as error:
        server.stop()
        raise EmbeddedServerError(
            f"{error.filename or server.folder} belongs to another user: start as that user, or remove it."
        ) from error
    except BaseException:
        server.stop()
        raise
    return server


def _make_database(connection: psycopg.Connection) -> None:
    name = sql.Identifier(NAME)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(name))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))


def _account(data: Path) -> Account | None:
    """Root may not run PostgreSQL: the owner of existing data does, or nobody. None: we ourselves."""
    found = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if found and found.st_uid != os.geteuid():
            raise EmbeddedServerError(
                f"{data} belongs to user {found.st_uid}: start as that user, or as root."
            )
        return None
    if found and found.st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _private_folder(account: Account | None) -> Path:
    """A fresh folder with a short name that only we can enter; below one that the account can reach."""
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):  # noqa: S108 - mkdtemp makes it safely
        place = Path(base).resolve()
        if len(str(place)) <= LONGEST_TEMPORARY_FOLDER and can_reach(place, account):
            return Path(tempfile.mkdtemp(prefix="warmcart-", dir=place))
    raise EmbeddedServerError(
        "No folder for temporary files serves: set TMPDIR to a short path that is open to all."
    )


def _give(place: Path, account: Account | None, deep: bool = True) -> None:
    """Make a folder of ours the account's, and all that is in it unless told otherwise."""
    if account is None or place.stat().st_uid == account.uid:
        return
    os.chown(place, account.uid, account.gid)
    if deep:
        for root, folders, files in os.walk(place):
            for name in (*folders, *files):
                os.lchown(os.path.join(root, name), account.uid, account.gid)
