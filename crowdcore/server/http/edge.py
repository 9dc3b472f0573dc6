"""The outermost layer of both applications: errors become documents, headers are added, time is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from crowdcore.server.http.problems import ClientGone, as_request_error, problem
from crowdcore.server.http.reply import App, Header, Message, Receive, Scope, Send

Observe = Callable[[str, int, float], None]
"""`observe(route, status, seconds)`, called once per answered request."""

ROUTE = "crowd.route"
"""Key of the scope under which an endpoint leaves the name it is counted by."""


class Edge:
    """Wraps `app`. `headers` are added to each answer that did not set them itself."""

    def __init__(self, app: App, headers: Sequence[Header], observe: Observe | None = None) -> None:
        self._app = app
        self._headers = headers
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; sockets pass untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message.get("headers", ()))
                present = {key for key, _ in headers}
                headers.extend(item for item in self._headers if item[0] not in present)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except ClientGone:
            status = 499
        except Exception as error:
            refusal = as_request_error(error)
            if status:  # the answer has begun: cutting the connection is the only honest signal left
                raise
            await problem(refusal)(scope, receive, guarded)
        finally:
            if self._observe is not None and status:
                self._observe(scope.get(ROUTE, "other"), status, perf_counter() - began)
