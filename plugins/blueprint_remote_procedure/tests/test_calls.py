"""Pages call procedures: answered once per request, within limits, and never at the cost of the work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from crowdcore import AgentState, Procedures, hookimpl, procedure
from crowdcore.testing import ManualClock, until
from crowdcore.testing.patience import PATIENCE

PARALLEL = 60


class Slow:
    """A procedure that answers when the test lets it: `enter` counts those inside."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.inside = threading.Semaphore(0)
        self.count = 0

    def __call__(self, args: Any) -> Any:
        self.count += 1
        self.inside.release()
        self.gate.wait(PATIENCE)
        return args


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.gate.set()


@pytest.fixture
def together() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        yield pool


def test_each_request_gets_its_own_answer(launch: Any, worker: Any, together: ThreadPoolExecutor, slow: Slow) -> None:
    run = launch(Procedures({"slow": slow, "echo": lambda args: args}))
    x = worker(run)
    first = together.submit(x.__class__.ask, worker(run), "slow", {"n": 1}, "first")
    slow.inside.acquire(timeout=PATIENCE)
    assert x.ask("echo", {"n": 2}) == {"n": 2}
    slow.gate.set()
    assert first.result(PATIENCE) == {"n": 1}


def test_a_repeat_gets_the_first_answer_and_runs_nothing(launch: Any, worker: Any) -> None:
    asked = []
    run = launch(Procedures({"count": lambda args: asked.append(args) or len(asked)}))
    x = worker(run)
    assert [x.ask("count", "a", "same"), x.ask("count", "b", "same"), x.ask("count", "c")] == [1, 1, 2]
    assert asked == ["a", "c"]
    assert x.ask("other", "a", "same") == "invalid"


def test_a_repeat_while_the_first_still_runs_waits_for_it(
    launch: Any, worker: Any, together: ThreadPoolExecutor, slow: Slow
) -> None:
    run = launch(Procedures({"slow": slow}))
    twins = [together.submit(worker(run).ask, "slow", 7, "same") for _ in range(4)]
    slow.inside.acquire(timeout=PATIENCE)
    slow.gate.set()
    assert [twin.result(PATIENCE) for twin in twins] == [7] * 4
    assert slow.count == 1


