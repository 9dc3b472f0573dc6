"""WebSockets: handshakes with all kinds of tokens, and frames of all kinds.

Against a task without a live part every connection ends with an error frame and a close code. Against one that has it,
what is right gets a status first, and nonsense an error frame of its own; others are served all the while.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from tests.fuzz.servers import Server

SECONDS = 60.0
REFUSED = {4401: "bad_token", 4404: "no_live not_found", 4422: "invalid", 4429: "too_fast"}
ENDED = {1000, 1003, 1007, 1008, 1009, 4408, 4409, *REFUSED}
"""How a live connection may be closed on who sends nonsense."""

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_message = st.builds(
    lambda given, data: {"type": "message", "id": given, "data": data},
    st.one_of(st.uuids().map(str), st.just("same"), st.integers(), st.none(), st.text(max_size=300)), _json,
)  # fmt: skip
_known = st.sampled_from([{"type": "typing"}, {"type": "finish"}, {"type": "nothing"}, {"type": None}, {}, [], 7])
FRAMES: st.SearchStrategy[str | bytes] = st.one_of(
    st.one_of(_message, _known, _json).map(json.dumps),
    st.text(max_size=50),
    st.binary(max_size=200),
    st.sampled_from(["", "[" * 60_000, "1" * 50_000, rb'"\ud800"'.decode(), '{"type": "message", "type": "typing"}',
                     '{"type":"message","id":"a\\u0000","data":1}', "x" * 900_000, b"\0" * 900_000]),
)  # fmt: skip
"""What a page might send, and what none would."""


@dataclass(frozen=True)
class Visit:
    """One connection: `token` and `after` None are the right ones."""

    token: str | None
    after: str | None
    rest: str
    frames: list[str | bytes]


VISITS = st.builds(
    Visit,
    token=st.sampled_from([None, None, None, "", "x", "1.2.3", "ÿ", "other"]),
    after=st.sampled_from([None, None, "0", "7", "-1", "x", "9" * 30, "1.5", "", "\0"]),
    rest=st.sampled_from(["live", "live", "live", "live", "live/", "nothing", "Live"]),
    frames=st.lists(FRAMES, max_size=6),
)

RIGHT = st.builds(
    Visit,
    token=st.none(),
    after=st.sampled_from([None, "0", "7", ""]),
    rest=st.just("live"),
    frames=st.lists(FRAMES, min_size=1, max_size=8),
)


def run(servers: dict[str, Server], cases: int, seeded: int) -> tuple[Counter[str], list[str]]:
    """So many connections; how they ended, and what was wrong."""
    ends: Counter[str] = Counter()
    faults: list[str] = []
    for name in ("form", "live"):
        if name in servers:
            _run(servers[name], cases, seeded, ends, faults)
    return ends, faults


def _run(server: Server, cases: int, seeded: int, ends: Counter[str], faults: list[str]) -> None:
    mine, other = server.enter(), server.enter()
    uses = 0

    @seed(seeded)
    @settings(max_examples=cases, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(visit=st.one_of(RIGHT, RIGHT, VISITS) if mine["live"] else VISITS)
    def every(visit: Visit) -> None:
        nonlocal mine, uses
        uses += 1
        if uses % (4 if mine["live"] else 20) == 0:
            mine = server.enter()
        try:
            end = _visit(server, visit, mine, other)
        except (AssertionError, ConnectionClosed, InvalidHandshake, KeyError, ValueError, OSError) as error:
            faults.append(f"live {server.name}: {visit!r:.600}: {type(error).__name__} {error}")
            return
        ends[end] += 1

    every()
    if mine["live"]:
        _flood(server, faults)
    server.healthy()


def _visit(server: Server, visit: Visit, mine: dict[str, Any], other: dict[str, Any]) -> str:
    token = {None: mine["token"], "other": other["token"]}.get(visit.token, visit.token)
    query = f"token={quote(token or '')}&after={quote('0' if visit.after is None else visit.after)}"
    path = f"/api/v1/agents/{mine['agent']}/{visit.rest}?{query}"
    with _open(server, path) as socket:
        try:
            for frame in visit.frames:
                socket.send(frame)
        except ConnectionClosed:
            pass  # refused already
        right = visit.token is None and visit.rest == "live" and visit.after in (None, "0", "7", "")
        if mine["live"] and right:
            return _answer_live(socket)
        return _answer_refused(socket)


def _answer_refused(socket: ClientConnection) -> str:
    """An error frame whose code belongs to the close code."""
    frame = json.loads(socket.recv(timeout=SECONDS))
    assert frame["type"] == "error", frame
    return _refused(socket, frame)


def _refused(socket: ClientConnection, frame: dict[str, Any]) -> str:
    try:
        socket.recv(timeout=SECONDS)
    except ConnectionClosed:
        code = socket.close_code
        assert frame["code"] in REFUSED.get(code or 0, "").split(), (frame, code)
        return f"{code} {frame['code']}"
    raise AssertionError("a second frame after a refusal")


def _answer_live(socket: ClientConnection) -> str:
    """A status first; then anything that is JSON, until nothing more comes or the connection is closed."""
    first = json.loads(socket.recv(timeout=SECONDS))
    if first["type"] == "error":  # this agent's live part is over
        return _refused(socket, first)
    assert first["type"] == "status", first
    kinds: set[str] = set()
    try:
        while True:
            frame = json.loads(socket.recv(timeout=0.05))
            kinds.add(frame["code"] if frame["type"] == "error" else frame["type"])
    except TimeoutError:
        return " ".join(["open", *sorted(kinds)])
    except ConnectionClosed:
        assert socket.close_code in ENDED, socket.close_code
        return f"{socket.close_code}"


def _flood(server: Server, faults: list[str]) -> None:
    """400 messages at once: all are taken, or the sender is told to wait; others are served."""
    mine = server.enter()
    with _open(server, f"/api/v1/agents/{mine['agent']}/live?token={mine['token']}&after=0") as socket:
        try:
            for _ in range(400):
                socket.send(json.dumps({"type": "message", "id": str(uuid.uuid4()), "data": "x"}))
        except ConnectionClosed:
            pass
        server.healthy()  # a flood of messages stops nobody else


def _open(server: Server, path: str) -> ClientConnection:
    url = server.url.replace("http", "ws", 1) + path
    return connect(url, open_timeout=SECONDS, close_timeout=SECONDS, max_size=None, max_queue=None, proxy=None)
