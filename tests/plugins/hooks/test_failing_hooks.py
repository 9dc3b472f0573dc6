"""A hook that fails while people work: a friendly word for them, plugin and hook for the operator, no lost work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crowdcore.plugins.hooks import UNCHECKED
from crowdcore.testing import Browserless, Machine, Served
from tests import web

THEIR_FAULT = "This task's own code failed. Its author was told."
STATE = """
from dataclasses import dataclass

@hookimpl
def agent_state():
    return Mine

@dataclass
class Mine(AgentState):
"""
AT_ENTERING = {
    "blueprint_assignment_data of plugin hooks.py: KeyError: 'text' (hooks.py:5)": (
        "@hookimpl\ndef blueprint_assignment_data(assignment):\n    return assignment.item['text']"
    ),
    "blueprint_assignment_data of plugin hooks.py: the answer is not JSON: Object of type set": (
        "@hookimpl\ndef blueprint_assignment_data(assignment): return {1}"
    ),
    "Mine.set_init_state of plugin hooks.py: KeyError: 'text' (hooks.py:12)": (
        f"{STATE}    def set_init_state(self, item): self.init = item['text']"
    ),
    "Mine.get_init_state of plugin hooks.py: TypeError: Object of type set is not JSON serializable": (
        f"{STATE}    def get_init_state(self): return {{1}}"
    ),
}
AT_COMPLETING = {
    "provider_complete of plugin hooks.py: answered None; the hook wants Completion": (
        "@hookimpl\ndef provider_complete(visit): ..."
    ),
    "provider_complete of plugin hooks.py: kind 'home' is none of thanks, redirect, post": (
        "@hookimpl\ndef provider_complete(visit): return Completion('home')"
    ),
    "provider_complete of plugin hooks.py: a redirect needs a url": (
        "@hookimpl\ndef provider_complete(visit): return Completion('redirect')"
    ),
    "provider_complete of plugin hooks.py: its fields are not JSON: Object of type set": (
        "@hookimpl\ndef provider_complete(visit): return Completion(fields={'a': {1}})"
    ),
}
AT_SUBMITTING = {
    "Mine.update_submit of plugin hooks.py: KeyError: 'label' (hooks.py:12)": (
        f"{STATE}    def update_submit(self, data, files): self.data = data['label']"
    ),
    "Mine.save_data of plugin hooks.py: TypeError: save_data answered 7 (int), which is no text": (
        f"{STATE}    def save_data(self): return 7 if self.data else '{{}}'"
    ),
}
Start = Callable[[str], Served]


@pytest.fixture
def start(machine: Machine, task: Callable[..., None], request: pytest.FixtureRequest) -> Start:
    """Serves a run with this hooks.py in a process of its own."""

    def served(hooks: str) -> Served:
        task(hooks)
        context = machine.serve("run", "task.yaml")
        request.addfinalizer(lambda: context.__exit__(None, None, None))
        return context.__enter__()

    return served


def told(process: Served, line: str) -> None:
    process.expect(
        "^[0-9:]{8} [A-Z]+ [^ ]+: (demo-1: )?" + "".join(c if c.isalnum() else f"\\{c}" for c in line),
        10,
        stream="stderr",
    )


@pytest.mark.parametrize("line", AT_ENTERING)
def test_a_failure_at_entering(start: Start, line: str) -> None:
    process = start(AT_ENTERING[line])
    worker = Browserless(process.url, worker_id="x").enter()
    assert (worker.reply.status_code, worker.code, worker.reply.json()["detail"]) == (502, "task_error", THEIR_FAULT)
    told(process, line)


@pytest.mark.parametrize("line", AT_SUBMITTING)
def test_a_failure_at_submitting_keeps_the_work_open(start: Start, line: str) -> None:
    process = start(AT_SUBMITTING[line])
    worker = Browserless(process.url, worker_id="x").enter()
    assert worker.call("PUT", "/draft", json={"text": "long"}).status_code == 204
    assert worker.submit({"text": "long"}).status_code == 502
    assert (worker.code, worker.reply.json()["detail"]) == ("task_error", THEIR_FAULT)
    told(process, line)
    reloaded = worker.call("GET", "").json()
    assert (reloaded["phase"], reloaded["draft"]) == ("work", {"text": "long"})


@pytest.mark.parametrize("line", AT_COMPLETING)
def test_a_provider_that_cannot_say_how_a_visit_ends_loses_no_answer(start: Start, line: str) -> None:
    process = start(AT_COMPLETING[line])
    worker = Browserless(process.url, worker_id="x").enter()
    first = worker.submit({"text": "long"}).json()
    assert (first["status"], first["completion"]["kind"]) == ("completed", "thanks")
    told(process, line)
    assert worker.submit({"text": "another"}).json() == first
    assert worker.call("GET", "").json()["phase"] == "done"


def test_a_failing_check_refuses_the_submission_and_says_so(start: Start) -> None:
    process = start("@hookimpl\ndef blueprint_validate(data): return data['label']")
    worker = Browserless(process.url, worker_id="x").enter()
    assert worker.submit({"text": "a"}).status_code == 422
    assert worker.reply.json()["errors"] == {"": [UNCHECKED]}
    told(process, "blueprint_validate of plugin hooks.py: KeyError: 'label' (hooks.py:4)")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("worker.age > 18", "AttributeError: 'Worker' object has no attribute 'age'"),
        ("worker.name.find('y') + 2", "answered 1 (int), which decides nothing; the hook wants bool | Refusal | None"),
        ("'False'", "answered 'False' (str), which decides nothing; the hook wants bool | Refusal | None"),
        (
            "__import__('re').match('x', worker.name)",
            "answered <re.Match object; span=(0, 1), match='x'> (Match), which",
        ),
    ],
)
def test_a_failing_decision_decides_nothing(start: Start, answer: str, line: str) -> None:
    process = start(f"@hookimpl\ndef worker_can_do_unit(worker): return {answer}")
    worker = Browserless(process.url, worker_id="x").enter()
    assert (worker.reply.status_code, worker.code) == (502, "task_error")
    assert "The people who run this task have been told" in worker.reply.json()["detail"]
    told(process, f"worker_can_do_unit of plugin hooks.py: {line}")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("None", "provider_identify of plugin hooks.py: answered None; the hook wants Identity | Refusal"),
        ("params", "provider_identify of plugin hooks.py: answered {'worker_id': 'x'} (UrlParams)"),
        ("Identity(7)", "provider_identify of plugin hooks.py: answered Identity(worker_name=7, visit_id=None"),
        ("1 / 0", "provider_identify of plugin hooks.py: ZeroDivisionError: division by zero (hooks.py:4)"),
    ],
)
def test_a_provider_that_cannot_tell_who_comes_lets_the_page_try_again(start: Start, answer: str, line: str) -> None:
    process = start(f"@hookimpl\ndef provider_identify(params): return {answer}")
    worker = Browserless(process.url, worker_id="x").enter()
    assert (worker.reply.status_code, worker.code) == (503, "busy")
    told(process, line)


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (
            "{1}",
            "blueprint_call of plugin hooks.py: the answer is not JSON: Object of type set is not JSON serializable",
        ),
        ("1 / 0", "blueprint_call of plugin hooks.py: ZeroDivisionError: division by zero (hooks.py:4)"),
    ],
)
def test_a_procedure_that_fails_leaves_the_work_open(start: Start, answer: str, line: str) -> None:
    process = start(f"@hookimpl\ndef blueprint_call(procedure): return {answer}")
    worker = Browserless(process.url, worker_id="x").enter()
    assert worker.call("POST", "/call/guess", json={"args": {}, "request_id": "1"}).status_code == 424
    assert worker.code == "procedure_failed"
    told(process, line)
    assert worker.submit({"text": "without help"}).status_code == 200


@pytest.mark.parametrize("answer", ["1 / 0", "'no'", "False", "True", "0"])
def test_a_gate_that_fails_lets_nobody_in(start: Start, answer: str) -> None:
    process = start(
        f"class Quiz:\n    name = 'quiz'\n    def check(self, run, worker): return {answer}\n"
        "@hookimpl\ndef register_gates(): return [Quiz()]"
    )
    worker = Browserless(process.url, worker_id="x").enter()
    assert (worker.reply.status_code, worker.code) == (502, "task_error")
    assert "The people who run this task have been told" in worker.reply.json()["detail"]
    told(process, "gate quiz of plugin hooks.py failed for worker x")


def test_a_route_that_fails_shows_a_friendly_page(start: Start) -> None:
    process = start(
        "from starlette.routing import Route\ndef page(request): return 1 / 0\n"
        "@hookimpl\ndef register_routes(): return [Route('/own', page)]"
    )
    reply = web.get(f"{process.url}own", headers={"accept": "text/html"})
    assert (reply.status_code, "That did not work" in reply.text, "Traceback" in reply.text) == (500, True, False)
    process.expect("ZeroDivisionError", stream="stderr")


def test_a_state_that_cannot_be_read_back_stops_neither_the_run_nor_other_listeners(start: Start) -> None:
    process = start(
        f"{STATE}    @classmethod\n    def load_data(cls, text):\n"
        "        if 'bad' in text: raise KeyError('version')\n        return super().load_data(text)\n"
        "@hookimpl\ndef on_unit_submitted(event): print('told', event.agent.state.data['text'], flush=True)"
    )
    for text in ("bad", "good"):
        reply: Any = Browserless(process.url, worker_id=text).enter().submit({"text": text})
        assert reply.status_code == 200
    process.expect("^told good$")
    process.expect(r"demo-1: event \d+ \(unit_submitted\) could not be told", stream="stderr")