def test_a_failure_is_told_to_the_page_and_the_operator_and_ends_nothing(
    launch: Any, worker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asked = []

    @procedure("divide")
    def divide(args: Any) -> Any:
        asked.append(args)
        return 1 / args

    run = launch(divide)
    x = worker(run)
    assert x.ask("divide", 0, "same") == "procedure_failed"
    assert x.reply.status_code == 424
    assert "division" not in x.reply.text
    assert x.ask("divide", 0, "same") == "procedure_failed"
    assert asked == [0]
    assert "procedure divide of plugin hooks: ZeroDivisionError: division by zero (test_calls.py:" in caplog.text
    assert "[agent 1, procedure 'divide']" in caplog.text
    assert x.ask("divide", 2) == 0.5
    assert x.submit({"word": "fine"}).status_code == 200


NOT_JSON = {
    "set": lambda: {1}, "nan": lambda: float("nan"), "object": lambda: object(), "half": lambda: "\ud800",
    "large": lambda: "x" * (256 * 1024), "bytes": lambda: b"x",
}  # fmt: skip


def test_what_is_not_json_or_too_large_fails(launch: Any, worker: Any) -> None:
    run = launch(Procedures({**NOT_JSON, "nothing": lambda: None, "most": lambda: "x" * (256 * 1024 - 2)}))
    x = worker(run)
    assert {x.ask(name) for name in NOT_JSON} == {"procedure_failed"}
    assert x.ask("nothing") is None
    assert x.reply.status_code == 200
    assert len(x.ask("most")) == 256 * 1024 - 2


def test_an_unknown_procedure_is_an_error_to_the_caller_alone(launch: Any, worker: Any) -> None:
    x = worker(launch(Procedures({"classify": lambda: 1})))
    assert x.ask("clasify") == "unknown_procedure"
    assert x.reply.status_code == 404
    assert x.reply.json()["detail"] == "This task has no procedure 'clasify'. Did you mean 'classify'?"
    assert x.ask("classify") == 1


@dataclass
class Point:
    x: float
    label: str | None = None


@dataclass
class Shape:
    kind: Literal["line", "area"]
    points: list[Point]
    named: dict[str, int] = field(default_factory=dict)


def test_typed_arguments_are_checked_and_built(launch: Any, worker: Any) -> None:
    @procedure("draw")
    def draw(args: Shape, agent: Any, request_id: str) -> Any:
        return [args.kind, [(p.x, p.label) for p in args.points], args.named, agent.state.init["n"], request_id]

    x = worker(launch(draw))
    args = {"kind": "line", "points": [{"x": 1}, {"x": 2.5, "label": "b"}], "named": {"a": 1}}
    assert x.ask("draw", args, "r") == ["line", [[1.0, None], [2.5, "b"]], {"a": 1}, 0, "r"]
    for wrong, said in {
        "args.kind: expected one of 'line', 'area', not 'dot'": {**args, "kind": "dot"},
        "args.points[1].x: expected a number, not a text": {**args, "points": [{"x": 1}, {"x": "2"}]},
        "args.points[0]: lacks x": {**args, "points": [{}]},
        "args: has no 'more'; it may have kind, points, named": {**args, "more": 1},
        "args.named.a: expected a whole number, not true or false": {**args, "named": {"a": True}},
    }.items():
        assert x.ask("draw", said) == "invalid"
        assert x.reply.json()["detail"] == f"Procedure 'draw': {wrong}."
    assert x.ask("draw", None) == "invalid"


def test_arguments_have_a_limit(launch: Any, worker: Any) -> None:
    x = worker(launch(Procedures({"size": lambda args: len(args)})))
    assert x.ask("size", "x" * (256 * 1024 - 2)) == 256 * 1024 - 2
    assert x.ask("size", "x" * 256 * 1024) == "too_large"


def test_twenty_calls_a_second_are_let_through(launch: Any, worker: Any, clock: ManualClock) -> None:
    x = worker(launch(Procedures({"one": lambda: 1})))
    assert [x.ask("one") for _ in range(21)] == [1] * 20 + ["too_fast"]
    assert x.reply.status_code == 429
    clock.advance(1.01)
    assert x.ask("one") == 1


def test_two_at_once_of_one_agent(launch: Any, worker: Any, together: ThreadPoolExecutor, slow: Slow) -> None:
    run = launch(Procedures({"slow": slow, "one": lambda: 1}))
    going = [together.submit(worker(run).ask, "slow", n, f"s{n}") for n in range(2)]
    for _ in going:
        slow.inside.acquire(timeout=PATIENCE)
    x = worker(run)
    assert x.ask("one") == "busy"  # after a wait of two seconds
    assert x.reply.status_code == 503
    assert worker(run, "y").ask("one") == 1
    slow.gate.set()
    assert [one.result(PATIENCE) for one in going] == [0, 1]
    until(lambda: x.ask("one") == 1)


def test_one_that_hangs_is_given_up_and_its_failure_kept(launch: Any, worker: Any, slow: Slow) -> None:
    run = launch(Procedures({"slow": slow}), procedure_timeout=0.2)
    x = worker(run)
    assert (x.ask("slow", 1, "same"), x.reply.status_code) == ("timeout", 424)
    assert x.ask("slow", 1, "same") == "timeout"
    assert slow.count == 1
    assert x.submit({}).status_code == 200


def test_forty_that_hang_hinder_nobody_else(launch: Any, worker: Any, together: ThreadPoolExecutor, slow: Slow) -> None:
    run = launch(Procedures({"slow": slow}), procedure_timeout=0.5)
    hanging = [together.submit(worker(run, f"w{n}").ask, "slow", n) for n in range(40)]
    slow.inside.acquire(timeout=PATIENCE)
    for n in range(5):
        y = worker(run, f"y{n}")
        assert y.reply.status_code == 201
        assert y.submit({"word": "done"}).status_code == 200
    codes = [one.result(PATIENCE) for one in hanging]
    assert set(codes) <= {"timeout", "busy"}
    assert codes.count("timeout") == 8
    assert worker(run, "late").reply.status_code == 201


def test_nothing_is_called_when_the_work_is_over(launch: Any, worker: Any) -> None:
    asked = []
    run = launch(Procedures({"note": lambda: asked.append(1)}))
    x = worker(run)
    x.submit({})
    assert x.ask("note") == "already_submitted"
    y = worker(run, "y")
    y.call("POST", "/return", json={})
    assert y.ask("note") == "expired"
    assert asked == []


def test_calls_come_back_after_a_reload_and_stay_in_the_result(launch: Any, worker: Any) -> None:
    seen: list[Any] = []

    class Watch:
        @hookimpl
        def on_unit_submitted(self, event: Any) -> None:
            state: AgentState = event.agent.state
            seen.append(state.get_parsed_data())

    run = launch(Procedures({"double": lambda args: args * 2, "fail": lambda: 1 / 0}), Watch())
    x = worker(run)
    x.ask("double", 21, "a")
    x.ask("fail", None, "b")
    calls = x.enter().document["init"]["calls"]
    assert [(c["request_id"], c["procedure"], c["args"], c["result"]) for c in calls] == [
        ("a", "double", 21, 42), ("b", "fail", None, None),
    ]  # fmt: skip
    assert calls[1]["error"]["code"] == "procedure_failed"
    x.submit({"word": "w"})
    until(lambda: seen)
    assert seen == [{"word": "w", "calls": calls}]
    assert x.submit({"calls": 1}).status_code == 200  # a repeat: the first answer
    assert worker(run, "y").submit({"calls": 1}).json()["errors"].keys() == {"calls"}
