"""The whole pipeline, step by step: who passes, who is refused with which words, what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from crowdcore import Refusal, hookimpl
from crowdcore.testing import Browserless, until
from tests.work.gates.conftest import Desk


@dataclass(frozen=True)
class Case:
    """One gate: its options, the grants that workers have, who passes and how the others are refused."""

    name: str
    gates: dict[str, Any]
    passes: list[dict[str, int]]
    fails: list[dict[str, int]]
    code: str = "not_qualified"
    task: dict[str, Any] = field(default_factory=dict)


def asks(comparator: str, value: Any = None) -> dict[str, Any]:
    """A condition on the qualification `q`."""
    return {"qualifications": [{"name": "q", "comparator": comparator, "value": value}]}


CASES = [
    Case("block_qualification", {"block_qualification": "bad"}, [{}, {"good": 1}], [{"bad": 1}, {"bad": 0}]),
    Case("qualifications", asks("exists"), [{"q": 0}, {"q": 5}], [{}, {"p": 1}]),
    Case("qualifications", asks("does_not_exist"), [{}, {"p": 1}], [{"q": 0}]),
    Case("qualifications", asks("==", 2), [{"q": 2}], [{}, {"q": 3}]),
    Case("qualifications", asks("!=", 2), [{}, {"q": 3}], [{"q": 2}]),
    Case("qualifications", asks("<", 2), [{"q": 1}, {"q": -7}], [{}, {"q": 2}]),
    Case("qualifications", asks("<=", 2), [{"q": 2}], [{}, {"q": 3}]),
    Case("qualifications", asks(">", 2), [{"q": 3}], [{}, {"q": 2}]),
    Case("qualifications", asks(">=", 2), [{"q": 2}], [{}, {"q": 1}]),
    Case("qualifications", asks("in", [1, 3]), [{"q": 1}, {"q": 3}], [{}, {"q": 2}]),
    Case("qualifications", asks("not_in", [1, 3]), [{}, {"q": 2}], [{"q": 1}, {"q": 3}]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.name}-{c.gates}")
def test_grants_decide(desk: Desk, case: Case) -> None:
    desk.launch(case.gates)
    for number, grants in enumerate(case.passes):
        for name, value in grants.items():
            desk.grant(f"p{number}", name, value)
        assert desk.worker(f"p{number}").reply.status_code == 201
    for number, grants in enumerate(case.fails):
        for name, value in grants.items():
            desk.grant(f"f{number}", name, value)
        page = desk.worker(f"f{number}")
        assert (page.reply.status_code, page.code) == (403, case.code)
        assert "q" not in page.reply.json()["detail"].split(), "what was asked for is not told"
    assert desk.refusals() == [(case.name, case.code)] * len(case.fails)


def test_a_grant_lets_in_and_its_revocation_keeps_out_at_once(desk: Desk) -> None:
    from crowdcore.store.queries import qualifications, workers

    desk.launch(asks("exists"))
    page = desk.worker("x")
    assert page.code == "not_qualified"
    desk.grant("x", "q")
    page.enter()
    assert page.submit({"text": "a"}).is_success

    def revoke(conn: Any) -> None:
        found = workers.find(conn, "inhouse", "x")
        assert found is not None
        qualifications.revoke(conn, found[0].id, "q")

    desk.write(revoke)
    assert page.enter().code == "not_qualified"


@pytest.mark.parametrize(("provider", "status"), [("inhouse", 403), ("mock", 201)])
def test_a_condition_for_some_providers_is_not_asked_elsewhere(desk: Desk, provider: str, status: int) -> None:
    gates = {"qualifications": [{"name": "q", "comparator": "exists", "providers": ["inhouse"]}]}
    desk.launch(gates, provider={"type": provider})
    assert desk.worker("x").reply.status_code == status


def test_grants_belong_to_a_worker_of_one_provider(desk: Desk) -> None:
    desk.launch(asks("exists"), provider={"type": "mock"})
    desk.grant("x", "q", provider="inhouse")
    assert desk.worker("x").code == "not_qualified"
    desk.grant("x", "q", provider="mock")
    assert desk.worker("x").reply.status_code == 201


def test_lists_by_file_and_in_place(desk: Desk) -> None:
    desk.launch({"allow_list": desk.file("allow.txt", "\ufeffann\n\n  bob \n"), "block_list": ["eve"]})
    assert desk.worker("ann").reply.status_code == desk.worker("bob").reply.status_code == 201
    assert desk.worker("cid").code == desk.worker("eve").code == "not_qualified"
    desk.launch({"block_list": desk.file("block.txt", "eve\n")})
    assert desk.worker("ann").reply.status_code == 201
    assert desk.worker("eve").code == "not_qualified"
    assert desk.refusals() == [("block_list", "not_qualified")]


def done(desk: Desk, name: str) -> str:
    """One unit from beginning to end; the code of the refusal, or nothing."""
    page = desk.worker(name)
    if page.reply.is_success:
        assert page.submit({"text": "a"}).is_success
    return page.code


def test_caps_by_run_by_day_and_over_all_runs(desk: Desk) -> None:
    gates = {"max_units_per_worker_per_run": 3, "max_units_per_worker_per_day": 2}
    task = {"max_units_per_worker": 4, "patience": 0}
    desk.launch(gates, task=task)
    assert [done(desk, "x") for _ in range(3)] == ["", "", "too_many_units"]
    desk.clock.advance(23 * 3600)
    assert done(desk, "x") == "too_many_units"
    desk.clock.advance(2 * 3600)
    assert [done(desk, "x") for _ in range(2)] == ["", "too_many_units"], "three in this run"
    desk.launch(gates, task=task)
    assert [done(desk, "x") for _ in range(2)] == ["", "too_many_units"], "four in all"
    assert done(desk, "y") == ""
    assert set(desk.refusals()) == {("caps", "too_many_units")}


class Hours:
    """A step of an extension: closed until told."""

    name = "hours"

    def __init__(self) -> None:
        self.answer: Any = Refusal("We are closed.")

    def check(self, run: Any, worker: Any) -> Any:
        """The answer, or an error."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    @hookimpl
    def register_gates(self) -> list[Any]:
        """This very step."""
        return [self]


