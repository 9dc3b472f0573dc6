"""However many come at the same moment, each is in exactly one pair, and nobody is left over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from crowdcore import hookimpl
from crowdcore.testing import LivePerson
from crowdcore.types import Unit, Worker
from tests.live.conftest import Stage

PEOPLE = 40


class NotTheSame:
    """Even ones may do even items, odd ones odd items."""

    @hookimpl(nonblocking=True)
    def worker_can_do_unit(self, worker: Worker, unit: Unit) -> bool:
        """By the numbers of both."""
        return bool(int(worker.name[1:]) % 2 == unit.assignment.item["n"] % 2)


def all_come(stage: Stage) -> list[LivePerson]:
    """Everybody, at once."""
    with ThreadPoolExecutor(PEOPLE) as pool:
        people = list(pool.map(lambda n: stage.person(f"w{n}"), range(PEOPLE)))
    for person in people:
        person.wait("status", status="in_task")
    return people


def pairs(stage: Stage) -> list[list[str]]:
    """Who sits with whom."""
    together: dict[int, list[str]] = {}
    for row in stage.rows(
        "SELECT g.conversation_id, w.name FROM agent g JOIN worker w ON w.id = g.worker_id WHERE g.status = 'in_task'"
    ):
        together.setdefault(row["conversation_id"], []).append(row["name"])
    return list(together.values())


def test_all_are_paired(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": PEOPLE})
    all_come(stage)
    found = pairs(stage)
    assert sorted(name for pair in found for name in pair) == sorted(f"w{n}" for n in range(PEOPLE))
    assert {len(pair) for pair in found} == {2}


def test_those_who_fit_are_paired(stage: Stage) -> None:
    stage.launch([NotTheSame()], blueprint={"num_assignments": PEOPLE})
    all_come(stage)
    for one, two in pairs(stage):
        assert int(one[1:]) % 2 == int(two[1:]) % 2
