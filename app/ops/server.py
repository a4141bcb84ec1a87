"""The web server: gunicorn, configured here so that ``warmcart web`` needs no file of its own."""

from __future__ import annotations

import ctypes
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from app import create_app
from app.config import Settings
from app.ops.garbage import keep_what_is_loaded
from app.ops.processes import die_with_parent
from app.web import EXTENSION

KEEPALIVE = 620
"""Seconds an idle connection stays open. Whoever closes first must be the proxy in front: it may be sending
on a connection that we just close, and answers that request with 502 itself, a webhook too. Caddy keeps idle
connections for 120 seconds, Traefik for 90, nginx and Amazon's load balancer for 60, Google's for 600."""

M_ARENA_MAX = -8
"""malloc.h of glibc. Other C libraries have no mallopt."""


def _after_fork(arbiter: Arbiter, worker: Worker) -> None:
    die_with_parent()
    worker.app.callable.extensions[EXTENSION].waker.forget_threads()


def _keep_to_few_arenas() -> None:
    """glibc gives each thread memory of its own to allocate from, and seldom takes it back: mallopt(3)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 2)


class WebServer(BaseApplication):
    """gunicorn with our application loaded before the fork, so that workers share its memory."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        _keep_to_few_arenas()
        application = create_app(self._settings)
        keep_what_is_loaded()
        return application


def options(host: str, port: int, processes: int, threads: int) -> dict[str, Any]:
    """gunicorn 27 opens a control socket at home unless told not to."""
    return {
        "bind": f"{host}:{port}",
        "workers": processes,
        "worker_class": "gthread",
        "threads": threads,
        "preload_app": True,
        "control_socket_disable": True,
        "keepalive": KEEPALIVE,
        "graceful_timeout": 10,
        "timeout": 30,
        "post_fork": _after_fork,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "warning",
    }


def serve(settings: Settings, host: str, port: int, processes: int, threads: int) -> None:
    """Serve until a signal comes."""
    WebServer(settings, options(host, port, processes, threads)).run()
