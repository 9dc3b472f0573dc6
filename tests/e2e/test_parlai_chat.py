"""The chat example in real browsers: two people to the export, a stand-in, and alone with the world's own agent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from crowdcore.testing import Machine, serve
from tests.e2e.conversations import EXAMPLE, OWN_PORT, answer_agreement, free_talk, hears, in_turns, rate, said, say
from tests.e2e.people import A_PHONE, Person, Town

WAITING = "Waiting for your partner"


def rows(machine: Machine) -> list[dict[str, Any]]:
    """The export of the example's run."""
    return machine.exported("day-trip")


def test_two_people_talk_answer_and_are_in_the_export(town: Town, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    one, other = town.person(), town.person(**A_PHONE)
    with serve(EXAMPLE / "task.yaml", data_dir=machine.data_dir, overrides=[OWN_PORT]) as run:
        pages = [one.open(run.url, worker_id="x"), other.page]
        one.sees(WAITING)
        other.open(run.url, worker_id="y")
        for page in pages:
            expect(page.get_by_role("heading", name="Plan a day together")).to_be_visible()
            expect(page.get_by_role("heading", name=WAITING)).to_have_count(0)
        beside = pages[0].get_by_role("region", name="Instructions")
        expect(beside).to_contain_text("You and another person spend a day in the same place")
        expect(beside).to_contain_text("The old harbour")
        expect(beside.get_by_role("img")).not_to_have_js_property("naturalWidth", 0)
        expect(beside).to_contain_text("Be on the water before the crowds")
        expect(beside).not_to_contain_text("Sleep in")
        expect(beside).not_to_contain_text("compromise")
        texts = [
            "Hello! Shall we take an early boat, before it gets crowded?",
            "I would rather see the lights on the water, so late…",
            "The last one leaves at 18:00. What about half past five?",
            "That is a good middle. Will you bring something to eat?",
            "Yes: bread and cheese. Then the 17:30 boat it is!",
        ]
        in_turns(pages, texts)
        one.look("chat")
        one.photograph("chat", {"width": 1280, "height": 800})
        in_turns(pages, ["the last one"])
        for page in pages:
            expect(page.get_by_role("button", name="Finish")).to_have_count(0)
            expect(page.get_by_text("What did you agree on?")).to_be_visible()
        one.look("chat-form")
        for page in pages:
            answer_agreement(page, "see the boats")
        for person in (one, other):
            expect(person.page.get_by_role("heading", name="How was it?")).to_be_focused()
        assert [text for text in said(pages[0]) if text in texts] == texts
        assert said(pages[0])[1:7] == said(pages[1])[1:7]
        one.look("chat-final-form")
        for person in (one, other):
            rate(person.page, "a person")
            person.sees("Thank you!")
    first, second = rows(machine)
    assert first["data"]["final"] == {"fair": 4, "partner": "a person"}
    for row in (first, second):
        seen = [message["text"] for message in row["data"]["messages"]]
        assert [text for text in seen if text in texts] == texts
        assert "We will: see the boats\nAt what time?: noon" in seen


def test_who_waits_in_vain_talks_with_a_stand_in(town: Town, tmp_path: Path) -> None:
    machine, third = Machine(tmp_path), town.person()
    with serve(
        EXAMPLE / "task.yaml", data_dir=machine.data_dir, overrides=[OWN_PORT, "pairing.timeout=1"]
    ) as run:  # fmt: skip
        page = third.open(run.url, worker_id="z")
        expect(page.get_by_text("Your partner is a computer program.")).to_be_visible()
        expect(page.get_by_role("list", name="People")).to_contain_text("program")
        for n in range(3):
            say(page, f"line {n}")
            hears(page, f"line {n}")
        answer_agreement(page, "meet")
        third.look("chat-with-a-program")
        rate(page, "a program")
        third.sees("Thank you!")
    (row,) = (each for each in rows(machine) if each.get("worker") == "z")
    assert "I looked at the map already" in json.dumps(row)


def test_one_word_on_the_command_line_lets_one_begin_alone(town: Town, tmp_path: Path) -> None:
    machine, alone = Machine(tmp_path), town.person()
    words = ["--no-open", OWN_PORT, "pairing.timeout=1", "pairing.on_timeout=launch_reduced"]
    with machine.serve("run", str(EXAMPLE / "task.yaml"), *words) as served:
        page = alone.open(served.url, worker_id="z")
        for n in range(3):
            say(page, f"line {n}")
            hears(page, f"line {n}")
        expect(page.get_by_role("log")).to_contain_text("Town guide")
        answer_agreement(page, "walk")
        rate(page, "a program")
        alone.sees("Thank you!")
    (row,) = rows(machine)
    assert re.search(r"would you like to do\?", json.dumps(row))


def test_an_onboarding_that_is_a_conversation_comes_before_the_waiting_room(person: Person, tmp_path: Path) -> None:
    config = free_talk(tmp_path)
    with (tmp_path / "worlds.py").open("a", encoding="utf-8") as world:
        world.write("\n\ndef make_onboarding_world(opt, agent):\n    return World([agent])\n")
    config["gates"] = {"onboarding": {"qualification": "talked"}}
    with serve(config, data_dir=tmp_path / "data") as run:
        page = person.open(run.url, worker_id="x")
        say(page, "I can write")
        hears(page, "I can write")
        say(page, "the end")
        person.press("Finish")
        person.sees(WAITING)
        page.close()
