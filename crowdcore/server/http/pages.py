"""What pages of both applications share: static files, templates, friendly messages."""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from crowdcore.errors import RequestError
from crowdcore.server.http.reply import REVALIDATE, Reply, Scope, header, html_reply

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
CROWD_CSS = HERE / "static" / "crowd.css"
NO_ICON = Reply(204, b"", (b"cache-control", b"max-age=86400"))
"""For /favicon.ico, which browsers ask for unasked."""


class Assets:
    """Our own few static files, kept in memory, each with an ETag: `files` by their names, `named` by these paths."""

    def __init__(self, *files: Path, **named: Path) -> None:
        self._replies: dict[str, tuple[bytes, Reply]] = {}
        for name, file in {**{file.name: file for file in files}, **named}.items():
            body = file.read_bytes()
            tag = b'"' + hashlib.sha256(body).hexdigest()[:24].encode() + b'"'
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            media = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
            headers = ((b"content-type", media.encode()), (b"etag", tag), REVALIDATE)
            self._replies["/" + name] = tag, Reply(200, body, *headers)

    def reply(self, scope: Scope) -> Reply | None:
        """The file at the scope's path, 304 if the browser has it, None if it is not ours."""
        found = self._replies.get(scope["path"])
        if found is None:
            return None
        tag, whole = found
        if tag in (header(scope, b"if-none-match") or b""):
            return Reply(304, b"", (b"etag", tag), REVALIDATE)
        return whole


def wants_html(scope: Scope) -> bool:
    """Whether a person looks at the answer."""
    accept = header(scope, b"accept") or b""
    return scope["method"] in ("GET", "HEAD") and b"text/html" in accept and "/api/" not in scope["path"]


def message_page(error: RequestError, *, home: str = "/") -> Reply:
    """`error` as a friendly page."""
    page = template("message.html", title=_titles.get(error.code, "That did not work"), error=error, home=home)
    return html_reply(error.status, page)


_titles = {
    "not_found": "Page not found",
    "busy": "One moment, please",
    "refused": "This page is not open to you",
    "too_fast": "A little slower, please",
}


def template(name: str, folder: Path = HERE / "templates", **values: object) -> str:
    """The page `folder/NAME` filled with `values`, everything escaped."""
    return _environment(folder).get_template(name).render(**values)


@cache
def _environment(folder: Path) -> Environment:
    """The template engine, made when the first page of ours is shown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # 0.1 s that a task's own page never needs

    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
