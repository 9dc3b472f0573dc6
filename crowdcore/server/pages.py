"""The pages and files of the worker application: the task's own page, and our client."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from crowdcore.errors import RequestError
from crowdcore.server.http.mount import outside
from crowdcore.server.http.pages import CROWD_CSS, Assets
from crowdcore.server.http.reply import HTML, NO_STORE, Header, Reply, Scope

STATIC = Path(__file__).parent / "static"
_HEAD = re.compile(rb"<head(\s[^>]*)?>", re.IGNORECASE)
_DOCTYPE = re.compile(rb"\s*<!doctype[^>]*>", re.IGNORECASE)
_BASE = re.compile(rb"<base\s", re.IGNORECASE)
_FETCHED_LATER = {f"crowd/{name}.js" for name in ("badge", "leave", "live", "questions", "waiting")}
"""By live work, after-task forms and platforms that are posted to only."""
_PRELOADS = b"".join(
    b'<link rel="modulepreload" href="../%s">' % name.encode()
    for name in ("crowd.js", *sorted(f"crowd/{path.name}" for path in (STATIC / "crowd").glob("*.js")))
    if name not in _FETCHED_LATER
)


_LEAVE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Thank you!</title><link rel="icon" href="data:,"><script type="module" src="crowd/leave.js"></script></head>
<body></body></html>
"""


class TaskPage:
    """The blueprint's index.html, served at `/` with `<base href="task/">`, read again when it changed.

    Where the public address has a path, the base is that whole path: without its last slash a relative one would lead
    elsewhere.
    """

    def __init__(self, build_dir: Path, csp: bytes) -> None:
        self._path = build_dir / "index.html"
        self._headers: tuple[Header, ...] = (HTML, NO_STORE, (b"content-security-policy", csp))
        self._stamp: tuple[str, int, int] | None = None
        self._body = b""

    def reply(self, scope: Scope) -> Reply:
        """The page; RequestError 503 while the task has no index.html."""
        try:
            facts = self._path.stat()
            base = outside(scope, "/task/") if scope.get("root_path") else "task/"
            stamp = (base, facts.st_mtime_ns, facts.st_size)
            if stamp != self._stamp:
                self._body, self._stamp = with_base(self._path.read_bytes(), base), stamp
        except FileNotFoundError:
            raise RequestError(503, "busy", "This task has no page yet.", retry_after=5) from None
        return Reply(200, self._body, *self._headers)


def leave_page(csp: bytes) -> Reply:
    """The page between the end of a visit and a platform that wants it posted: its policy lets it go there.

    The task's own page has a policy from before anybody knew where the visit would end.
    """
    return Reply(200, _LEAVE, HTML, NO_STORE, (b"content-security-policy", csp))


def with_base(page: bytes, base: str = "task/") -> bytes:
    """`page` with our links first in its head: relative addresses then mean files of the task.

    A page with a <base> of its own is left as it is.
    """
    if _BASE.search(page):
        return page
    links = b'<base href="%s">' % escape(base).encode() + _PRELOADS
    place = _HEAD.search(page) or _DOCTYPE.match(page)
    end = place.end() if place else 0
    return page[:end] + links + page[end:]


def worker_assets() -> Assets:
    """crowd.js, its modules and its styles."""
    modules = (STATIC / "crowd").glob("*.js")
    return Assets(CROWD_CSS, STATIC / "crowd.js", **{f"crowd/{path.name}": path for path in modules})
