"""The pages' own files: read and compressed once, and named by what they hold, so that they never age."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, abort, request, url_for

FOLDER = Path(__file__).parent / "static"
SERVED = (".css", ".js", ".svg")
SHEET, STYLE = "app.css", ("ground.css", "parts.css", "places.css")
"""One style sheet, made of these files of ``static/style`` in their order."""
DIGEST_LENGTH = 16

blueprint = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    content: bytes
    compressed: bytes
    digest: str
    content_type: str


@cache
def assets() -> dict[str, Asset]:
    """All files that pages load, by their path within ``static``."""
    style = FOLDER / "style"
    files = sorted(path for path in FOLDER.rglob("*") if path.suffix in SERVED and path.parent != style)
    contents = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in files}
    contents[SHEET] = b"\n".join((style / name).read_bytes() for name in STYLE)
    return {name: _asset(name, content) for name, content in contents.items()}


def _asset(name: str, content: bytes) -> Asset:
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(content, gzip.compress(content, mtime=0), _digest(content), content_type)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:DIGEST_LENGTH]


def address(name: str) -> str:
    """Where a page finds a file. Raises KeyError for one that is not there."""
    return url_for("assets.serve", digest=assets()[name].digest, name=name)


@blueprint.get("/assets/<digest>/<path:name>")
def serve(digest: str, name: str) -> Response:
    found = assets().get(name)
    if found is None or found.digest != digest:
        abort(404)
    packed = request.accept_encodings.quality("gzip") > 0
    response = Response(found.compressed if packed else found.content)
    response.headers["Content-Type"] = f"{found.content_type}; charset=utf-8"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
