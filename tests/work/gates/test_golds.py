"""Golds: when they come, who passes, what follows from wrong answers, and where they do not count."""

from __future__ import annotations

from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.testing import Browserless, until
from tests.work.gates.conftest import Desk

RIGHT, WRONG = "right", "wrong"


def gold(desk: Desk, count: int = 20, **options: Any) -> dict[str, Any]:
    """Gates with `count` golds, which the tests (but no worker) know by {"n": "gold-3"}."""
    file = desk.file("golds.json", [{"n": f"gold-{n}", "answers": {"text": RIGHT}} for n in range(count)])
    return {"gold": {"qualification": "golds", "data": file, **options}}


def is_gold(page: Browserless) -> bool:
    return str(page.document["init"]["n"]).startswith("gold")


def work(desk: Desk, name: str, pieces: int, golds: str = RIGHT) -> list[str]:
    """What the worker got, piece by piece: gold, unit, or the code of a refusal, which ends it."""
    got = []
    for _ in range(pieces):
        page = desk.worker(name)
        if not page.reply.is_success:
            return [*got, page.code]
        got.append("gold" if is_gold(page) else "unit")
        assert page.document["phase"] == "work"
        assert page.submit({"text": golds if is_gold(page) else "a"}).is_success
    return got


def test_enough_right_answers_come_before_the_first_unit(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=2))
    assert work(desk, "x", 4) == ["gold", "gold", "unit", "unit"]
    assert work(desk, "y", 3, golds=WRONG) == ["gold"] * 3, "no limit to wrong answers here"
    assert work(desk, "y", 3) == ["gold", "gold", "unit"]
    assert desk.grants("x") == {"golds": 1, "golds.correct": 2}
    assert desk.grants("y") == {"golds": 1, "golds.correct": 2, "golds.incorrect": 3}


def test_one_after_every_so_many_units(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=0, every=2))
    assert work(desk, "x", 7) == ["unit", "unit", "gold", "unit", "unit", "gold", "unit"]
    desk.launch(gold(desk, min_correct=1, every=3))
    assert work(desk, "y", 6) == ["gold", "unit", "unit", "unit", "gold", "unit"]


def test_a_share_of_the_pieces(desk: Desk) -> None:
    """Of 300 pieces at rate 0.3, 90 golds are expected; chance keeps within 57 and 123 but once in 50,000."""
    desk.launch(gold(desk, 200, min_correct=0, rate=0.3), blueprint={"num_assignments": 300})
    got = [work(desk, f"w{n}", 30) for n in range(10)]
    golds = sum(pieces.count("gold") for pieces in got)
    assert 57 <= golds <= 123
    assert len({tuple(pieces) for pieces in got}) > 5, "nobody can tell from another's"


def test_giving_back_or_reloading_does_not_change_what_comes(desk: Desk) -> None:
    desk.launch(gold(desk, 50, min_correct=0, rate=0.5))
    for n in range(5):
        page = desk.worker(f"w{n}")
        first = is_gold(page)
        for _ in range(3):
            page.call("POST", "/return")
            assert is_gold(page.enter()) == first


def test_nobody_gets_an_answered_gold_again(desk: Desk) -> None:
    desk.launch(gold(desk, 5, min_correct=0, every=1))
    seen = []
    for _ in range(14):
        page = desk.worker("x")
        seen += [page.document["init"]["n"]] if is_gold(page) else []
        if not page.reply.is_success:
            break
        page.submit({"text": RIGHT})
    assert sorted(seen) == [f"gold-{n}" for n in range(5)], "then work goes on without"
    desk.launch(gold(desk, 5, min_correct=1, every=1))
    assert work(desk, "x", 2) == ["unit", "unit"], "nor in another run"


def test_one_that_was_given_up_comes_back_last(desk: Desk) -> None:
    desk.launch(gold(desk, 3, min_correct=3))
    page = desk.worker("x")
    first = page.document["init"]["n"]
    page.call("POST", "/return")
    rest = []
    for _ in range(3):
        page = desk.worker("x")
        rest.append(page.document["init"]["n"])
        page.submit({"text": RIGHT})
    assert rest[-1] == first
    assert len(set(rest)) == 3
    assert work(desk, "x", 1) == ["unit"]


