"""Every error as an RFC 9457 document with a stable `code`; never a stack trace."""

from __future__ import annotations

import errno
import json
import logging
from http import HTTPStatus
from typing import Any

from crowdcore.errors import HookFailed, RequestError, StoreBusy, StoreError
from crowdcore.server.http.reply import NO_STORE, Header, Reply
from crowdcore.store import StoreConflict

log = logging.getLogger("crowdcore.server")

PROBLEM: Header = (b"content-type", b"application/problem+json")
BUSY = "The server is busy. Nothing is lost: try again in a moment."
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 403: "refused"}


class ClientGone(Exception):
    """The browser closed the connection; there is nobody to answer."""


def invalid(detail: str, **extra: Any) -> RequestError:
    """422: what was sent can never be accepted as it is."""
    return RequestError(422, "invalid", detail, **extra)


def too_large(limit: int, what: str = "This") -> RequestError:
    """413, with the limit in bytes."""
    return RequestError(413, "too_large", f"{what} is larger than {_size(limit)}.", limit=limit)


def bad_token() -> RequestError:
    """401: the token is missing, wrong, expired or belongs to somebody else."""
    return RequestError(401, "bad_token", "This page is not signed in to this work. Open its link again.")


def busy(retry_after: float = 2.0) -> RequestError:
    """503: the same request may go through later."""
    return RequestError(503, "busy", BUSY, retry_after=retry_after)


def problem(error: RequestError) -> Reply:
    """The document of `error`."""
    document = {
        "type": "about:blank",
        "title": _phrase(error.status),
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        **error.extra,
    }
    headers: list[Header] = [PROBLEM, NO_STORE]
    if "retry_after" in error.extra:
        headers.append((b"retry-after", str(max(1, round(error.extra["retry_after"]))).encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.status == 408:
        headers.append((b"connection", b"close"))
    if "allow" in error.extra:
        headers.append((b"allow", ", ".join(error.extra["allow"]).encode()))
    body = json.dumps(document, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Reply(error.status, body, *headers)


def as_request_error(error: Exception) -> RequestError:
    """What a page may know about `error`; whatever was not expected is logged, and only there."""
    if isinstance(error, RequestError):
        return error
    if isinstance(error, StoreBusy):
        return busy()
    if isinstance(error, StoreError) and not isinstance(error, StoreConflict):  # no room on the disk, say: it may pass
        log.error("%s", error)
        return busy()
    if isinstance(error, HookFailed):
        return _hook_failed(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        log.error("no space left on the disk of the data directory: %s", error)
        return busy(30)
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and 400 <= status < 500:  # starlette's HTTPException, from a route
        return RequestError(status, _HTTP_CODES.get(status, "refused"), _phrase(status))
    log.error("unexpected error while answering a request", exc_info=error)
    return RequestError(500, "internal", "Something went wrong on our side. It was logged.")


def _hook_failed(error: HookFailed) -> RequestError:
    if error.reason in ("busy", "timeout"):
        if error.reason == "timeout" and not error.told:
            log.error("%s", error)
        return busy()
    log.error("%s", error, exc_info=error.__cause__)
    return RequestError(502, "task_error", "This task's own code failed. Its author was told.")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _size(limit: int) -> str:
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if limit >= size:
            return f"{limit / size:.3g} {unit}"
    return f"{limit} bytes"
