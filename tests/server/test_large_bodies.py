"""One client's JSON holds up nobody else: bounded for each call, counted by its weight, parsed beside others' work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from crowdcore import hookimpl
from crowdcore.base import hostile_json
from crowdcore.store.engine.sqlite import SqliteConn
from crowdcore.testing import Browserless, ManualClock, serve
from crowdcore.testing.patience import PATIENCE
from tests import web

MARK = "this one takes long"
TASK: dict[str, Any] = {
    "task": {"name": "large"}, "blueprint": {"type": "mock", "num_assignments": 0}, "provider": {"type": "mock"},
    "gates": {"feedback": True},
}  # fmt: skip
Start = Callable[..., Any]


class Procedures:
    """A procedure that answers what it was asked."""

    @hookimpl
    def blueprint_call(self, args: Any) -> Any:
        return args


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def start(tmp_path: Path, clock: ManualClock) -> Iterator[Start]:
    """Serves the task; words are options of `task:`."""
    opened = []
    architect = {"type": "local", "port": 0, "trusted_proxies": ["127.0.0.1"]}

    def served(**task: Any) -> Any:
        config = {**TASK, "task": {**TASK["task"], **task}, "architect": architect}
        context = serve(config, data_dir=tmp_path / "data", hooks=[Procedures()], clock=clock)
        opened.append(context)
        return context.__enter__()

    yield served
    for context in opened:
        context.__exit__(None, None, None)


def worker(run: Any, name: str) -> Browserless:
    return Browserless(run.url, worker_id=name, assignment_id=name).enter()


def told(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def send(run: Any, page: Browserless, method: str, path: str, body: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {page.document['token']}", "Content-Type": "application/json"}
    url = f"{run.url}api/v1/agents/{page.document['agent']}{path}"
    return web.request(method, url, content=body, headers=headers)


def test_each_call_has_a_limit_of_its_own(start: Start) -> None:
    run = start()
    page = worker(run, "x")
    large, larger, largest = ("x" * (size * 1024) for size in (70, 600, 1100))
    entering = web.post(f"{run.url}api/v1/agents", json={"params": {}, "more": large})
    assert told(entering) == (413, "too_large")
    for path, body in {"/error": {"message": large}, "/feedback": {"text": "a", "more": large}}.items():
        assert told(page.call("POST", path, json=body)) == (413, "too_large")
    assert told(page.call("POST", "/call/echo", json={"request_id": "1", "args": 1, "m": larger})) == (413, "too_large")
    assert told(page.call("PUT", "/draft", json=largest)) == (413, "too_large")
    assert page.call("PUT", "/draft", json=larger).status_code == 204
    assert page.submit({"text": largest}).status_code == 200


def test_the_limit_of_drafts_is_the_tasks_and_the_operator_is_told_once(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    page = worker(start(max_draft="2kB", max_values=100), "x")
    assert page.call("PUT", "/draft", json="x" * 1900).status_code == 204
    for draft in ("x" * 2100, [1] * 200):
        assert told(page.call("PUT", "/draft", json=draft)) == (413, "too_large")
    assert [m for m in caplog.messages if "task.max_draft" in m] == [
        "large-1: a page's draft was not kept: What was sent is larger than 1.95 kB. "
        "Drafts may have task.max_draft bytes and task.max_values values."
    ]
    assert page.call("GET", "").json()["draft"] == "x" * 1900


@pytest.mark.parametrize(
    "data",
    ["[" + "[]," * 5_000_000 + "[]]", '{"a":[' + "1," * 200_000 + "1]}", "{" + '"":{},' * 200_000 + '"":0}'],
    ids=["16 MB of lists", "numbers", "members"],
)
def test_more_values_than_may_be_are_refused_before_they_are_made(
    start: Start, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    decode = hostile_json._decode
    monkeypatch.setattr(hostile_json, "_decode", lambda text: (made.append(text), decode(text))[1])
    run = start()
    page = worker(run, "x")
    made.clear()
    assert told(send(run, page, "POST", "/submit", f'{{"data":{data}}}')) == (413, "too_large")
    files = {"data": (None, data), "f": ("f.txt", b"a")}
    assert told(page.call("POST", "/submit", files=files)) == (413, "too_large")
    assert made == []


def test_commas_and_brackets_of_texts_are_no_values(start: Start) -> None:
    run = start()
    page = worker(run, "x")
    text = 'a, [b] {c} "d" \\ ' * 60_000
    assert send(run, page, "POST", "/submit", json.dumps({"data": {"text": text}})).status_code == 200


@pytest.mark.parametrize("call", ["enter", "draft", "submit", "form", "call"])
def test_others_are_served_while_a_large_body_is_parsed(
    start: Start, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go, decode = threading.Event(), threading.Event(), hostile_json._decode

    def slowly(text: str) -> Any:
        if MARK in text:
            reached.set()
            go.wait(PATIENCE)
        return decode(text)

    run = start()
    attacker = worker(run, "attacker")
    large = {"text": MARK, "padding": "x" * 50_000}
    calls: dict[str, Callable[[], httpx.Response]] = {
        "enter": lambda: web.post(f"{run.url}api/v1/agents", json={"params": {}, "more": large}),
        "draft": lambda: attacker.call("PUT", "/draft", json=large),
        "submit": lambda: attacker.submit(large),
        "form": lambda: attacker.submit(large, files=[("f", ("f.txt", b"a"))]),
        "call": lambda: attacker.call("POST", "/call/echo", json={"request_id": "1", "args": large}),
    }
    monkeypatch.setattr(hostile_json, "_decode", slowly)
    with ThreadPoolExecutor(1) as pool:
        try:
            attack = pool.submit(calls[call])
            assert reached.wait(PATIENCE)
            innocent = worker(run, "innocent")
            assert innocent.call("PUT", "/draft", json={"text": "a"}).status_code == 204
            assert innocent.submit({"text": "a"}).status_code == 200
            assert not attack.done()
        finally:
            go.set()
        assert attack.result(PATIENCE).is_success


def test_a_stored_draft_is_passed_on_as_the_text_that_it_is(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    page = worker(run, "x")
    draft = {"text": "x" * 100_000, "list": [[], {}, None, "ü"]}
    assert page.call("PUT", "/draft", json=draft).status_code == 204
    read, loads = [], json.loads
    testing = threading.current_thread()

    def noted(text: Any, **options: Any) -> Any:
        if threading.current_thread() is not testing:
            read.append(len(text))
        return loads(text, **options)

    monkeypatch.setattr(json, "loads", noted)
    assert page.call("GET", "").json()["draft"] == draft
    assert worker(run, "x").document["draft"] == draft
    assert max(read, default=0) < 10_000


def test_a_large_submission_is_not_read_again_by_each_small_call(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    page = worker(run, "x")
    first = page.submit({"text": "x" * 1_000_000}).json()
    read, one = [], SqliteConn.one

    def noted(conn: SqliteConn, sql: str, **given: Any) -> Any:
        row = one(conn, sql, **given)
        if sql.startswith("SELECT g."):
            read.append(max((len(value) for value in row or () if isinstance(value, str)), default=0))
        return row

    monkeypatch.setattr(SqliteConn, "one", noted)
    assert page.call("GET", "").json()["phase"] == "done"
    assert page.call("GET", "/state").json()["phase"] == "done"
    assert page.submit({"text": "again"}).json() == first
    assert page.call("POST", "/error", json={"message": "a"}).status_code == 204
    assert worker(run, "x").document["phase"] == "done"
    assert len(read) >= 5
    assert max(read) < 10_000


def weight(count: int) -> str:
    return "[" + "[]," * count + "[]]"


def test_an_agent_that_sends_much_is_told_when_to_come_back(start: Start, clock: ManualClock) -> None:
    run = start()
    page, other = worker(run, "x"), worker(run, "y")
    replies = [send(run, page, "PUT", "/draft", weight(80_000)) for _ in range(10)]
    first = [reply.status_code for reply in replies].index(429)
    assert [reply.status_code for reply in replies[:first]] == [204] * first
    assert first >= 2
    refused = replies[-1]
    assert told(refused) == (429, "too_fast")
    assert int(refused.headers["Retry-After"]) >= 1
    assert page.call("PUT", "/draft", json={"text": "a little"}).status_code == 204
    assert send(run, other, "PUT", "/draft", weight(80_000)).status_code == 204
    clock.advance(int(refused.headers["Retry-After"]) + 1)
    assert send(run, page, "PUT", "/draft", weight(80_000)).status_code == 204


def test_an_address_that_sends_much_is_told_when_to_come_back(start: Start, clock: ManualClock) -> None:
    run = start()
    body = '{"params":{},"more":' + weight(20_000) + "}"
    with web.Client(base_url=run.url) as client:

        def enter(address: str, content: str) -> httpx.Response:
            headers = {"X-Forwarded-For": address, "Content-Type": "application/json"}
            return client.post("api/v1/agents", content=content, headers=headers)

        for _ in range(200):
            reply = enter("192.0.2.1", body)
            if reply.status_code != 200:
                break
        assert told(reply) == (429, "too_fast")
        assert enter("192.0.2.1", '{"params":{}}').status_code == 200
        assert enter("192.0.2.2", body).status_code == 200
        clock.advance(int(reply.headers["Retry-After"]) + 1)
        assert enter("192.0.2.1", body).status_code == 200
