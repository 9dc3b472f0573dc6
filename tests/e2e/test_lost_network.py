"""An answer arrives once, whenever the network goes; drafts and answers outlive pages and browsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, Route, expect

from crowdcore import RunHandle
from crowdcore.testing import Machine, serve, until
from tests.e2e.library_form import answer, small_form
from tests.e2e.people import A_PHONE, CHROMIUM_OPTIONS, OFFLINE, Person, Town


@contextmanager
def running(folder: Path) -> Iterator[tuple[RunHandle, Machine]]:
    machine = Machine(folder)
    with serve(small_form(folder), data_dir=machine.data_dir) as run:
        yield run, machine


def arrived(machine: Machine) -> list[str]:
    """The words that are in the export."""
    return re.findall(r'"word":"(.*?)"', machine.crowd("export", "words").stdout)


class Cut:
    """Pulls the network at one instant of the submission."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.happened = False
        person.expects(OFFLINE)

    def before_it_is_sent(self) -> None:
        self._offline()

    def while_it_is_on_its_way(self) -> None:
        self.person.page.route("**/submit", self._never_arrives, times=1)

    def before_the_answer_is_back(self) -> None:
        self.person.page.route("**/submit", self._arrives, times=1)

    def while_the_next_page_loads(self) -> None:
        self.person.page.route("**/submit", self._arrives, times=1)
        self.person.page.route("**/api/v1/agents/*", lambda route: route.abort(), times=1)

    def _never_arrives(self, route: Route) -> None:
        self._offline()
        route.abort()

    def _arrives(self, route: Route) -> None:
        assert route.fetch().status == 200
        self._offline()
        route.abort()

    def _offline(self) -> None:
        self.person.context.set_offline(True)
        self.happened = True


INSTANTS = [
    Cut.before_it_is_sent,
    Cut.while_it_is_on_its_way,
    Cut.before_the_answer_is_back,
    Cut.while_the_next_page_loads,
]


@pytest.mark.parametrize("reload", [False, True], ids=["waiting", "reloading"])
@pytest.mark.parametrize("instant", INSTANTS, ids=lambda instant: instant.__name__)
def test_an_answer_arrives_once_whenever_the_network_goes(
    person: Person, tmp_path: Path, instant: object, reload: bool
) -> None:
    with running(tmp_path) as (run, machine):
        page = person.open(run.url, worker_id="x", assignment_id="1")
        person.sees("One question")
        cut = Cut(person)
        instant(cut)  # type: ignore[operator]
        answer(page, "once")
        person.told("Your answers are saved on this device, sending")
        assert cut.happened
        person.context.set_offline(False)
        if reload:
            person.open(run.url, worker_id="x", assignment_id="1")
        person.sees("Thank you!")
        assert arrived(machine) == ["once"]
        person.open(run.url, worker_id="x", assignment_id="1")
        person.sees("Thank you!")
        assert arrived(machine) == ["once"]


def test_two_tabs_of_one_visit_make_one_submission(person: Person, tmp_path: Path) -> None:
    with running(tmp_path) as (run, machine):
        first = person.open(run.url, worker_id="x", assignment_id="1")
        person.sees("One question")
        second = person.new_tab()
        person.open(run.url, worker_id="x", assignment_id="1")
        person.sees("One question")
        answer(first, "from the first tab")
        expect(first.get_by_text("from the first tab")).to_be_visible()
        answer(second, "from the second tab")
        person.sees("Thank you!")
        expect(second.get_by_text("from the first tab")).to_be_visible()  # what counts is shown
        assert arrived(machine) == ["from the first tab"]


def test_a_draft_that_is_on_its_way_when_the_work_is_handed_in_is_left_behind(person: Person, tmp_path: Path) -> None:
    with running(tmp_path) as (run, machine):
        page = person.open(run.url, worker_id="x", assignment_id="1")
        on_its_way: list[Route] = []
        page.route("**/draft", lambda route: on_its_way.append(route))  # and there it stays
        with page.expect_request("**/draft"):
            page.get_by_role("textbox", name="A kind word").fill("soon")
        answer(page, "now")
        person.sees("Thank you!")
        assert arrived(machine) == ["now"]
        assert [route.request.failure for route in on_its_way] == ["net::ERR_ABORTED"]


def test_what_was_typed_last_wins_over_what_the_server_has(person: Person, tmp_path: Path) -> None:
    with running(tmp_path) as (run, _):
        page = person.open(run.url, worker_id="x", assignment_id="1")
        field = page.get_by_role("textbox", name="A kind word")
        with page.expect_response(lambda reply: reply.url.endswith("/draft")):
            field.fill("on the server")
        person.expects(OFFLINE)
        page.route("**/draft", lambda route: route.abort())
        field.fill("on this device only")
        page.reload()
        expect(field).to_have_value("on this device only")
        page.unroute("**/draft")
        with page.expect_response(lambda reply: reply.url.endswith("/draft") and reply.status == 204):
            field.fill("on both")
        page.reload()
        expect(field).to_have_value("on both")


def test_a_newer_draft_of_another_device_is_shown(town: Town, tmp_path: Path) -> None:
    desk, phone = town.person(), town.person(**A_PHONE)
    with running(tmp_path) as (run, _):
        for person, words in ((desk, "at the desk"), (phone, "on the way"), (desk, "at home")):
            page = person.open(run.url, worker_id="x", assignment_id="1")
            with page.expect_response(lambda reply: reply.url.endswith("/draft")):
                page.get_by_role("textbox", name="A kind word").fill(words)
            other = phone if person is desk else desk
            other.open(run.url, worker_id="x", assignment_id="1")
            expect(other.page.get_by_role("textbox", name="A kind word")).to_have_value(words)


def test_an_answer_kept_by_the_device_outlives_the_browser(
    playwright: Playwright, chromium: str, town: Town, tmp_path: Path
) -> None:
    def start() -> Person:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium, args=CHROMIUM_OPTIONS
        )
        return town.with_context(context)

    with running(tmp_path) as (run, machine):
        before = start()
        try:
            before.expects(OFFLINE)
            page = before.open(run.url, worker_id="x", assignment_id="1")
            before.sees("One question")
            before.context.route("**/submit", lambda route: route.abort())
            answer(page, "over night")
            before.told("Your answers are saved on this device")
        finally:
            before.context.close()
        assert arrived(machine) == []
        after = start()
        try:
            after.open(run.url, worker_id="x", assignment_id="1")
            after.sees("Thank you!")
        finally:
            after.context.close()
        until(lambda: arrived(machine) == ["over night"])
