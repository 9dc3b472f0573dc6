"""The pages and files of the worker application: the task's own page, our client, friendly messages."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from crowdcore.errors import RequestError
from crowdcore.server.reply import (
    HTML,
    NO_STORE,
    REVALIDATE,
    Header,
    Reply,
    Scope,
    header,
    html_reply,
)

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
STATIC = HERE / "static"
NO_ICON = Reply(204, b"", (b"cache-control", b"max-age=86400"))
"""For /favicon.ico, which browsers ask for unasked."""
_HEAD = re.compile(rb"<head(\s[^>]*)?>", re.IGNORECASE)
_DOCTYPE = re.compile(rb"\s*<!doctype[^>]*>", re.IGNORECASE)
_BASE = re.compile(rb"<base\s", re.IGNORECASE)
_FETCHED_LATER = {f"crowd/{name}.js" for name in ("badge", "live", "questions", "waiting")}
"""By live work and by after-task forms only."""
_PRELOADS = b"".join(
    b'<link rel="modulepreload" href="../%s">' % name.encode()
    for name in ("crowd.js", *sorted(f"crowd/{path.name}" for path in (STATIC / "crowd").glob("*.js")))
    if name not in _FETCHED_LATER
)


class TaskPage:
    """The blueprint's index.html, served at `/` with `<base href="task/">`, read again when it changed."""

    def __init__(self, build_dir: Path, csp: bytes) -> None:
        self._path = build_dir / "index.html"
        self._headers: tuple[Header, ...] = (HTML, NO_STORE, (b"content-security-policy", csp))
        self._stamp: tuple[int, int] | None = None
        self._body = b""

    def reply(self) -> Reply:
        """The page; RequestError 503 while the task has no index.html."""
        try:
            facts = self._path.stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
            if stamp != self._stamp:
                self._body, self._stamp = with_base(self._path.read_bytes()), stamp
        except FileNotFoundError:
            raise RequestError(503, "busy", "This task has no page yet.", retry_after=5) from None
        return Reply(200, self._body, *self._headers)


def with_base(page: bytes) -> bytes:
    """`page` with our links first in its head: relative addresses then mean files of the task.

    A page with a <base> of its own is left as it is.
    """
    if _BASE.search(page):
        return page
    links = b'<base href="task/">' + _PRELOADS
    place = _HEAD.search(page) or _DOCTYPE.match(page)
    end = place.end() if place else 0
    return page[:end] + links + page[end:]


class Assets:
    """Our own few static files, kept in memory, each with an ETag. `names` are paths below static/."""

    def __init__(self, *names: str) -> None:
        self._replies: dict[str, tuple[bytes, Reply]] = {}
        for name in names:
            body = (STATIC / name).read_bytes()
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


def worker_assets() -> Assets:
    """crowd.js, its modules and its styles."""
    modules = sorted(f"crowd/{path.name}" for path in (STATIC / "crowd").glob("*.js"))
    return Assets("crowd.js", "crowd.css", *modules)


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


def template(name: str, **values: object) -> str:
    """The page `templates/NAME` filled with `values`, everything escaped."""
    return environment().get_template(name).render(**values)


@cache
def environment() -> Environment:
    """The template engine, made when the first page of ours is shown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # 0.1 s that a task's own page never needs

    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
