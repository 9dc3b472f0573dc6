"""Before a conversation: a room that says what happens, how long at most and what is paid; who meets whom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crowdcore import RunHandle
from crowdcore.testing import Machine, serve, until
from tests.e2e.conversations import LOST, free_talk, hears, hide, owed, say
from tests.e2e.people import Person, Town

ROOM = "Waiting for your partner"


@contextmanager
def open_run(folder: Path, town: Town, task: dict[str, Any] | None = None, **pairing: Any) -> Iterator[RunHandle]:
    """A run in which two people talk; pages are closed before its server is."""
    config = free_talk(folder, **pairing)
    with serve({**config, "task": {**config["task"], **(task or {})}}, data_dir=folder / "data") as run:
        try:
            yield run
        finally:
            town.close_pages()


def together(*pages: Page) -> None:
    """Wait until these pages are in a conversation."""
    for page in pages:
        expect(page.get_by_role("textbox", name="Your message")).to_be_editable()


def left(page: Page) -> int:
    """Seconds that the room says it waits at most."""
    text = page.get_by_role("timer").inner_text()
    found = re.search(r"(\d+):(\d\d)", text)
    assert found, text
    return 60 * int(found[1]) + int(found[2])


def agents(folder: Path) -> dict[str, int]:
    """Agents by status."""
    found: dict[str, int] = json.loads(Machine(folder).crowd("status", "--json").stdout)["agents"]
    return found


def test_the_room_says_what_happens_and_lets_them_in(town: Town, tmp_path: Path) -> None:
    first, second = town.person(), town.person()
    with open_run(tmp_path, town, timeout="10m", waiting_pay="0.10") as run:
        page = first.open(run.url, worker_id="x")
        first.sees(ROOM)
        for text in (
            "You are here. 1 more to come.",
            "If somebody is still missing then, you need not wait any longer: the task ends for you.",
            "You are then paid 0.10 USD for waiting.",
        ):
            expect(page.get_by_text(text)).to_be_visible()
        expect(page.get_by_role("timer")).to_contain_text(re.compile(r"We wait \d+:\d\d"))
        first.look("waiting-room")
        before = left(page)
        page.reload()
        first.sees(ROOM)
        until(lambda: left(page) < before)  # the reload did not begin the wait anew
        hide(page, True)
        second.open(run.url, worker_id="y")
        together(page, second.page)
        expect(page).to_have_title("● A talk")
        hide(page, False)
        expect(page).to_have_title("A talk")
        say(page, "hello")
        hears(second.page, "hello")


def test_who_waited_in_vain_is_sent_away_with_thanks_and_pay(person: Person, town: Town, tmp_path: Path) -> None:
    with open_run(tmp_path, town, timeout="1s", waiting_pay="0.10") as run:
        page = person.open(run.url, worker_id="x")
        person.sees("Nobody came this time")
        expect(page.get_by_text("Thank you for waiting: you are paid for it.")).to_be_visible()
        expect(page.get_by_text("This is what was stored")).to_have_count(0)
        person.look("waited-in-vain")
        page.reload()
        person.sees("Nobody came this time")
        assert owed(Machine(tmp_path)) == [("x", Decimal("0.10"))]


def test_who_leaves_the_room_is_asked_and_frees_the_seat(town: Town, tmp_path: Path) -> None:
    goes, one, other = town.person(), town.person(), town.person()
    with open_run(tmp_path, town) as run:
        page = goes.open(run.url, worker_id="x")
        goes.sees(ROOM)
        goes.press("Leave")
        dialog = page.get_by_role("dialog", name="Leave now?")
        dialog.get_by_role("button", name="Keep waiting").click()
        goes.sees(ROOM)
        goes.press("Leave")
        goes.look("leaving-the-room")
        dialog.get_by_role("button", name="Leave").click()
        goes.sees("You have left")
        one.open(run.url, worker_id="y")
        one.sees(ROOM)
        other.open(run.url, worker_id="z")
        together(one.page, other.page)


def test_who_closes_the_tab_is_waited_for_by_nobody(town: Town, tmp_path: Path) -> None:
    goes, one, other = town.person(), town.person(), town.person()
    with open_run(tmp_path, town) as run:
        goes.open(run.url, worker_id="x")
        goes.sees(ROOM)
        goes.page.close()
        one.open(run.url, worker_id="y")
        one.sees(ROOM)
        expect(one.page.get_by_text("You are here. 1 more to come.")).to_be_visible()
        other.open(run.url, worker_id="z")
        together(one.page, other.page)
        goes.new_tab()
        goes.open(run.url, worker_id="x")  # back in time: still waiting, in another conversation
        goes.sees(ROOM)


def test_the_same_link_twice_is_one_person_and_one_seat(town: Town, tmp_path: Path) -> None:
    person, other = town.person(), town.person()
    with open_run(tmp_path, town) as run:
        first = person.open(run.url, worker_id="x")
        person.sees(ROOM)
        person.new_tab()
        person.open(run.url, worker_id="x")
        person.sees(ROOM)
        expect(first.get_by_role("heading", name="This is open in another tab")).to_be_visible()
        assert agents(tmp_path) == {"waiting": 1}
        other.open(run.url, worker_id="y")
        together(person.page, other.page)
        assert agents(tmp_path) == {"in_task": 2}


def test_nobody_is_paired_with_themselves(town: Town, tmp_path: Path) -> None:
    person, other = town.person(), town.person()
    with open_run(tmp_path, town, {"max_open_units_per_worker": 2}) as run:
        pages = [person.open(run.url, worker_id="x", assignment_id="1")]
        person.sees(ROOM)
        person.new_tab()
        pages.append(person.open(run.url, worker_id="x", assignment_id="2"))
        person.sees(ROOM)
        assert agents(tmp_path) == {"waiting": 2}
        other.open(run.url, worker_id="y", assignment_id="3")
        together(other.page)
        rooms = [page.get_by_role("heading", name=ROOM) for page in pages]
        until(lambda: [room.is_visible() for room in rooms].count(True) == 1)


@pytest.mark.parametrize("disclose", [True, False], ids=["told", "not_told"])
def test_the_room_speaks_of_a_program_only_where_workers_are_told(
    person: Person, town: Town, tmp_path: Path, disclose: bool
) -> None:
    pairing = {"on_timeout": "stand_in", "stand_in": {"type": "echo"}, "disclose": disclose}
    with open_run(tmp_path, town, **pairing) as run:
        page = person.open(run.url, worker_id="x")
        person.sees(ROOM)
        expect(page.get_by_text("you can begin")).to_be_visible()
        expect(page.get_by_text("computer program")).to_have_count(1 if disclose else 0)


def test_a_lost_network_is_told_in_the_room_too(town: Town, tmp_path: Path) -> None:
    person, other = town.person(), town.person()
    person.expects(*LOST)
    with open_run(tmp_path, town) as run:
        person.open(run.url, worker_id="x")
        person.sees(ROOM)
        person.context.set_offline(True)
        person.told("The connection was lost. Connecting again…")
        other.open(run.url, worker_id="y")
        other.sees(ROOM)
        person.context.set_offline(False)
        together(person.page, other.page)
