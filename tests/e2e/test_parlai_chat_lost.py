"""In a conversation: closed tabs, lost networks, reloads, second tabs. Nobody loses a word, or their pay."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from crowdcore import RunHandle
from crowdcore.base.clock import Clock
from crowdcore.testing import Machine, ManualClock, serve
from tests.e2e.conversations import LOST, free_talk, hears, hide, owed, said, say
from tests.e2e.people import Person, Town

GRACE = 61.0
"""Seconds after which somebody who is away is gone for good."""


@contextmanager
def talking(
    folder: Path, town: Town, *people: Person, clock: Clock | None = None, **pairing: Any
) -> Iterator[tuple[RunHandle, Machine]]:
    """A run in which these people are in one conversation."""
    machine = Machine(folder)
    with serve(free_talk(folder, **pairing), data_dir=machine.data_dir, clock=clock) as run:
        for name, person in zip("xy", people, strict=False):
            person.open(run.url, worker_id=name)
        for person in people:
            expect(person.page.get_by_role("textbox", name="Your message")).to_be_editable()
        try:
            yield run, machine
        finally:
            town.close_pages()


def finish(person: Person) -> None:
    """Hand in what there is after the conversation."""
    person.press("Finish")
    person.sees("Thank you!")


def test_who_stays_when_the_other_closes_the_tab_finishes_and_is_paid(town: Town, tmp_path: Path) -> None:
    stays, goes, clock = town.person(), town.person(), ManualClock()
    with talking(tmp_path, town, stays, goes, clock=clock) as (_, machine):
        say(goes.page, "I must go")
        hears(stays.page, "I must go")
        goes.page.close()
        expect(stays.page.get_by_role("list", name="People")).to_contain_text("away")
        clock.advance(GRACE)
        expect(stays.page.get_by_role("heading", name="The conversation is over")).to_be_focused()
        expect(stays.page.get_by_text("Somebody has left this conversation.")).to_be_visible()
        stays.look("chat-left-alone")
        finish(stays)
    assert owed(machine) == [("x", Decimal("0.50"))]


def test_who_waits_for_a_lost_partner_may_finish_at_any_time(town: Town, tmp_path: Path) -> None:
    stays, goes, clock = town.person(), town.person(), ManualClock()
    people = stays.page.get_by_role("list", name="People")
    with talking(tmp_path, town, stays, goes, clock=clock, on_partner_left="wait") as (run, _):
        goes.page.close()
        expect(people).to_contain_text("away")
        clock.advance(GRACE)
        end = stays.page.get_by_role("button", name="Finish now")
        expect(end).to_be_visible()
        stays.look("chat-partner-away")
        goes.new_tab()
        goes.open(run.url, worker_id="y")
        expect(goes.page.get_by_role("textbox", name="Your message")).to_be_editable()
        expect(end).to_be_hidden()
        say(goes.page, "back again")
        hears(stays.page, "back again")
        goes.page.close()
        expect(people).to_contain_text("away")
        clock.advance(GRACE)
        end.click()
        finish(stays)


def test_ten_seconds_without_network_lose_nothing_and_repeat_nothing(town: Town, tmp_path: Path) -> None:
    one, other, clock = town.person(), town.person(), ManualClock()
    one.expects(*LOST)
    one.context.clock.install()
    with talking(tmp_path, town, one, other, clock=clock) as (_, machine):  # they are waited for
        say(one.page, "before")
        hears(other.page, "before")
        one.context.set_offline(True)
        one.told("The connection was lost. Connecting again…")
        say(one.page, "from the tunnel")
        say(other.page, "are you there?")
        say(one.page, "and one more")
        expect(one.page.get_by_text("Sending…")).to_have_count(2)
        expect(other.page.get_by_role("list", name="People")).to_contain_text("away")
        for _ in range(10):  # the page tries to connect again meanwhile, each time in vain
            clock.advance(1.0)
            one.page.clock.run_for(1000)
        one.context.set_offline(False)
        hears(other.page, "from the tunnel")
        hears(other.page, "and one more")
        hears(one.page, "are you there?")
        expect(one.page.get_by_text("Sending…")).to_have_count(0)
        spoken = ["before", "are you there?", "from the tunnel", "and one more"]
        assert said(one.page) == said(other.page) == spoken
        say(other.page, "the end")
        for person in (one, other):
            finish(person)
    for row in machine.exported("talk"):
        assert [message["text"] for message in row["data"]["messages"]] == [*spoken, "the end"]
        assert sorted(message["data"]["text"] for message in row["messages"]) == sorted([*spoken, "the end"])


@pytest.mark.parametrize("offline", [False, True], ids=["at_once", "with_an_unsent_message"])
def test_a_reload_shows_the_whole_conversation_again(town: Town, tmp_path: Path, offline: bool) -> None:
    one, other = town.person(), town.person()
    one.expects(*LOST)
    with talking(tmp_path, town, one, other):
        for n in range(3):
            say(one.page, f"one {n}")
            hears(other.page, f"one {n}")
            say(other.page, f"other {n}")
            hears(one.page, f"other {n}")
        if offline:
            one.context.set_offline(True)
            say(one.page, "not sent yet")
            one.page.evaluate(
                "() => void (window.WebSocket = class { static OPEN = 1; close() {} })"
            )  # this page shall not send it any more
            one.context.set_offline(False)
        one.page.get_by_role("textbox", name="Your message").fill("half a sent")
        one.page.reload()
        expect(one.page.get_by_role("textbox", name="Your message")).to_have_value("half a sent")
        if offline:
            hears(other.page, "not sent yet")
        hears(one.page, "other 2")
        expected = [f"{who} {n}" for n in range(3) for who in ("one", "other")] + ["not sent yet"] * offline
        assert said(one.page) == said(other.page) == expected
        say(other.page, "still here?")
        hears(one.page, "still here?")


def test_a_second_tab_takes_over_and_the_first_is_told(town: Town, tmp_path: Path) -> None:
    one, other = town.person(), town.person()
    with talking(tmp_path, town, one, other) as (run, _):
        first = one.page
        say(first, "from the first tab")
        one.new_tab()
        one.open(run.url, worker_id="x")
        hears(one.page, "from the first tab")
        told = first.get_by_role("heading", name="This is open in another tab")
        expect(told).to_be_visible()
        say(one.page, "from the second tab")
        hears(other.page, "from the second tab")
        first.get_by_role("button", name="Use it here").click()
        expect(told).to_be_hidden()
        hears(first, "from the second tab")
        say(first, "here again")
        hears(other.page, "here again")
        expect(one.page.get_by_role("heading", name="This is open in another tab")).to_be_visible()
        one.look("open-in-another-tab")


def test_another_browser_takes_over_too(town: Town, tmp_path: Path) -> None:
    desk, other, phone = town.person(), town.person(), town.person()
    with talking(tmp_path, town, desk, other) as (run, _):
        phone.open(run.url, worker_id="x")
        expect(phone.page.get_by_role("textbox", name="Your message")).to_be_editable()
        desk.sees("This is open in another tab")
        say(phone.page, "from the phone")
        hears(other.page, "from the phone")


def test_the_title_counts_what_came_while_nobody_looked(town: Town, tmp_path: Path) -> None:
    one, other = town.person(), town.person()
    with talking(tmp_path, town, one, other):
        expect(one.page.get_by_role("log")).to_have_attribute("aria-live", "polite")  # what came before was shown
        hide(one.page, True)
        for n in range(1, 3):
            say(other.page, f"message {n}")
            expect(one.page).to_have_title(f"({n}) A talk")
        hide(one.page, False)
        expect(one.page).to_have_title("A talk")


def test_who_reads_further_up_is_not_pulled_away(town: Town, tmp_path: Path) -> None:
    one, other = town.person(), town.person()
    with talking(tmp_path, town, one, other):
        for n in range(20):
            say(other.page, f"message {n}")
        last = hears(one.page, "message 19")
        expect(last).to_be_in_viewport()
        expect(one.page.get_by_role("log")).to_have_attribute("aria-live", "polite")  # from here on messages are news
        one.page.get_by_role("log").locator(".text").first.scroll_into_view_if_needed()
        say(other.page, "news")
        more = one.page.get_by_role("button", name="1 new message")
        more.click()
        expect(hears(one.page, "news")).to_be_in_viewport()
        expect(more).to_be_hidden()


def test_text_is_shown_as_text_and_web_addresses_can_be_followed(town: Town, tmp_path: Path) -> None:
    one, other = town.person(), town.person()
    with talking(tmp_path, town, one, other):
        say(one.page, "see https://example.org/a?b=1. <img src=x onerror=alert(1)> javascript:alert(1)")
        link = other.page.get_by_role("log").get_by_role("link")
        expect(link).to_have_attribute("href", "https://example.org/a?b=1")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        expect(other.page.get_by_text("<img src=x onerror=alert(1)> javascript:alert(1)")).to_be_visible()
        say(one.page, "W" * 300)
        say(one.page, "שלום! 12")
        expect(hears(other.page, "שלום! 12").locator(".text")).to_have_css("direction", "rtl")
        other.look("chat-hard-texts")


def test_a_hundred_messages_at_once_arrive_in_their_order(town: Town, tmp_path: Path) -> None:
    one, other = town.person(), town.person()
    with talking(tmp_path, town, one, other):
        one.page.evaluate(
            """async () => {
              const { live } = await (await import("/crowd.js")).start();
              for (let n = 0; n < 100; n += 1) live.send({ text: `number ${n}` });
            }"""
        )
        hears(other.page, "number 99")
        assert said(other.page) == said(one.page) == [f"number {n}" for n in range(100)]


def test_after_kill_minus_nine_the_pages_go_on_by_themselves(town: Town, tmp_path: Path) -> None:
    one, other = town.person(), town.person()
    machine, config = Machine(tmp_path), tmp_path / "task.yaml"
    config.write_text(json.dumps(free_talk(tmp_path)), "utf-8")  # JSON is YAML
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with machine.serve("run", str(config), "--no-open", f"architect.port={port}") as served:
        for name, person in (("x", one), ("y", other)):
            person.expects(*LOST)
            person.open(served.url, worker_id=name)
        for person in (one, other):
            expect(person.page.get_by_role("textbox", name="Your message")).to_be_editable()
        say(one.page, "before")
        hears(other.page, "before")
        served.kill()
    one.told("The connection was lost. Connecting again…")
    say(one.page, "in between")
    with machine.serve("resume"):
        hears(other.page, "in between")
        say(other.page, "after")
        hears(one.page, "after")
        assert said(one.page) == said(other.page) == ["before", "in between", "after"]
        say(one.page, "the end")
        for person in (one, other):
            finish(person)
        town.close_pages()
