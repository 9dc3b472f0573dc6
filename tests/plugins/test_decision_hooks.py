"""Decision hooks ask every plugin: any refusal wins, None is no opinion, whatever else there is decides nothing."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.errors import HookFailed
from crowdcore.plugins.hooks import NEUTRAL, UNCHECKED
from crowdcore.types import Agent, Refusal, Unit, Worker
from tests.plugins.conftest import Runs, Task


def deciding(hook: str, *answers: Any) -> list[object]:
    """Functions that answer a hook, the last one asked first; an exception is raised."""

    def make(answer: Any) -> object:
        def function(run: Any) -> Any:
            asked.append(answer)
            if isinstance(answer, Exception):
                raise answer
            return answer

        function.__name__ = hook
        return hookimpl(function)

    asked.clear()
    return [make(answer) for answer in answers]


asked: list[Any] = []


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([], None),
        ([None, True], None),
        ([True, False, True], Refusal(NEUTRAL)),
        ([Refusal("first asked last"), None, Refusal("tall people only"), True], Refusal("tall people only")),
        ([ValueError("boo"), Refusal("no")], Refusal("no")),
        (["yes", False], Refusal(NEUTRAL)),
    ],
)
def test_may_this_worker_do_this_unit(
    task: Task, runs_of: Runs, worker: Worker, unit: Unit, answers: list[Any], outcome: Refusal | None
) -> None:
    hooks = runs_of.hooks(task.load(), hooks=deciding("worker_can_do_unit", *answers))
    assert asyncio.run(hooks.worker_can_do_unit(worker, unit)) == outcome
    assert len(asked) == len(answers), "all are asked, also after a refusal"


NO_DECISIONS = [1, 0, "False", "yes", "", [], {}, re.match("a", "a")]


@pytest.mark.parametrize("answer", [*NO_DECISIONS, Refusal(7), ValueError("boo"), SystemExit(1)], ids=repr)  # type: ignore[arg-type]
def test_nobody_is_refused_or_let_in_by_what_decides_nothing(
    task: Task, runs_of: Runs, worker: Worker, unit: Unit, answer: Any
) -> None:
    hooks = runs_of.hooks(task.load(), hooks=deciding("worker_can_do_unit", True, answer, None))
    with pytest.raises(HookFailed, match="worker_can_do_unit of plugin hooks 2: "):
        asyncio.run(hooks.worker_can_do_unit(worker, unit))
    assert len(asked) == 3, "all are asked"


@pytest.mark.parametrize("hook", ["validate_onboarding", "validate_screening", "validate_gold"])
@pytest.mark.parametrize("answer", [*NO_DECISIONS, Refusal("no")], ids=repr)
def test_special_work_is_not_judged_by_what_decides_nothing(
    task: Task, runs_of: Runs, agent: Agent, hook: str, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = runs_of.hooks(task.load(), hooks=deciding(hook, True, answer))
    with pytest.raises(HookFailed, match=f"{hook} of plugin hooks 2: answered .*, which decides nothing; the hook"):
        asyncio.run(getattr(hooks, hook)(agent))
    assert sum("which decides nothing" in m for m in caplog.messages) == 1
    assert asyncio.run(getattr(runs_of.hooks(task.load(), hooks=deciding(hook, answer, False)), hook)(agent)) is False


def test_a_yes_or_no_of_numpy_is_one(task: Task, runs_of: Runs, agent: Agent) -> None:
    class bool_:  # what numpy calls its own  # noqa: N801
        def __bool__(self) -> bool:
            return False

    hooks = runs_of.hooks(task.load(), hooks=deciding("validate_gold", bool_()))
    assert asyncio.run(hooks.validate_gold(agent)) is False


def test_the_operator_reads_who_failed_on_whom(
    task: Task, runs_of: Runs, worker: Worker, unit: Unit, caplog: pytest.LogCaptureFixture
) -> None:
    task.write("hooks.py", "from crowdcore import hookimpl\n@hookimpl\ndef worker_can_do_unit(): return 1 / 0\n")
    hooks = runs_of.hooks(task.load(), hooks=deciding("worker_can_do_unit", "yes"))
    with caplog.at_level(logging.ERROR), pytest.raises(HookFailed):
        asyncio.run(hooks.worker_can_do_unit(worker, unit))
    assert caplog.messages == [
        "worker_can_do_unit of plugin hooks.py: ZeroDivisionError: division by zero (hooks.py:3) [worker x, unit 1]",
        "worker_can_do_unit of plugin hooks: answered 'yes' (str), which decides nothing; "
        "the hook wants bool | Refusal | None [worker x, unit 1]",
    ]
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [([], None), ([None], None), ([True, None], True), ([True, False], False), ([False, ValueError("boo")], False)],
)
def test_special_work_is_judged_by_all(
    task: Task, runs_of: Runs, agent: Agent, answers: list[Any], outcome: bool | None
) -> None:
    for hook in ("validate_onboarding", "validate_screening", "validate_gold"):
        hooks = runs_of.hooks(task.load(), hooks=deciding(hook, *answers))
        assert asyncio.run(getattr(hooks, hook)(agent)) is outcome


def test_special_work_is_not_judged_by_a_hook_that_raised(task: Task, runs_of: Runs, agent: Agent) -> None:
    hooks = runs_of.hooks(task.load(), hooks=deciding("validate_gold", True, ValueError("boo")))
    with pytest.raises(HookFailed, match=r"validate_gold of plugin hooks 2: ValueError: boo"):
        asyncio.run(hooks.validate_gold(agent))


@pytest.mark.parametrize(
    ("answers", "errors"),
    [
        ([], {}),
        ([None, {}], {}),
        ([{"a": []}], {}),
        ([{"a": ["long", "odd"], "b": "bad"}, {"a": ["odd", "short"]}], {"a": ["odd", "short", "long"], "b": ["bad"]}),
        ([ValueError("boo"), {"a": ["odd"]}], {"a": ["odd"], "": [UNCHECKED]}),
        ([["a"]], {"": [UNCHECKED]}),
        ([{"a": 3}], {"": [UNCHECKED]}),
    ],
)
def test_field_errors_of_all_plugins_are_merged(
    task: Task, runs_of: Runs, agent: Agent, answers: list[Any], errors: dict[str, list[str]]
) -> None:
    hooks = runs_of.hooks(task.load(), hooks=deciding("blueprint_validate", *answers))
    assert asyncio.run(hooks.blueprint_validate(agent, {}, {})) == errors


def test_contributions_know_their_plugin_and_a_failure_stops_the_launch(task: Task, runs_of: Runs) -> None:
    hooks = runs_of.hooks(task.load(), hooks=deciding("register_gates", ["gate 1"], ["gate 2", "gate 3"]))
    found = asyncio.run(hooks.register_gates())
    assert [(c.plugin, c.item) for c in found] == [("hooks 2", "gate 2"), ("hooks 2", "gate 3"), ("hooks", "gate 1")]
    broken = runs_of.hooks(task.load(), hooks=deciding("register_routes", "route"))
    with pytest.raises(Exception, match=r"register_routes of hooks answered 'route' \(str\); the hook wants list"):
        asyncio.run(broken.register_routes())
