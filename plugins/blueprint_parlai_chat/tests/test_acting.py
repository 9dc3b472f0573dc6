"""`act` and `observe` do for people what they do for ParlAI's agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.testing import LivePerson

Play = Callable[..., tuple["LivePerson", "LivePerson"]]


def test_what_one_says_is_what_the_other_observes_under_its_name_and_id(play: Play) -> None:
    one, two = play("act = a.act(timeout=60); b.observe(act); done()")
    id = one.say({"text": "Hello", "mood": "fine"})
    frame = two.wait("message")
    assert (frame["id"], frame["sender"]) == (id, "Person 1")
    assert frame["data"] == {"text": "Hello", "mood": "fine"}


def test_an_act_has_what_worlds_look_for(play: Play) -> None:
    one, two = play("act = a.act(timeout=60); say(b, sorted(act)); say(b, (act['id'], act['task_data'])); done()")
    one.say({"text": "Hello", "id": "somebody else", "episode_done": "yes"})
    fields = two.wait("message")["data"]["text"]
    assert fields == "['episode_done', 'id', 'message_id', 'task_data', 'text']"
    assert two.wait("message")["data"]["text"] == "('Person 1', {})"


def test_the_sender_gets_its_own_message_once_whether_or_not_the_world_shows_it(play: Play) -> None:
    one, _ = play("""
        first = a.act(timeout=60)
        second = a.act(timeout=60)
        a.observe(second)
        third = a.act(timeout=60)
        a.observe({"id": a.agent_id, "text": third["text"]})
        say(a, "over"); done()
    """)
    ids = [one.say({"text": text}) for text in ("first", "second", "third")]
    one.wait("message", data={"text": "over"})
    assert one.texts() == ["first", "second", "third", "over"]
    assert [frame["id"] for frame in one.frames if frame["type"] == "message"][:3] == ids


def test_act_without_a_timeout_gives_what_is_there_or_none_at_once(play: Play) -> None:
    one, two = play("""
        assert a.act() is None
        say(a, "now")
        while (act := a.act()) is None:
            pass
        b.observe(act)
        assert a.act() is None
        say(b, "nothing more"); done()
    """)
    one.wait("message", data={"text": "now"})
    one.say({"text": "here I am"})
    assert two.wait("message")["data"] == {"text": "here I am"}
    assert two.wait("message")["data"] == {"text": "nothing more"}


def test_nobodys_act_changes_after_it_was_observed(play: Play) -> None:
    _, two = play("""
        act = {"id": "World", "text": "one", "task_data": {"n": [1]}}
        b.observe(act)
        act["text"] = "two"; act["task_data"]["n"].append(2)
        b.observe(act); done()
    """)
    assert two.wait("message")["data"] == {"text": "one", "task_data": {"n": [1]}}
    assert two.wait("message")["data"] == {"text": "two", "task_data": {"n": [1, 2]}}


def test_a_field_of_an_act_is_only_overwritten_on_purpose(play: Play) -> None:
    one, two = play("""
        act = a.act(timeout=60)
        try:
            act["text"] = "other"
        except RuntimeError as error:
            say(b, error)
        act.force_set("text", "other")
        b.observe(act); done()
    """)
    one.say({"text": "mine"})
    assert "force_set" in two.wait("message")["data"]["text"]
    assert two.wait("message")["data"] == {"text": "other"}


def test_what_a_page_sends_in_odd_shapes_is_still_an_act(play: Play) -> None:
    one, two = play("""
        for _ in range(5):
            act = a.act(timeout=60)
            say(b, repr((act["text"], act["task_data"], act["episode_done"])))
        done()
    """)
    for data in ("plain", 7, None, [1], {"text": {"a": 1}, "task_data": "x", "episode_done": 1}):
        one.say(data)
    told = [two.wait("message")["data"]["text"] for _ in range(5)]
    assert told == [f"({text!r}, {{}}, False)" for text in ("plain", "7", "", "", "")]


def test_a_message_is_cut_at_the_limit_that_the_page_states(play: Play) -> None:
    one, two = play("b.observe(a.act(timeout=60)); done()", blueprint={"max_message_length": 5})
    assert one.page.enter().document["init"]["max_message_length"] == 5
    one.say({"text": "much too long"})
    assert two.wait("message")["data"]["text"] == "much "


def test_a_world_may_call_people_by_names_of_its_own(play: Play) -> None:
    one, two = play("""
        a.agent_id, b.agent_id = "Buyer", "Seller"
        act = a.act(timeout=60)
        assert act["id"] == a.id == "Buyer"
        b.observe(act)
        say(b, "over"); done()
    """)
    assert two.wait("context")["names"] == {"Person 1": "Buyer", "Person 2": "Seller"}
    one.say({"text": "Hello"})
    frame = two.wait("message")
    assert (frame["sender"], frame["data"]["agent_display_name"]) == ("Person 1", "Buyer")
    assert two.wait("message")["sender"] == "World"
    assert one.wait("message")["data"] == {"text": "Hello", "agent_display_name": "Buyer"}


def test_what_no_page_can_show_of_a_models_act_stays_on_the_server(play: Play) -> None:
    _, two = play("""
        act = {"id": "Model", "text": "Hello", "metrics": {"f1": 1}, "score": 0.5, "beam": [("a", 1)]}
        b.observe({**act, "vector": object()}); done()
    """)
    assert two.wait("message")["data"] == {"text": "Hello", "score": 0.5, "beam": [["a", 1]]}


def test_an_act_without_anything_to_show_is_not_sent(play: Play) -> None:
    _, two = play("""b.observe({"id": "World", "text": ""}); b.observe({}); say(b, "over"); done()""")
    assert two.wait("message")["data"]["text"] == "over"
    assert two.texts() == ["over"]


def test_a_world_shows_something_beside_the_conversation(play: Play) -> None:
    _, two = play("""
        b.observe({"id": "World", "task_data": {"context": "a map"}})
        b.observe({"id": "World", "text": "look", "task_data": {"context": {"html": "<b>map</b>"}, "n": 1}}); done()
    """)
    assert two.wait("context")["context"] == [{"name": "", "kind": "text", "value": "a map"}]
    assert two.wait("context")["context"] == [{"name": "", "kind": "html", "value": "<b>map</b>"}]
    assert two.wait("message")["data"] == {"text": "look", "task_data": {"n": 1}}
