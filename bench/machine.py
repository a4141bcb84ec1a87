"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psycopg
import redis

from bench.stage import Stage


def describe(stage: Stage) -> dict[str, str]:
    """The machine and the versions that matter, by name."""
    with psycopg.connect(stage.postgres.url) as connection:
        postgres = connection.info.parameter_status("server_version") or "?"
    with redis.Redis.from_url(stage.valkey.url) as client:
        server = client.info("server")
    name = "Valkey" if server.get("server_name") == "valkey" else "Redis"
    return {
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "System": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "PostgreSQL": postgres,
        name: str(server.get("valkey_version") or server["redis_version"]),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
