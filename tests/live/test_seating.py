"""Who comes takes the first free seat of the oldest assignment that waits, and nobody does an item twice."""

from __future__ import annotations

from crowdcore.testing import until
from tests.live.conftest import Stage


def items(stage: Stage) -> list[tuple[int, int, str]]:
    """(item, seat, worker) of everybody who has a seat."""
    return [
        (row["ordinal"], row["seat"], row["name"])
        for row in stage.rows(
            "SELECT a.ordinal, u.seat, w.name FROM unit u JOIN assignment a ON a.id = u.assignment_id"
            " JOIN worker w ON w.id = u.worker_id ORDER BY a.ordinal, u.seat"
        )
    ]


def test_people_fill_the_oldest_assignment_that_waits_then_open_a_new_one(stage: Stage) -> None:
    stage.launch()
    people = [stage.person(name) for name in "abcde"]
    assert people[0].document["phase"] == "waiting"
    assert people[0].document["init"] is None
    for person in people[:4]:
        person.wait("status", status="in_task")
    people[4].wait("status", status="waiting")
    assert items(stage) == [(0, 0, "a"), (0, 1, "b"), (1, 0, "c"), (1, 1, "d"), (2, 0, "e")]


def test_the_page_is_told_its_name_its_partners_and_the_item(stage: Stage) -> None:
    stage.launch(pairing={"roles": ["Buyer", "Seller"]})
    one, two = stage.pair()
    frame = one.frames[-1]
    assert frame["you"] == "Buyer"
    people = [(p["name"], p["role"], p["present"], p["bot"]) for p in frame["people"]]
    assert people == [("Buyer", "Buyer", True, False), ("Seller", "Seller", True, False)]
    document = two.reload().document
    assert (document["phase"], document["live"], document["init"]) == ("work", True, {"n": 0})


def test_a_conversation_of_three_begins_with_the_third(stage: Stage) -> None:
    stage.launch(blueprint={"units_per_assignment": 3}, pairing={"roles": ["Judge"]})
    one, two = stage.person("one"), stage.person("two")
    waiting = two.wait("status", status="waiting")["waiting"]
    assert (waiting["seats"], waiting["present"]) == (3, 2)
    three = stage.person("three")
    names = [p["name"] for p in three.wait("status", status="in_task")["people"]]
    assert names == ["Judge", "Person 2", "Person 3"]
    one.wait("status", status="in_task", you="Judge")


def test_one_seat_begins_at_once(stage: Stage) -> None:
    stage.launch(blueprint={"units_per_assignment": 1})
    one = stage.person("one")
    one.wait("status", status="in_task")
    one.say({"do": "end"})
    assert one.submit({"text": "done"}).json()["status"] == "completed"
    assert stage.owed() == {"one": ["0.50"]}


def test_nobody_gets_an_item_twice_or_sits_with_themselves(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": 2}, task={"max_open_units_per_worker": 2})
    first, second = stage.person("x", assignment_id="1"), stage.person("x", assignment_id="2")
    first.wait("status", status="waiting")
    second.wait("status", status="waiting")
    assert items(stage) == [(0, 0, "x"), (1, 0, "x")]
    other = stage.person("y", assignment_id="1")
    other.wait("status", status="in_task")
    first.wait("status", status="in_task")
    first.say({"do": "end"})
    for person in (first, other):
        person.submit({"text": "a"})
    assert items(stage) == [(0, 0, "x"), (0, 1, "y"), (1, 0, "x")]
    stage.person("y", assignment_id="2").wait("status", status="in_task")
    assert items(stage) == [(0, 0, "x"), (0, 1, "y"), (1, 0, "x"), (1, 1, "y")]


def test_who_comes_when_all_seats_are_taken_is_told_so_before_they_wait(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": 1})
    stage.pair()
    late = stage.person("late", connected=False)
    assert (late.page.reply.status_code, late.page.code) == (409, "no_available_units")


def test_whose_seat_was_taken_before_they_connected_ends_with_a_friendly_page(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": 1})
    late = stage.person("late", connected=False)
    stage.pair()
    late.connect()
    frame = late.wait("status", status="ended")
    assert "no more" in frame["note"]
    assert late.closed() == 1000
    document = late.page.call("GET", "").json()
    assert document["phase"] == "done"
    assert document["completion"]["fields"]["outcome"] == "no_work_left"
    assert stage.agent(late)["visit"] == "timed_out"


def test_a_second_tab_takes_the_seat_over_and_the_first_is_told(stage: Stage) -> None:
    stage.launch()
    one = stage.person("one")
    one.wait("status", status="waiting")
    twin = stage.person("one")
    assert twin.agent == one.agent
    assert one.wait("error")["code"] == "taken_over"
    assert one.closed() == 4409
    two = stage.person("two")
    two.wait("status", status="in_task")
    twin.wait("status", status="in_task")
    assert items(stage) == [(0, 0, "one"), (0, 1, "two")]


def test_a_unit_launched_later_lets_people_begin_who_could_not_before(stage: Stage) -> None:
    stage.launch(blueprint={"num_assignments": 0, "launch_ahead": 2})
    one, two = stage.pair()
    three, four = stage.person("three"), stage.person("four")
    for person in (three, four):
        person.wait("status", status="in_task")
    assert until(lambda: len(items(stage)) == 4)
    assert [n for n, _, _ in items(stage)] == [0, 0, 1, 1]
    assert one.agent != two.agent
