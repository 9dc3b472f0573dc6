"""The live part of crowd.js: a broken connection loses nothing and repeats nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from crowdcore import RunHandle
from crowdcore.testing import until

LISTEN = """import('/crowd.js').then(({ start }) => start()).then((work) => {
  window.work = work;
  const seen = document.getElementById('answer');
  work.live.on('message', (frame) => { seen.textContent += `${frame.seq}:${frame.data} `; });
  work.live.on('closed', (frame) => { seen.textContent += `closed:${frame.code}`; });
})"""


def opened(run: RunHandle, tab: BrowserContext, serve: Callable[[WebSocketRoute], None], worker: str) -> Page:
    """A page of live work, at the other end of whose connections `serve` speaks."""

    def live(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "live": True})

    tab.route("**/api/v1/agents", live)
    tab.route_web_socket("**/live*", serve)
    page = tab.new_page()
    page.goto(f"{run.url}?worker_id={worker}&assignment_id=1")
    expect(page.locator("#seen")).to_contain_text("work {")
    page.evaluate(LISTEN)
    expect(page.locator("#answer")).to_have_count(1)
    return page


def test_after_a_break_the_client_asks_for_what_it_missed_and_sends_what_was_not_confirmed(
    run: RunHandle, tab: BrowserContext
) -> None:
    connections: list[tuple[str, WebSocketRoute]] = []
    got: list[dict[str, Any]] = []

    def serve(socket: WebSocketRoute) -> None:
        connections.append((socket.url, socket))
        socket.on_message(lambda text: got.append(json.loads(text)))
        if len(connections) == 1:
            socket.send(json.dumps({"type": "message", "seq": 1, "id": "a", "data": "one"}))
        else:
            for seq, data in ((1, "one"), (2, "two")):
                socket.send(json.dumps({"type": "message", "seq": seq, "id": str(seq), "data": data}))

    page = opened(run, tab, serve, "live")
    sent = page.evaluate("window.work.live.send({ hello: 1 })")
    connections[0][1].close(code=1011)
    expect(page.locator("#answer")).to_contain_text("2:two")
    assert page.locator("#answer").inner_text().count("one") <= 1
    assert "after=1&token=" in connections[1][0]
    assert [frame for frame in got if frame["id"] == sent][-1] == {"type": "message", "id": sent, "data": {"hello": 1}}
    assert len([frame for frame in got if frame["id"] == sent]) == 2
    connections[1][1].close(code=4409)
    expect(page.locator("#answer")).to_contain_text("closed:4409")
    assert len(connections) == 2


def test_what_came_too_fast_is_sent_again_and_what_is_refused_is_not(run: RunHandle, tab: BrowserContext) -> None:
    got: list[str] = []
    connections: list[WebSocketRoute] = []

    def serve(socket: WebSocketRoute) -> None:
        connections.append(socket)
        socket.on_message(lambda text: take(socket, json.loads(text)))

    def take(socket: WebSocketRoute, frame: dict[str, Any]) -> None:
        if frame["type"] != "message":
            return
        got.append(frame["data"])
        code = {"bad": "invalid", "quick": "too_fast"}.get(frame["data"], "")
        refused = code and not (code == "too_fast" and got.count("quick") == 2)
        answer = {"type": "error", "code": code, "detail": ""} if refused else {"type": "ack"}
        socket.send(json.dumps({**answer, "id": frame["id"]}))

    page = opened(run, tab, serve, "refused")
    page.evaluate("['bad', 'quick', 'fine'].forEach((data) => window.work.live.send(data))")
    until(lambda: page.evaluate("window.work.live.unsent.length === 0"))
    assert got == ["bad", "quick", "fine", "quick"]
    connections[0].close(code=1011)
    until(lambda: page.evaluate("window.work.live.connected === false"))
    until(lambda: page.evaluate("window.work.live.connected === true"))
    page.evaluate("window.work.live.send('last')")
    until(lambda: page.evaluate("window.work.live.unsent.length === 0"))
    assert got[4:] == ["last"]


def test_what_is_too_long_for_a_frame_is_told_at_once(run: RunHandle, tab: BrowserContext) -> None:
    page = opened(run, tab, lambda socket: None, "long")
    code = "() => { try { window.work.live.send('x'.repeat(70_000)); } catch (error) { return error.code; } }"
    assert page.evaluate(code) == "too_large"
    assert page.evaluate("window.work.live.unsent") == []