def test_wrong_answers_up_to_the_limit_cost_nothing_and_one_more_blocks(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=0, every=1, max_incorrect=2))
    assert work(desk, "x", 9, golds=WRONG) == ["unit", "gold", "unit", "gold", "unit", "gold", "not_qualified"]
    assert desk.grants("x") == {"golds": 0, "golds.incorrect": 3}
    desk.launch(gold(desk, min_correct=0, every=1, max_incorrect=2), task={"name": "another"})
    assert work(desk, "x", 1) == ["not_qualified"]
    assert work(desk, "y", 1) == ["unit"]
    assert desk.refusals() == [("gold", "not_qualified")]


def test_soft_reject_takes_back_what_came_since_the_last_pass(desk: Desk) -> None:
    reviewed: list[tuple[int, str, str]] = []

    @hookimpl
    def on_unit_reviewed(event: Any) -> None:
        reviewed.append((event.unit.id, event.status, event.worker.name))

    gates = gold(desk, min_correct=1, every=2, max_incorrect=0, on_fail="soft_reject")
    desk.launch(gates, hooks=[on_unit_reviewed])
    assert work(desk, "y", 2) == ["gold", "unit"]
    assert work(desk, "x", 6) == ["gold", "unit", "unit", "gold", "unit", "unit"]
    assert work(desk, "x", 2, golds=WRONG) == ["gold", "not_qualified"]
    rows = desk.read(
        lambda c: c.all(
            "SELECT g.id, u.id AS unit, u.status, w.name FROM agent g JOIN unit u ON u.id = g.unit_id"
            " JOIN worker w ON w.id = g.worker_id WHERE g.kind = 'unit' ORDER BY g.id"
        )
    )
    assert [(r["name"], r["status"]) for r in rows] == [
        ("y", "completed"), ("x", "completed"), ("x", "completed"), ("x", "soft_rejected"), ("x", "soft_rejected"),
    ]  # fmt: skip
    until(lambda: len(reviewed) == 2)
    assert reviewed == [(r["unit"], "soft_rejected", "x") for r in rows[3:]]
    events = [e.data for e in desk.events("unit_reviewed")]
    assert [e["moves"] for e in events] == [
        [["unit", e["unit"], "completed", "soft_rejected"], ["visit", e["visit"], "submitted", "approved"]]
        for e in events
    ]  # fmt: skip
    until(lambda: desk.run.counters.units["soft_rejected"] == 2)


def test_a_gold_given_up_gives_its_slot_back(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=1, max_gold_units=2))
    assert work(desk, "x", 1) == ["gold"]
    held = desk.worker("y")
    assert is_gold(held)
    assert desk.worker("z").code == "no_available_units", "a slot may come back"
    held.call("POST", "/return")
    assert work(desk, "z", 2) == ["gold", "unit"]
    assert work(desk, "y", 1) == ["not_qualified"]
    assert work(desk, "x", 1) == ["unit"]


def test_answers_reach_neither_page_nor_init_nor_draft(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=1))
    page = desk.worker("x")
    assert is_gold(page)
    texts = [page.reply.text, page.call("GET", "").text]
    page.call("PUT", "/draft", json={"text": "hm"})
    texts.append(page.call("GET", "").text)
    assert not any(word in text for text in texts for word in (RIGHT, "answers", '"kind"'))
    unit = desk.worker("y")
    assert set(unit.document) == set(page.document)
    state = desk.read(lambda c: c.value("SELECT MAX(state) FROM agent"))
    assert RIGHT not in (state or "")


