"""What decides nothing is kept against nobody, and who is told that somebody was told can rely on it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.testing import until
from tests.work.gates.conftest import Desk

NO_DECISIONS: list[Any] = [1, 0, "False", [], {"passed": True}]
TOLD = "The people who run this task have been told"
ONBOARDING = {"qualification": "quiz"}


def deciding(hook: str, answers: list[Any]) -> list[object]:
    """A hook that gives these answers, one a call, the last one for ever."""

    def function(run: Any) -> Any:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    function.__name__ = hook
    return [hookimpl(function)]


def gate_data(desk: Desk, gate: str, **options: Any) -> dict[str, Any]:
    return {gate: {"qualification": "q", "data": desk.file(f"{gate}.json", [{"n": gate}]), **options}}


@pytest.mark.parametrize("answer", NO_DECISIONS, ids=repr)
def test_onboarding_that_nobody_judged_may_be_done_again(
    desk: Desk, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    desk.launch(gate_data(desk, "onboarding"), hooks=deciding("validate_onboarding", [answer, True]))
    ended = desk.worker("x").submit({"text": "a"}).json()
    assert TOLD in ended["completion"]["fields"]["message"]
    assert desk.grants("x") == {}
    assert any("worker x, onboarding, agent 1 was not judged" in m for m in caplog.messages)
    assert any("crowd worker grant x q 1" in m for m in caplog.messages)
    page = desk.worker("x")
    assert page.document["phase"] == "onboarding"
    page.submit({"text": "a"})
    assert desk.grants("x") == {"q": 1}


def test_who_is_told_that_somebody_was_told_is_told_the_truth(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """A hook that has no opinion is no failure, but nobody would learn of it."""
    desk.launch(gate_data(desk, "onboarding"), hooks=deciding("validate_onboarding", [None]))
    ended = desk.worker("x").submit({"text": "a"}).json()
    assert TOLD in ended["completion"]["fields"]["message"]
    said = [r for r in caplog.records if "validate_onboarding has no opinion" in r.getMessage()]
    assert [r.levelno for r in said] == [logging.ERROR]


@pytest.mark.parametrize("gate", ["screening", "gold"])
@pytest.mark.parametrize("answer", NO_DECISIONS, ids=repr)
def test_neither_screening_nor_gold_is_failed_by_it(desk: Desk, gate: str, answer: Any) -> None:
    desk.launch(gate_data(desk, gate), hooks=deciding(f"validate_{gate}", [answer]))
    assert desk.worker("x").submit({"text": "a"}).is_success
    assert desk.grants("x") == {}


@pytest.mark.parametrize("answer", NO_DECISIONS, ids=repr)
def test_a_unit_that_nobody_could_decide_about_is_refused_to_nobody(desk: Desk, answer: Any) -> None:
    desk.launch(hooks=deciding("worker_can_do_unit", [answer]), blueprint={"num_assignments": 3})
    page = desk.worker("x")
    assert (page.reply.status_code, page.code) == (502, "task_error")
    assert TOLD in page.reply.json()["detail"]
    assert desk.refusals() == []


def test_the_next_unit_is_offered_when_one_could_not_be_decided(desk: Desk) -> None:
    desk.launch(hooks=deciding("worker_can_do_unit", ["?", True]), blueprint={"num_assignments": 3})
    assert desk.worker("x").document["init"] == {"n": 1}


class Door:
    """A gate that answers what it was given."""

    name = "door"

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers

    @hookimpl
    def register_gates(self) -> list[Any]:
        return [self]

    def check(self, run: Any, worker: Any) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("answer", [*NO_DECISIONS, True, False], ids=repr)
def test_a_gate_that_decides_nothing_refuses_nobody(desk: Desk, answer: Any) -> None:
    desk.launch(hooks=[Door([answer, None])])
    page = desk.worker("x")
    assert (page.reply.status_code, page.code) == (502, "task_error")
    assert desk.refusals() == []
    assert page.enter().reply.status_code == 201


@pytest.mark.parametrize("answer", ["no", 1])
def test_who_has_worked_is_paid_also_when_nobody_can_say_what_comes_next(desk: Desk, answer: Any) -> None:
    desk.launch({"units_per_session": 2}, hooks=[Door([None, answer])], blueprint={"num_assignments": 3})
    ended = desk.worker("x").submit({"text": "a"}).json()
    assert ended["completion"]["kind"] == "thanks"
    until(lambda: desk.run.counters.done == 1)


def test_the_operator_reads_of_a_page_that_broke(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.launch()
    page = desk.worker("x")
    for _ in range(3):
        assert page.call("POST", "/error", json={"message": "no\x1b[2Jform"}).status_code == 204
    told = [m for m in caplog.messages if "the page of agent 1 broke" in m]
    assert len(told) == 1
    assert "\x1b" not in told[0]