def test_an_extension_s_step_refuses_with_its_own_words(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    hours = Hours()
    desk.launch(hooks=[hours])
    page = desk.worker("x")
    assert (page.code, page.reply.json()["detail"]) == ("not_qualified", "We are closed.")
    hours.answer = ValueError("no calendar")
    assert desk.worker("y").code == "task_error"
    assert "hours" in caplog.text
    assert "no calendar" in caplog.text
    assert "worker y" in caplog.text
    hours.answer = "yes"
    assert desk.worker("z").code == "task_error"
    hours.answer = None
    assert page.enter().reply.status_code == 201
    assert [gate for gate, _ in desk.refusals()] == ["hours"], "an error is kept against nobody"


def test_earlier_steps_speak_first(desk: Desk) -> None:
    """Blocked before qualifications, lists before caps, steps of extensions before onboarding."""
    from crowdcore.store.queries import workers

    hours = Hours()
    desk.launch(
        {
            "block_qualification": "bad", "qualifications": [{"name": "q"}], "allow_list": ["x"],
            "max_units_per_worker_per_run": 1, "onboarding": {"qualification": "onb", "answers": {"text": "yes"},
                                                              "data": desk.file("onb.json", {"n": "quiz"})},
        }, hooks=[hours],
    )  # fmt: skip

    def block(reason: str | None) -> None:
        def txn(conn: Any) -> None:
            workers.ensure(conn, "inhouse", "x", simulated=False, now=0)
            conn.execute("UPDATE worker SET blocked = :reason WHERE name = 'x'", reason=reason)

        desk.write(txn)

    block("spam")
    desk.grant("x", "bad")
    assert desk.worker("x").code == "blocked"
    block(None)
    assert desk.worker("x").code == "not_qualified"
    desk.write(lambda c: c.execute("DELETE FROM granted"))
    assert desk.worker("x").code == "not_qualified"
    desk.grant("x", "q")
    assert desk.worker("x").reply.json()["detail"] == "We are closed."
    hours.answer = None
    assert desk.worker("x").document["phase"] == "onboarding"
    gates = [gate for gate, _ in desk.refusals()]
    assert gates == ["blocked", "block_qualification", "qualifications", "hours"]


def test_the_event_of_a_unit_names_the_gates_that_were_passed(desk: Desk) -> None:
    desk.launch({"block_list": ["eve"], "qualifications": [{"name": "q", "comparator": "does_not_exist"}]})
    desk.worker("x")
    assert [e.data["gates"] for e in desk.events("unit_assigned")] == [["qualifications", "block_list", "caps"]]


def test_a_page_that_is_loaded_again_and_again_is_one_refusal_a_minute(desk: Desk) -> None:
    desk.launch({"block_list": ["eve"]})
    page = desk.worker("eve")
    for _ in range(5):
        page.enter()
    assert len(desk.refusals()) == 1
    desk.clock.advance(61)
    page.enter()
    assert len(desk.refusals()) == 2


def test_two_tabs_of_one_visit_share_their_work_with_gates_on(desk: Desk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    desk.launch({"qualifications": [{"name": "q", "comparator": "does_not_exist"}]})
    pages = [Browserless(desk.run.url, worker_id="x", assignment_id="1") for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(Browserless.enter, pages))
    assert {p.document["agent"] for p in pages} == {pages[0].document["agent"]}
    until(lambda: desk.run.counters.units["assigned"] == 1)