def test_golds_are_nobody_else_s_and_do_not_count_as_units(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=1), task={"max_units_per_worker": 1}, blueprint={"num_assignments": 2})
    held = desk.worker("x")
    assert is_gold(held)
    until(lambda: desk.run.counters.special["assigned"] == 1)
    until(lambda: sum(desk.run.counters.units.values()) == 2)
    held.call("POST", "/return")
    until(lambda: desk.run.counters.special["expired"] == 1)
    assert work(desk, "x", 3) == ["gold", "unit", "too_many_units"]
    assert work(desk, "y", 3) == ["gold", "unit", "too_many_units"]
    until(lambda: desk.run.counters.done == 2)
    assert desk.run.counters.owed == 2, "two units and two golds are paid"
    assert until(lambda: desk.clock.advance(1) or desk.run.wait(0.05)) == "all units are done"


def test_golds_are_paid_within_the_budget(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=1), task={"budget": "3.00"}, blueprint={"num_assignments": 6})
    assert work(desk, "x", 2) == ["gold", "unit"]
    assert work(desk, "y", 2) == ["gold", "unit"]
    until(lambda: desk.run.counters.units["expired"] == 2)
    assert desk.run.counters.promised == 3


def test_a_session_counts_golds_as_pieces_and_ends_early_for_who_fails(desk: Desk) -> None:
    gates = {**gold(desk, min_correct=1, every=2, max_incorrect=0), "units_per_session": 5}
    desk.launch(gates)
    page, kinds = desk.worker("x", assignment_id="1"), []
    while True:
        kinds.append("gold" if is_gold(page) else "unit")
        answer = page.submit({"text": RIGHT}).json()
        if answer["next"] is None:
            break
    assert kinds == ["gold", "unit", "unit", "gold", "unit"]
    page = desk.worker("y", assignment_id="1")
    page.submit({"text": RIGHT})
    page.submit({"text": "a"})
    page.submit({"text": "a"})
    answer = page.submit({"text": WRONG}).json()
    assert answer["completion"]["kind"] == "thanks"
    assert answer["completion"]["fields"].get("outcome") is None, "what was done is kept and thanked for"


def test_a_hook_judges_and_one_that_raises_is_neither_right_nor_wrong(desk: Desk) -> None:
    said: list[Any] = [True]

    @hookimpl
    def validate_gold(agent: Any) -> bool:
        if isinstance(said[0], Exception):
            raise said[0]
        assert agent.unit.assignment.kind == "gold"
        return bool(said[0] and agent.unit.assignment.answers["text"] == RIGHT)

    desk.launch(gold(desk, min_correct=1, max_incorrect=0), hooks=[validate_gold])
    said[0] = ValueError("boo")
    assert work(desk, "x", 2) == ["gold", "gold"]
    assert desk.grants("x") == {}
    said[0] = True
    assert work(desk, "x", 2, golds=WRONG) == ["gold", "unit"]


def test_late_answers_of_golds_are_judged(desk: Desk) -> None:
    desk.launch(gold(desk, min_correct=1), task={"assignment_duration": "10m"})
    page = desk.worker("x")
    desk.clock.advance(601)
    until(lambda: desk.run.counters.agents["ended"] == 1)
    assert page.submit({"text": RIGHT}).is_success
    assert work(desk, "x", 1) == ["unit"]


@pytest.mark.parametrize(
    ("right", "given", "same"),
    [
        ("Yes", " yes ", True), ("4", 4, True), (4, "4.0", True), (4, "5", False), (["a", "b"], "b", True),
        (["a", "b"], ["b", "a"], True), (["a", "b"], ["a"], False), ({"x": True}, {"x": True, "y": False}, True),
        ({"x": True}, {"x": False}, False), (True, "true", False), (True, True, True), ("a", None, False),
    ],
)  # fmt: skip
def test_declared_answers_are_compared_as_people_mean_them(desk: Desk, right: Any, given: Any, same: bool) -> None:
    file = desk.file("golds.json", [{"n": 0, "answers": {"text": right}}])
    desk.launch({"gold": {"qualification": "golds", "data": file}})
    desk.worker("x").submit({"text": given})
    assert desk.grants("x").get("golds.correct", 0) == int(same)
