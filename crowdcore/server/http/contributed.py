"""Routes that plugins added, as one application: what fails in one names its plugin in the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

from crowdcore.base.faults import described, place
from crowdcore.errors import CrowdError, RequestError, whose
from crowdcore.server.http.problems import ClientGone
from crowdcore.server.http.reply import App, Receive, Scope, Send

if TYPE_CHECKING:
    from crowdcore.plugins.hooks import Contributed

log = logging.getLogger("crowdcore.server")


def routed(contributed: Sequence[Contributed], missing: App) -> App:
    """Asks the routes of each plugin in their order; `missing` answers what is none of theirs."""
    if not contributed:
        return missing
    from starlette.routing import Router  # 0.1 s that most runs can do without

    app = missing
    for author, items in reversed([(a, list(g)) for a, g in groupby(contributed, lambda one: one.author)]):
        app = _named(author, Router(routes=[one.item for one in items], default=app))
    return app


def below(prefix: str, contributed: Sequence[Contributed], missing: App) -> App:
    """The same for routes whose paths begin with `prefix`."""
    from starlette.routing import Mount, Router

    return Router(routes=[Mount(prefix, app=routed(contributed, missing))], default=missing)


def _named(author: str, app: Any) -> App:
    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except (ClientGone, CrowdError, OSError):
            raise
        except Exception as error:
            status = getattr(error, "status_code", None)
            if isinstance(status, int) and 400 <= status < 500:  # starlette's HTTPException
                raise
            why = described(error) + place(error, outside=__file__)
            log.error("route %s of %s: %s", scope["path"], whose(author), why, exc_info=error)
            if scope["type"] != "websocket":
                raise RequestError(500, "internal", "Something went wrong on our side. It was logged.") from None
            with suppress(Exception):  # the socket may be closed already
                await send({"type": "websocket.close", "code": 1011, "reason": "internal"})

    return named
