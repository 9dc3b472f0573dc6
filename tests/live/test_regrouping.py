"""People who may not work together where they sit are moved to where they may, at once."""

from __future__ import annotations

from crowdcore import Refusal, hookimpl
from crowdcore.testing import LivePerson, until
from crowdcore.types import Unit, Worker
from tests.live.conftest import Stage


def item_of(stage: Stage, person: LivePerson) -> int:
    """The item that somebody does with others."""
    person.wait("status", status="in_task")
    return int(person.reload().document["init"]["n"])


class OnlySome:
    """Which items each worker may do; others may do all."""

    def __init__(self, **allowed: set[int]) -> None:
        self.allowed = allowed
        self.asked: list[tuple[str, int, str]] = []

    @hookimpl(nonblocking=True)
    def worker_can_do_unit(self, worker: Worker, unit: Unit) -> Refusal | None:
        """As `allowed` says."""
        n = unit.assignment.item["n"]
        self.asked.append((worker.name, n, unit.role))
        fine = n in self.allowed.get(worker.name, {n})
        return None if fine else Refusal("not yours")


def test_two_who_sit_apart_meet_on_a_third_item(stage: Stage) -> None:
    stage.launch([OnlySome(a={0, 2}, b={1, 2})], blueprint={"num_assignments": 3})
    a = stage.person("a")
    a.wait("status", status="waiting")
    b = stage.person("b")
    assert (item_of(stage, a), item_of(stage, b)) == (2, 2)
    statuses = [row["status"] for row in stage.rows("SELECT status FROM unit ORDER BY id")]
    assert statuses == ["launched"] * 4 + ["assigned"] * 2


def test_incompatible_people_wait_apart_until_somebody_fits_one_of_them(stage: Stage) -> None:
    stage.launch([OnlySome(a={0}, b={1}, c={1})], blueprint={"num_assignments": 2})
    a, b = stage.person("a"), stage.person("b")
    for person in (a, b):
        person.wait("status", status="waiting")
    c = stage.person("c")
    assert (item_of(stage, b), item_of(stage, c)) == (1, 1)
    assert stage.agent(a)["status"] == "waiting"


def test_a_seat_that_is_given_up_lets_others_meet_there(stage: Stage) -> None:
    rule = OnlySome(a={0}, b={1}, c={1}, d={0})
    stage.launch([rule], blueprint={"num_assignments": 2, "units_per_assignment": 3})
    people = {name: stage.person(name) for name in "abcd"}
    for person in people.values():
        person.wait("status", status="waiting")
    stage.person("e").wait("status", status="in_task")
    met = {name for name, person in people.items() if stage.agent(person)["status"] == "in_task"}
    assert met in ({"a", "d"}, {"b", "c"})


def test_somebody_changes_seats_when_their_partner_can_only_have_theirs(stage: Stage) -> None:
    class Roles:
        @hookimpl(nonblocking=True)
        def worker_can_do_unit(self, worker: Worker, unit: Unit) -> bool:
            return worker.name == "any" or unit.role == "first"

    stage.launch([Roles()], pairing={"roles": ["first", "second"]})
    anybody = stage.person("any")
    assert anybody.wait("status", status="waiting", you="first")
    stage.person("choosy").wait("status", status="in_task", you="first")
    anybody.wait("status", status="in_task", you="second")


def test_the_longest_waiting_are_paired_first(stage: Stage) -> None:
    stage.launch([OnlySome(a={0}, b={1}, c={0, 1})], blueprint={"num_assignments": 2})
    first = stage.person("b")
    first.wait("status", status="waiting")
    stage.clock.advance(1)
    second = stage.person("a")
    second.wait("status", status="waiting")
    c = stage.person("c")
    assert (item_of(stage, first), item_of(stage, c)) == (1, 1)
    assert stage.agent(second)["status"] == "waiting"


def test_nobody_fitting_gets_the_plugins_refusal_before_they_wait(stage: Stage) -> None:
    stage.launch([OnlySome(x=set())], blueprint={"num_assignments": 3})
    x = stage.person("x", connected=False)
    assert (x.page.reply.status_code, x.page.code) == (403, "not_qualified")
    assert "not yours" in x.page.reply.text


def test_plugins_are_asked_once_for_each_seat_of_somebody_who_waits(stage: Stage) -> None:
    rule = OnlySome()
    stage.launch([rule])
    one = stage.person("one")
    one.wait("status", status="waiting")
    asked = len(rule.asked)
    one.close()
    assert until(lambda: stage.agent(one)["unit_id"] is None)
    one.connect()
    assert until(lambda: stage.agent(one)["unit_id"] is not None)
    assert len(rule.asked) == asked
