"""``python -m bench.web PORT``: the web server as in production, with an empty answer to compare with."""

from __future__ import annotations

import os
import sys

from flask import Flask

from app.config import read_settings
from app.log import configure_logging
from app.ops.server import WebServer, options

HOST = "127.0.0.1"
EMPTY = "/bench/empty"


class _Server(WebServer):
    def load(self) -> Flask:
        app = super().load()
        app.add_url_rule(EMPTY, "empty", lambda: ("", 204), methods=["POST"])
        return app


def main() -> None:
    configure_logging("WARNING")
    _Server(read_settings(os.environ), options(HOST, int(sys.argv[1]), processes=2, threads=8)).run()


if __name__ == "__main__":
    main()
