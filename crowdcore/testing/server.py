"""A run served in the test's process, and a worker who talks to it as a page does, without a browser."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from crowdcore import launch
from crowdcore.testing.patience import PATIENCE

if TYPE_CHECKING:
    from crowdcore import RunHandle
    from crowdcore.base.clock import Clock


@contextmanager
def serve(
    config: Mapping[str, Any] | Path | str, *, data_dir: Path, hooks: Sequence[object] = (),
    overrides: Sequence[str] = (), clock: Clock | None = None, db: str | None = None,
) -> Iterator[RunHandle]:  # fmt: skip
    """Launch a run and wait for its first units; it is stopped at the end, if it has not ended by itself.

    A mapping without an architect gets the local one on any free port.
    """
    if isinstance(config, Mapping):
        config = {"architect": {"type": "local", "port": 0}, **config}
    handle = launch(config, data_dir=data_dir, hooks=hooks, overrides=overrides, clock=clock, db=db)
    try:
        handle.launched()
        yield handle
    finally:
        handle.stop()


@cache
def _certificates() -> ssl.SSLContext:
    """The system's, read once: it takes 30 ms, and a test may have hundreds of workers."""
    return httpx.create_ssl_context()


class Browserless:
    """One worker's page without a browser: `document` is the last document, `reply` the last reply."""

    def __init__(self, url: str, **params: str) -> None:
        self.params = params
        self.document: dict[str, Any] = {}
        self.reply: httpx.Response
        self._http = httpx.Client(base_url=url, timeout=PATIENCE, verify=_certificates())

    def enter(self) -> Browserless:
        """Ask for work, as the page does when it opens."""
        self.reply = self._http.post("api/v1/agents", json={"params": self.params})
        if self.reply.is_success:
            self.document = self.reply.json()
        return self

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A call below the agent's address with its token."""
        headers = {"Authorization": f"Bearer {self.document['token']}"}
        path = f"api/v1/agents/{self.document['agent']}{path}"
        self.reply = self._http.request(method, path, headers=headers, **request)
        return self.reply

    def submit(self, data: Any, files: Sequence[tuple[str, tuple[str, bytes]]] = ()) -> httpx.Response:
        """Submit; files go along as multipart. A document in `next` becomes the page's own."""
        if files:
            reply = self.call("POST", "/submit", data={"data": json.dumps(data)}, files=list(files))
        else:
            reply = self.call("POST", "/submit", json={"data": data})
        if reply.is_success and reply.json()["next"] is not None:
            self.document = reply.json()["next"]
        return reply

    @property
    def code(self) -> str:
        """The code of the last refusal; empty after a success."""
        return "" if self.reply.is_success else str(self.reply.json()["code"])


def until(condition: Callable[[], Any], timeout: float = PATIENCE) -> Any:
    """Poll until `condition` is true; its value. AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.01)
    return value
