"""A world asks for structured answers within the conversation, as ParlAI's worlds do or as crowdcore's forms are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.testing import LivePerson

Play = Callable[..., tuple["LivePerson", "LivePerson"]]

ASK = """
    form = [
        {"type": "choices", "question": "Did you like it?", "choices": ["yes", "no"]},
        {"type": "text", "question": "Why?"},
        {"name": "stars", "label": "How many stars?", "type": "rating", "max": 3},
    ]
    say(a, "Please answer.", task_data={"respond_with_form": form})
    act = a.act(timeout=60)
    say(b, act["task_data"].get("form_responses")); b.observe(act); done()
"""


def test_the_page_gets_questions_as_those_of_every_other_form(play: Play) -> None:
    one, _ = play(ASK)
    form = one.wait("form")
    assert (form["text"], form["sender"]) == ("Please answer.", "World")
    assert form["questions"] == [
        {"name": "q1", "label": "Did you like it?", "type": "choice", "options": ["yes", "no"], "required": True},
        {"name": "q2", "label": "Why?", "type": "text", "required": True},
        {"name": "stars", "label": "How many stars?", "type": "rating", "min": 1, "max": 3, "required": False},
    ]
    assert one.texts() == []


def test_answers_come_as_form_responses_and_in_words(play: Play) -> None:
    one, two = play(ASK)
    one.say({"form": one.wait("form")["id"], "answers": {"q1": "no", "q2": "Too short.", "stars": 2}})
    responses = [
        {"question": "Did you like it?", "response": "no"},
        {"question": "Why?", "response": "Too short."},
        {"question": "How many stars?", "response": 2},
    ]
    assert two.wait("message")["data"]["text"] == str(responses)
    told = {
        "text": "Did you like it?: no\nWhy?: Too short.\nHow many stars?: 2",
        "task_data": {"form_responses": responses},
    }
    assert two.wait("message")["data"] == one.wait("message")["data"] == told


def test_what_the_form_does_not_offer_counts_as_no_answer(play: Play) -> None:
    one, two = play(ASK)
    one.say({"form": one.wait("form")["id"], "answers": {"q1": "perhaps", "q2": {"x": 1}, "stars": 9, "other": 1}})
    told = two.wait("message")["data"]["text"]
    assert told == str([
        {"question": "Did you like it?", "response": None},
        {"question": "Why?", "response": None},
        {"question": "How many stars?", "response": None},
    ])  # fmt: skip


def test_somebody_may_say_something_instead(play: Play) -> None:
    one, two = play(ASK)
    one.say({"form": "no form of this conversation", "answers": {}, "text": "What is that?"})
    assert two.wait("message")["data"]["text"] == "None"
    assert two.wait("message")["data"]["text"] == "What is that?"


def test_a_form_that_is_none_names_the_line_of_the_world(play: Play, caplog: object) -> None:
    one, _ = play('say(a, "x", task_data={"respond_with_form": [{"type": "slider", "question": "?"}]})')
    assert one.wait("status", phase="finish")["note"] is not None
    assert "worlds.py:11" in caplog.text  # type: ignore[attr-defined]
    assert "questions[0]: type must be one of text, longtext, choice" in caplog.text  # type: ignore[attr-defined]
