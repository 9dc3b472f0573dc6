"""Screening: a first unit that is checked, of which only so many are paid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.testing import until
from tests.work.gates.conftest import Desk


def screening(desk: Desk, **options: Any) -> dict[str, Any]:
    """Screening by two items whose right answer is yes."""
    lines = [f'{{"n": "s{n}", "answers": {{"text": "yes"}}}}\n' for n in range(2)]
    file = desk.file("screening.jsonl", "".join(lines))
    return {"screening": {"qualification": "screened", "data": file, **options}}


class Judge:
    """validate_screening that answers as told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    @hookimpl
    def validate_screening(self, agent: Any) -> bool | None:
        """The answer, or an error."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


def test_who_passes_gets_a_real_unit_next_and_is_not_asked_again(desk: Desk) -> None:
    desk.launch(screening(desk))
    page = desk.worker("x")
    assert (page.document["phase"], page.document["init"]) == ("work", {"n": "s0"})
    assert "yes" not in page.reply.text
    assert page.submit({"text": "yes"}).json()["completion"]["kind"] == "thanks"
    assert desk.grants("x") == {"screened": 1}
    assert page.enter().document["init"] == {"n": 0}
    assert desk.worker("y").document["init"] == {"n": "s1"}
    assert desk.worker("z").document["init"] == {"n": "s0"}, "the file begins again"
    until(lambda: desk.run.counters.special["completed"] == 1)
    assert desk.run.counters.done == 0
    assert desk.run.counters.owed == desk.run.counters.pay, "screening is paid"


def test_who_fails_gets_no_further_work(desk: Desk) -> None:
    desk.launch(screening(desk))
    page = desk.worker("x")
    assert page.submit({"text": "no"}).is_success
    assert page.enter().code == "not_qualified"
    desk.launch(screening(desk), task={"name": "another"})
    assert desk.worker("x").code == "not_qualified"
    assert desk.grants("x") == {"screened": 0}


def test_a_session_goes_on_with_units_after_the_first_was_right(desk: Desk) -> None:
    desk.launch({**screening(desk), "units_per_session": 3})
    page = desk.worker("x", assignment_id="1")
    assert page.submit({"text": "yes"}).json()["next"]["init"] == {"n": 0}
    assert page.submit({"text": "a"}).json()["next"]["init"] == {"n": 1}
    assert page.submit({"text": "a"}).json()["next"] is None
    page = desk.worker("y", assignment_id="1")
    assert page.submit({"text": "no"}).json()["completion"]["kind"] == "thanks", "it was work, and it is paid"


def test_only_so_many_are_paid_and_a_slot_comes_back_when_its_worker_leaves(desk: Desk) -> None:
    desk.launch(screening(desk, max_screening_units=2), task={"assignment_duration": "10m"})
    passed = desk.worker("a")
    passed.submit({"text": "yes"})
    held = desk.worker("b")
    assert desk.worker("c").code == "no_available_units", "the slot of b may come back"
    held.call("POST", "/return")
    held = desk.worker("c")
    assert held.document["init"]["n"].startswith("s")
    desk.clock.advance(601)
    until(lambda: desk.run.counters.special["expired"] == 2)
    desk.worker("d").submit({"text": "no"})
    assert desk.worker("e").code == "not_qualified"
    assert passed.enter().document["init"] == {"n": 0}, "who passed before works on"
    until(lambda: desk.run.counters.special["completed"] == 2)


def test_a_real_unit_may_be_the_check(desk: Desk) -> None:
    judge = Judge(True)
    desk.launch({"screening": {"qualification": "screened", "max_screening_units": 2}}, hooks=[judge])
    page = desk.worker("x")
    assert page.document["init"] == {"n": 0}
    page.submit({"text": "a"})
    assert page.enter().document["init"] == {"n": 1}
    judge.answer = False
    other = desk.worker("y")
    assert other.document["init"] == {"n": 2}
    other.submit({"text": "a"})
    assert other.enter().code == "not_qualified"
    assert desk.worker("z").code == "not_qualified", "two were paid"
    until(lambda: desk.run.counters.done == 2)


@pytest.mark.parametrize("said", [None, ValueError("boo")])
def test_without_a_judgement_the_worker_waits(desk: Desk, said: Any) -> None:
    judge = Judge(said)
    desk.launch({"screening": {"qualification": "screened"}}, hooks=[judge])
    page = desk.worker("x")
    page.submit({"text": "a"})
    assert page.enter().code == "not_qualified"
    assert "still being checked" in page.reply.json()["detail"]
    desk.grant("x", "screened")
    assert page.enter().reply.status_code == 201


def test_items_from_an_endless_generator(desk: Desk) -> None:
    @hookimpl
    def blueprint_gate_data(gate: str) -> Iterator[Any]:
        assert gate == "screening"
        return ({"n": f"s{n}", "answers": {"text": str(n)}} for n in itertools.count())

    gates = {"screening": {"qualification": "screened", "data": True}}
    desk.launch(gates, hooks=[blueprint_gate_data])
    pages = [desk.worker(f"w{n}") for n in range(5)]
    assert [p.document["init"]["n"] for p in pages] == ["s0", "s1", "s2", "s3", "s4"]
    for n, page in enumerate(pages):
        page.submit({"text": str(n)})
    assert [desk.grants(f"w{n}") for n in range(5)] == [{"screened": 1}] * 5


def test_two_tabs_share_one_screening(desk: Desk) -> None:
    desk.launch(screening(desk), task={"max_open_units_per_worker": 3})
    first = desk.worker("x", assignment_id="1")
    assert desk.worker("x", assignment_id="2").code == "too_many_open"
    first.submit({"text": "yes"})
    assert desk.worker("x", assignment_id="2").document["init"] == {"n": 0}


def test_all_gates_one_after_the_other(desk: Desk) -> None:
    onboarding = {"qualification": "quiz", "data": desk.file("o.json", {"n": "quiz"}), "answers": {"text": "yes"}}
    golds = [{"n": "gold", "answers": {"text": "right"}}]
    gates = {
        "qualifications": [{"name": "adult"}], "onboarding": onboarding, **screening(desk),
        "gold": {"qualification": "golds", "data": desk.file("g.json", golds)}, "units_per_session": 4,
    }  # fmt: skip
    desk.launch(gates)
    assert desk.worker("x", assignment_id="0").code == "not_qualified"
    desk.grant("x", "adult")
    page = desk.worker("x", assignment_id="1")
    met = []
    for answer in ("yes", "yes", "right", "a", "b"):
        met.append((page.document["phase"], page.document["init"]["n"]))
        last = page.submit({"text": answer}).json()
    assert met == [("onboarding", "quiz"), ("work", "s0"), ("work", "gold"), ("work", 0), ("work", 1)]
    assert last["completion"]["kind"] == "thanks"
    assert desk.grants("x") == {"adult": 1, "quiz": 1, "screened": 1, "golds": 1, "golds.correct": 1}
    until(lambda: desk.run.counters.done == 2)
    assigned = [e.data["gates"] for e in desk.events("unit_assigned")]
    before = ["qualifications", "caps", "onboarding"]
    assert assigned == [before, [*before, "screening"], *[[*before, "screening", "gold"]] * 2]
