"""What is said arrives: stored before it is acknowledged, once, in order, after a lost connection too."""

from __future__ import annotations

import json
import threading
from typing import Any

from crowdcore.testing import LivePerson, until
from crowdcore.testing.patience import PATIENCE
from tests.live.conftest import Stage


def numbered(person: LivePerson) -> list[tuple[int, Any]]:
    """(seq, data) of every frame of the inbox, in the order in which they came."""
    return [(frame["seq"], frame.get("data")) for frame in person.frames if "seq" in frame]


def test_everybody_gets_everything_in_the_order_of_its_sender(stage: Stage) -> None:
    stage.launch(blueprint={"units_per_assignment": 3})
    people = [stage.person(name) for name in ("one", "two", "three")]
    for person in people:
        person.wait("status", status="in_task")

    def talk(person: LivePerson) -> None:
        for n in range(20):
            person.say([person.name, n])

    threads = [threading.Thread(target=talk, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in people:
        until(lambda p=person: len(numbered(p)) == 60)
        assert [seq for seq, _ in numbered(person)] == list(range(1, 61))
        for name in ("one", "two", "three"):
            assert [n for _, (who, n) in numbered(person) if who == name] == list(range(20))
    assert numbered(people[0]) == numbered(people[1]) == numbered(people[2])


def test_a_message_is_stored_before_it_is_acknowledged_and_a_frame_before_it_is_sent(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    for n in range(30):
        id = one.say(n)
        one.wait("ack", id=id)
        kept = stage.rows("SELECT data FROM journal WHERE key = :key", key=f"{one.agent}:{id}")
        assert json.loads(kept[0]["data"]) == {"data": n}
        seq = two.wait("message", id=id)["seq"]
        [row] = stage.rows("SELECT frame FROM inbox WHERE agent_id = :a AND seq = :s", a=two.agent, s=seq)
        assert json.loads(row["frame"])["data"] == n


def test_a_repeat_is_acknowledged_and_counts_once(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say("hello", id="a")
    one.wait("ack", id="a")
    one.say("hello again", id="a")
    one.wait("ack", id="a")
    one.cut()
    one.connect()
    one.say("and again", id="a")
    one.wait("ack", id="a")
    two.say("mine", id="a")  # an id is its sender's own
    one.wait("message", data="mine")
    two.wait("message", data="mine")
    assert two.texts() == one.texts() == ["hello", "mine"]


def test_a_repeat_that_overtakes_the_answer_counts_once(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    for id in ("a", "b", "c"):
        for _ in range(5):
            one.say(id, id=id)
    until(lambda: len([f for f in one.frames if f["type"] == "ack"]) == 15)
    one.say("end")
    two.wait("message", data="end")
    assert two.texts() == ["a", "b", "c", "end"]


def test_who_comes_back_gets_what_came_meanwhile_and_nothing_twice(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say("before")
    two.wait("message")
    two.cut()
    one.wait("presence", present=False)
    for n in range(10):
        one.say(n)
    one.wait("message", data=9)
    two.connect()
    two.wait("message", data=9)
    one.say("after")
    two.wait("message", data="after")
    assert numbered(two) == [(n + 1, data) for n, data in enumerate(["before", *range(10), "after"])]


def test_a_page_that_is_opened_anew_gets_the_whole_conversation(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say({"do": "form", "form": {"questions": [{"name": "q"}]}, "to": 1})
    one.say({"do": "context", "context": {"html": "<p>x"}})
    one.say({"do": "turn", "seat": 1})
    for n in range(50):
        one.say(n)
    one.wait("message", data=49)
    again = stage.again(two)
    again.wait("message", data=49)
    assert two.closed() == 4409
    assert [f["seq"] for f in again.frames if "seq" in f] == list(range(1, 54))
    kinds = {f["type"]: f for f in again.frames if "seq" in f}
    assert kinds["form"] == {"type": "form", "seq": 1, "questions": [{"name": "q"}]}
    assert kinds["context"] == {"type": "context", "seq": 2, "html": "<p>x"}
    assert kinds["turn"] == {"type": "turn", "seq": 3, "who": "Person 2"}
    assert [f["type"] for f in one.frames if "seq" in f][:2] == ["context", "turn"]  # the form was not for this one


def test_messages_while_the_inbox_is_read_come_in_order(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say({"do": "flood", "times": 1500, "size": 100})
    one.wait("message", data={"n": 1499, "text": "x" * 100})
    going = threading.Event()

    def talk() -> None:
        for n in range(40):
            one.say(["more", n])
            one.wait("ack")
            if n == 3:
                going.set()

    talking = threading.Thread(target=talk)
    talking.start()
    going.wait(PATIENCE)
    again = stage.again(two)
    talking.join()
    again.wait("message", data=["more", 39])
    assert [seq for seq, _ in numbered(again)] == list(range(1, 1541))


def test_a_frame_for_one_seat_reaches_that_seat_only(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say({"to": 1, "text": "a secret"})
    two.wait("message")
    one.say("for all")
    for person in (one, two):
        person.wait("message", data="for all")
    assert (one.texts(), two.texts()) == (["for all"], ["a secret", "for all"])
    assert [seq for seq, _ in numbered(one)] == [1]


def test_the_second_tab_takes_over_and_the_first_is_told(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    tab = stage.again(one)
    assert one.wait("error")["code"] == "taken_over"
    assert one.closed() == 4409
    two.say("hello")
    assert tab.wait("message")["data"] == "hello"
    tab.say("here")
    two.wait("message", data="here")
    assert [f for f in two.frames if f["type"] == "presence" and not f["present"]] == []


def test_who_types_is_shown_to_the_others_and_kept_nowhere(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.send({"type": "typing"})
    assert two.wait("typing") == {"type": "typing", "name": "Person 1"}
    assert stage.rows("SELECT 1 FROM inbox") == []
    one.send({"type": "ping"})
    one.wait("pong")
    assert "typing" not in [frame["type"] for frame in one.frames]


def test_names_are_roles_where_there_are_roles(stage: Stage) -> None:
    stage.launch(pairing={"roles": ["Teacher", "Pupil"]})
    one, two = stage.pair()
    one.say("a question")
    assert two.wait("message")["sender"] == "Teacher"
    two.say("an answer")
    assert one.wait("message", data="an answer")["sender"] == "Pupil"


def test_what_is_said_after_the_end_is_refused(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say({"do": "end"})
    one.wait("status", status="completed")
    id = two.say("too late")
    assert two.wait("error")["id"] == id
    assert [f["code"] for f in two.frames if f["type"] == "error"] == ["not_live"]
    assert stage.rows("SELECT 1 FROM journal WHERE key = :key", key=f"{two.agent}:{id}") == []
