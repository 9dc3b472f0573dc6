"""Pay for having waited in vain stays within the budget, exactly; where there is no money it is said."""

from __future__ import annotations

import logging

import pytest

from crowdcore.store.queries import budgets
from crowdcore.testing import until
from tests.live.conftest import Stage

TIMEOUT = 60.0


def wait_in_vain(stage: Stage, name: str) -> str:
    """Somebody comes, nobody else does, they are released; what they read."""
    person = stage.person(name)
    person.wait("status", status="waiting")
    until(lambda: stage.agent(person)["conversation_id"] is not None)
    stage.clock.advance(TIMEOUT + 1)
    return str(person.wait("status", status="ended")["note"])


def left(stage: Stage, budget: str) -> int:
    """Millionths that the budget still has room for."""
    return stage.database.read(lambda c: budgets.micros_left(c, 1, type(budgets.MICROS)(budget), hold=False))


def launch(stage: Stage, budget: str, pay: str) -> None:
    """Two conversations of two seats, 0.50 each."""
    stage.launch(
        task={"budget": budget}, blueprint={"num_assignments": 2},
        pairing={"timeout": TIMEOUT, "on_timeout": "release", "waiting_pay": pay},
    )  # fmt: skip
    until(lambda: len(stage.rows("SELECT id FROM unit")) == 4)


def test_with_room_everybody_is_paid(stage: Stage) -> None:
    launch(stage, "2.10", "0.05")
    for name in ("one", "two"):
        assert "paid" in wait_in_vain(stage, name)
    assert stage.owed() == {"one": ["0.05"], "two": ["0.05"]}
    assert left(stage, "2.10") == 0


def test_without_room_the_seats_that_nobody_came_for_give_way(stage: Stage) -> None:
    launch(stage, "2.00", "0.30")
    for name in ("one", "two", "three"):
        assert "paid" in wait_in_vain(stage, name)
    assert stage.owed() == {"one": ["0.30"], "two": ["0.30"], "three": ["0.30"]}
    assert [row["status"] for row in stage.rows("SELECT status FROM unit ORDER BY id")] == ["expired"] * 2 + [
        "launched"
    ] * 2
    assert left(stage, "2.00") == 100_000


def test_what_the_budget_has_no_room_for_is_not_owed_and_said(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    launch(stage, "2.00", "2.50")
    assert "paid" not in wait_in_vain(stage, "one")
    assert stage.owed() == {}
    assert left(stage, "2.00") >= 0
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert any("1 who waited in vain are not paid 2.50 USD" in line and "task.budget" in line for line in said)
