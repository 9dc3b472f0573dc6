"""`access: auto` is open on this machine only: a proxy or a tunnel that stands on it lets nobody in."""

from __future__ import annotations

import http.client
import json
import logging
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from crowdcore.testing import Browserless

from .conftest import Start

ELSEWHERE: list[dict[str, str]] = [
    {"X-Forwarded-For": "192.0.2.7"}, {"X-Forwarded-Host": "tasks.example"}, {"x-forwarded-proto": "https"},
    {"Forwarded": "for=192.0.2.7"}, {"X-Real-IP": "192.0.2.7"}, {"Via": "1.1 proxy"}, {"CF-Connecting-IP": "192.0.2.7"},
    {"Host": "tasks.example"}, {"Host": "abc.ngrok.app:443"}, {"Host": "192.0.2.1:3000"}, {"Host": "localhost.example"},
    {"Host": "[2001:db8::1]"}, {"Host": "nonsense]["}, {"Origin": "https://abc.trycloudflare.com"},
]  # fmt: skip
HERE: list[dict[str, str]] = [
    {}, {"Host": "localhost:3000"}, {"Host": "127.0.0.1"}, {"Host": "[::1]:3000"}, {"Host": "task.localhost"},
    {"Origin": "http://localhost:3000"}, {"Origin": "null"},
]  # fmt: skip


def enter(url: str, headers: dict[str, str], version: int = 11) -> tuple[int, dict[str, Any]]:
    """The answer to somebody who comes with these headers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection._http_vsn, connection._http_vsn_str = version, f"HTTP/1.{version % 10}"  # type: ignore[attr-defined]
    body = json.dumps({"params": {"worker_id": "boss"}})
    connection.request("POST", "/api/v1/agents", body, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, document


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_whoever_comes_through_a_proxy_or_tunnel_is_not_let_in(
    start: Start, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    run = start()
    for _ in range(2):
        status, document = enter(run.url, headers)
        assert (status, document["code"]) == (403, "refused")
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1, "loudly, and once for each way"
    assert "architect.public_url=" in told[0]
    assert "provider.access=open" in told[0]
    assert Browserless(run.url, worker_id="x").enter().document["phase"] == "work", "this machine still may"


def test_a_proxy_that_speaks_http_1_0_is_noticed_although_it_rewrites_the_host(start: Start) -> None:
    assert enter(start().url, {"Host": "127.0.0.1:3000"}, version=10)[1]["code"] == "refused"


@pytest.mark.parametrize("headers", HERE, ids=str)
def test_a_browser_on_this_machine_is_let_in(start: Start, headers: dict[str, str]) -> None:
    assert enter(start().url, headers)[1]["phase"] == "work"


@pytest.mark.parametrize("headers", ELSEWHERE[:8], ids=str)
def test_access_that_was_chosen_is_not_questioned(start: Start, headers: dict[str, str]) -> None:
    run = start(provider={"access": "open"})
    assert enter(run.url, headers)[1]["phase"] == "work"


def test_behind_a_proxy_that_is_named_personal_links_are_needed(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    start(architect={"public_url": "https://tasks.example/", "port": port})
    status, document = enter(f"http://127.0.0.1:{port}/", {"Host": "tasks.example", "X-Forwarded-For": "192.0.2.7"})
    assert (status, document["code"]) == (403, "refused")
    assert "invitation" in document["detail"]
