"""Onboarding: passed once, kept out after failing, nothing left behind by those who leave."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.testing import Browserless, until
from tests.work.gates.conftest import Desk


def gates(desk: Desk, **options: Any) -> dict[str, Any]:
    """An onboarding whose right answer is yes."""
    file = desk.file("onboarding.json", {"n": "quiz", "answers": {"text": "yes"}})
    return {"onboarding": {"qualification": "quiz", "data": file, **options}}


def test_passing_grants_and_the_answer_leads_to_the_first_unit(desk: Desk) -> None:
    desk.launch(gates(desk))
    page = desk.worker("x", assignment_id="1")
    assert (page.document["phase"], page.document["init"]) == ("onboarding", {"n": "quiz"})
    assert "yes" not in page.reply.text
    answer = page.submit({"text": " Yes "}).json()
    assert (answer["next"]["phase"], answer["next"]["init"], answer["completion"]) == ("work", {"n": 0}, None)
    assert desk.grants("x") == {"quiz": 1}
    assert page.submit({"text": "a"}).json()["completion"]["kind"] == "thanks"
    until(lambda: desk.run.counters.done == 1)
    assert desk.run.counters.submissions == 1, "onboarding is no unit"
    submitted = desk.events("onboarding_submitted")
    assert [(e.data["passed"], e.data["granted"]) for e in submitted] == [(True, {"quiz": 1})]


def test_it_is_done_once_for_every_run_and_task_of_that_name(desk: Desk) -> None:
    desk.launch(gates(desk))
    page = desk.worker("x")
    page.submit({"text": "yes"})
    page.submit({"text": "a"})
    assert page.enter().document["phase"] == "work"
    desk.launch(gates(desk), task={"name": "another"})
    assert desk.worker("x").document["phase"] == "work"
    desk.launch({"onboarding": {**gates(desk)["onboarding"], "qualification": "harder"}})
    assert desk.worker("x").document["phase"] == "onboarding"


def test_failing_denies_also_later_and_elsewhere(desk: Desk) -> None:
    desk.launch(gates(desk), task={"patience": 0})
    page = desk.worker("x", assignment_id="1")
    answer = page.submit({"text": "no"}).json()
    assert answer["next"] is None
    assert answer["completion"]["fields"]["outcome"] == "not_qualified"
    assert page.submit({"text": "yes"}).json() == answer, "the first answer counts"
    assert page.enter().document["phase"] == "done"
    assert page.document["completion"] == answer["completion"]
    desk.clock.advance(86_400)
    assert desk.worker("x", assignment_id="2").code == "not_qualified"
    desk.launch(gates(desk), task={"name": "another"})
    assert desk.worker("x").code == "not_qualified"
    assert desk.grants("x") == {"quiz": 0, "quiz.failed": 1}


def test_attempts_with_feedback_between_them(desk: Desk) -> None:
    desk.launch(gates(desk, attempts=3, feedback="Read page 2 again."))
    page = desk.worker("x")
    for left in (2, 1):
        answer = page.submit({"text": "no"}).json()
        assert answer["feedback"] == "Read page 2 again."
        assert answer["next"]["phase"] == "onboarding"
        assert answer["next"]["notice"].startswith(f"Read page 2 again. You have {left} more tr")
    assert page.enter().document["notice"].endswith("1 more try."), "also after a reload"
    assert page.submit({"text": "yes"}).json()["next"]["phase"] == "work"
    assert desk.grants("x")["quiz"] == 1
    other = desk.worker("y")
    for _ in range(3):
        reply = other.submit({"text": "no"})
    assert reply.json()["completion"]["fields"]["outcome"] == "not_qualified"
    assert desk.grants("y") == {"quiz": 0, "quiz.failed": 3}


def test_attempts_are_counted_over_days_and_runs(desk: Desk) -> None:
    desk.launch(gates(desk, attempts=2), task={"patience": 0})
    desk.worker("x").submit({"text": "no"})
    desk.clock.advance(86_400)
    desk.launch(gates(desk, attempts=2), task={"patience": 0})
    desk.worker("x").submit({"text": "no"})
    assert desk.worker("x").code == "not_qualified"


@pytest.mark.parametrize("leave", ["return", "time_out"])
def test_leaving_in_the_middle_leaves_nothing_behind(desk: Desk, leave: str) -> None:
    desk.launch(gates(desk), task={"assignment_duration": "10m"})
    page = desk.worker("x")
    page.call("PUT", "/draft", json={"text": "hm"})
    if leave == "return":
        page.call("POST", "/return")
    else:
        desk.clock.advance(601)
    until(lambda: desk.run.counters.agents["ended"] == 1)
    assert desk.grants("x") == {}
    if leave == "time_out":
        assert page.submit({"text": "yes"}).json()["code"] == "expired"
        assert desk.grants("x") == {}
    page = desk.worker("x")
    assert (page.document["phase"], page.document["draft"]) == ("onboarding", None)
    until(lambda: desk.run.counters.units["launched"] == 10)


def test_two_tabs_share_one_onboarding(desk: Desk) -> None:
    desk.launch(gates(desk), task={"max_open_units_per_worker": 3})
    first = desk.worker("x", assignment_id="1")
    assert desk.worker("x", assignment_id="1").document["agent"] == first.document["agent"]
    assert desk.worker("x", assignment_id="2").code == "too_many_open"
    first.submit({"text": "yes"})
    assert desk.worker("x", assignment_id="2").document["phase"] == "work"


class Judge:
    """validate_onboarding that answers as told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    @hookimpl
    def validate_onboarding(self, agent: Any) -> bool | None:
        """The answer, or an error."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


@pytest.mark.parametrize(("says", "phase"), [(True, "work"), (False, None), (None, "work")])
def test_a_hook_s_word_comes_before_declared_answers(desk: Desk, says: bool | None, phase: str | None) -> None:
    desk.launch(gates(desk), hooks=[Judge(says)])
    page = desk.worker("x")
    answer = page.submit({"text": "no" if says else "yes"}).json()
    assert (answer["next"] or {}).get("phase") == phase


def test_a_judge_that_raises_lets_nobody_through_and_denies_nobody(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    judge = Judge(ValueError("boo"))
    desk.launch(gates(desk), hooks=[judge])
    page = desk.worker("x", assignment_id="1")
    answer = page.submit({"text": "yes"}).json()
    assert answer["completion"]["fields"]["outcome"] == "not_acceptable_now"
    assert "boo" not in str(answer)
    assert "worker x" in caplog.text
    assert "validate_onboarding" in caplog.text
    assert desk.grants("x") == {}
    judge.answer = True
    page.enter()
    assert page.document["phase"] == "onboarding"
    assert page.submit({"text": "yes"}).json()["next"]["phase"] == "work"


def test_nobody_is_onboarded_when_there_is_no_work(desk: Desk) -> None:
    desk.launch(gates(desk), blueprint={"num_assignments": 1})
    desk.grant("x", "quiz")
    holder = desk.worker("x")
    assert desk.worker("y").code == "no_available_units"
    holder.call("POST", "/return")
    until(lambda: desk.run.counters.units["launched"] == 1)
    late = desk.worker("y", assignment_id="1")
    assert late.document["phase"] == "onboarding"
    holder.enter()
    answer = late.submit({"text": "yes"}).json()
    assert answer["completion"]["fields"]["outcome"] == "no_available_units"
    assert desk.grants("y") == {"quiz": 1}
    holder.call("POST", "/return")
    assert late.enter().document["phase"] == "work", "the visit is still open"


def test_validators_of_the_blueprint_hold_in_onboarding_too(desk: Desk) -> None:
    @hookimpl
    def blueprint_validate(data: Any) -> dict[str, list[str]] | None:
        return None if data.get("text") else {"text": ["This field is required."]}

    desk.launch(gates(desk), hooks=[blueprint_validate])
    page = desk.worker("x")
    assert page.submit({}).status_code == 422
    assert page.submit({"text": "yes"}).json()["next"]["phase"] == "work"


def test_a_platform_gets_its_own_end_for_those_who_failed(desk: Desk) -> None:
    from crowdcore import Completion

    @hookimpl
    def provider_complete(agent: Any, inner: Any) -> Completion:
        if agent.kind == "onboarding" and agent.passed is False:
            return Completion("redirect", "https://platform.example/screened-out")
        return inner()  # type: ignore[no-any-return]

    desk.launch(gates(desk), hooks=[provider_complete])
    page = Browserless(desk.run.url, worker_id="x").enter()
    assert page.submit({"text": "no"}).json()["completion"]["url"] == "https://platform.example/screened-out"
    visits = desk.read(lambda c: [r["status"] for r in c.all("SELECT status FROM visit")])
    assert visits == ["screened_out"]


def test_another_tab_follows_to_the_piece_that_came_next(desk: Desk) -> None:
    desk.launch(gates(desk))
    first = desk.worker("x", assignment_id="1")
    second = desk.worker("x", assignment_id="1")
    unit = first.submit({"text": "yes"}).json()["next"]
    reloaded = second.call("GET", "").json()
    assert (reloaded["agent"], reloaded["phase"]) == (unit["agent"], "work")
    second.document = reloaded
    assert second.submit({"text": "a"}).is_success
