"""The live part of crowd.js: a broken connection loses nothing and repeats nothing."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import BrowserContext, WebSocketRoute, expect

from crowdcore.runner import RunHandle

LISTEN = """import('/crowd.js').then(({ start }) => start()).then((work) => {
  window.work = work;
  const seen = document.getElementById('answer');
  work.live.on('message', (frame) => { seen.textContent += `${frame.seq}:${frame.data} `; });
  work.live.on('closed', (frame) => { seen.textContent += `closed:${frame.code}`; });
})"""


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

    def live(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "live": True})

    tab.route("**/api/v1/agents", live)
    tab.route_web_socket("**/live*", serve)
    page = tab.new_page()
    page.goto(f"{run.url}?worker_id=live&assignment_id=1")
    expect(page.locator("#seen")).to_contain_text("work {")
    page.evaluate(LISTEN)
    expect(page.locator("#answer")).to_have_count(1)
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
