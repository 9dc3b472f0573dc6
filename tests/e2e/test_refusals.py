"""Whoever cannot work is told why on a page of its own, and what to do next."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from crowdcore import Refusal, RunHandle, hookimpl
from crowdcore.testing import Machine, ManualClock, serve, until
from tests.e2e.library_form import answer, small_form
from tests.e2e.people import A_PHONE, OFFLINE, Person, Town, refused, wait_until


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Where the runs of a test keep their data."""
    return Machine(tmp_path)


@contextmanager
def running(machine: Machine, *overrides: str, clock: ManualClock | None = None, **task: Any) -> Iterator[RunHandle]:
    config = small_form(machine.folder, **task)
    with serve(config, data_dir=machine.data_dir, overrides=overrides, clock=clock) as run:
        yield run


def works(person: Person, run: RunHandle, **params: str) -> None:
    person.open(run.url, **params)
    person.sees("One question")


def test_a_blocked_worker_is_refused(person: Person, machine: Machine) -> None:
    with running(machine) as run:
        works(person, run, worker_id="x", assignment_id="1")
        answer(person.page, "hello")
        person.sees("Thank you!")
        with closing(sqlite3.connect(machine.data_dir / "crowd.db", timeout=60)) as database, database:
            assert database.execute("UPDATE worker SET blocked = 'spam' WHERE name = 'x'").rowcount == 1
        person.expects(refused(403))
        person.open(run.url, worker_id="x", assignment_id="2")
        person.sees("You cannot work on this")
        expect(person.page.get_by_text("spam")).to_have_count(0)
        person.look("refusal-blocked")


def test_who_is_blocked_at_work_reads_so_without_doing_anything(person: Person, machine: Machine) -> None:
    with running(machine) as run:
        works(person, run, worker_id="x", assignment_id="1")
        with closing(sqlite3.connect(machine.data_dir / "crowd.db", timeout=60)) as database, database:
            assert database.execute("UPDATE worker SET blocked = 'spam' WHERE name = 'x'").rowcount == 1
        expect(person.page.get_by_role("heading", name="You cannot work on this")).to_be_visible(timeout=60_000)
        expect(person.page.get_by_text("spam")).to_have_count(0)


def test_a_second_visit_must_wait_for_the_first(person: Person, machine: Machine) -> None:
    with running(machine) as run:
        works(person, run, worker_id="x", assignment_id="1")
        first = person.page
        person.expects(refused(409))
        person.new_tab()
        person.open(run.url, worker_id="x", assignment_id="2")
        person.sees("You have another task open")
        person.look("refusal-too-many-open")
        answer(first, "done")
        expect(first.get_by_role("heading", name="Thank you!")).to_be_visible()
        person.press("Try again")
        person.sees("One question")


def test_nobody_does_more_than_their_share(person: Person, machine: Machine) -> None:
    with running(machine, max_units_per_worker=1) as run:
        works(person, run, worker_id="x")
        answer(person.page, "enough")
        person.sees("Thank you!")
        person.expects(refused(409))
        person.press("Next task")
        person.sees("You have done your share")
        person.look("refusal-too-many-units")


def test_who_waits_gets_what_somebody_gave_back(town: Town, machine: Machine) -> None:
    x, y = town.person(), town.person()
    with running(
        machine, "blueprint.units_per_assignment=1", max_units_per_worker=0, max_open_units_per_worker=3
    ) as run:
        for place in "123":
            x.new_tab()
            works(x, run, worker_id="x", assignment_id=place)
        y.expects(refused(409))
        y.page.clock.install()
        y.open(run.url, worker_id="y", assignment_id="1")
        y.sees("Everything is taken just now")
        expect(y.page.get_by_text("We look again in")).to_be_visible()
        y.look("refusal-no-available-units")
        x.press("Give this task back")
        x.look("give-back")
        x.press("Give it back")
        x.sees("You gave this task back")
        x.look("refusal-returned")
        y.page.clock.fast_forward("00:30")
        y.sees("One question")


def test_a_run_that_ends_takes_nobody_in(town: Town, machine: Machine) -> None:
    x, y = town.person(), town.person()
    with running(machine) as run:
        works(x, run, worker_id="x", assignment_id="1")
        said = machine.crowd("stop", run.name)
        assert said.returncode == 0, said.stderr
        y.expects(refused(409))
        until(lambda: machine.crowd("runs").stdout.find("draining") > 0)
        y.open(run.url, worker_id="y", assignment_id="1")
        y.sees("This study has ended")
        y.look("refusal-run-over")
        answer(x.page, "still in time")  # who is in the middle may finish
        x.sees("Thank you!")


def test_when_the_time_is_over_the_page_says_so(person: Person, machine: Machine) -> None:
    clock = ManualClock(time.time())
    with running(machine, clock=clock, assignment_duration="30m") as run:
        person.page.clock.install()
        works(person, run, worker_id="x", assignment_id="1")
        wait_until(person.page, 4.5 * 60)
        person.told("5 minutes left.")
        person.page.clock.resume()
        person.look("form-with-notice")
        wait_until(person.page, 30)
        person.told("One minute left.")
        clock.advance(31 * 60)
        until(lambda: run.counters.agents["ended"])
        person.page.clock.fast_forward("01:00")
        person.sees("The time for this task is over")
        person.page.clock.resume()
        person.look("refusal-timed-out")
        person.press("Start again")
        person.sees("One question")


def test_answers_that_came_too_late_can_be_kept_by_their_author(town: Town, machine: Machine) -> None:
    x, y = town.person(), town.person()
    clock = ManualClock(time.time())
    with running(machine, "blueprint.units_per_assignment=1", clock=clock, max_open_units_per_worker=3) as run:
        works(x, run, worker_id="x", assignment_id="1")
        clock.advance(31 * 60)
        until(lambda: run.counters.agents["ended"])
        for place in "123":
            y.new_tab()
            works(y, run, worker_id="y", assignment_id=place)
        x.expects(refused(409))
        answer(x.page, "too late")
        x.sees("The time for this task is over")
        x.look("refusal-expired")
        with x.page.expect_download() as copy:
            x.press("Save a copy of my answers")
        assert Path(copy.value.path()).read_text() == '{\n  "word": "too late"\n}'


def test_by_invitation_only_the_invited_come_in(town: Town, machine: Machine) -> None:
    mallory, x = town.person(), town.person()
    with running(machine, "provider.access=invite") as run:
        mallory.expects(refused(403))
        mallory.open(run.url, worker_id="x", assignment_id="1")
        mallory.sees("This task is not open to you")
        mallory.look("refusal-refused")
        invited = machine.crowd("invite", run.name, "x")
        link = next(word for word in invited.stdout.split() if word.startswith("http"))
        x.open(run.url, link.removeprefix(run.url))
        x.sees("One question")
        answer(x.page, "thanks for asking")
        x.sees("Thank you!")
        expect(x.page.get_by_text("thanks for asking")).to_have_count(0)  # shown for trying out only


def test_a_token_that_is_none_of_ours_ends_in_words(person: Person, machine: Machine) -> None:
    def forge(route: Route) -> None:
        route.continue_(headers={**route.request.headers, "authorization": "Bearer 1.1.made-up"})

    with running(machine) as run:
        works(person, run, worker_id="x", assignment_id="1")
        person.expects(refused(401))
        person.page.route("**/submit", forge)
        answer(person.page, "by whom?")
        person.sees("This page is no longer signed in")
        expect(person.page.get_by_role("button", name="Save a copy of my answers")).to_be_visible()
        person.look("refusal-bad-token")
        person.press("Start again")
        person.sees("One question")
        assert machine_submissions(machine) == 0


def machine_submissions(machine: Machine) -> int:
    return machine.crowd("export", "words").stdout.count("\n")


def test_a_server_that_is_gone_is_waited_for_with_words_and_not_for_ever(person: Person, machine: Machine) -> None:
    with running(machine) as run:
        person.page.clock.install()
        works(person, run, worker_id="x", assignment_id="1")
        run.stop()
        person.expects(OFFLINE)
        answer(person.page, "hello?")
        person.told("Your answers are saved on this device, sending… There is no connection just now.")
        expect(person.page.get_by_role("button", name="Try now")).to_be_visible()
        person.page.clock.fast_forward("11:00")
        person.press("Try now")
        person.told("not sent yet. You may come back later with the same link.")
        person.look("form-not-sent-yet")


def test_a_page_that_gets_no_answer_says_so(person: Person, machine: Machine) -> None:
    with running(machine) as run:
        person.expects(OFFLINE)
        person.page.clock.install()
        person.page.route("**/api/**", lambda route: route.abort())
        person.open(run.url, worker_id="x", assignment_id="1")
        heading = person.page.get_by_role("heading", name="No connection")

        def waited() -> bool:
            person.page.clock.run_for(10_000)
            return heading.is_visible()

        until(waited)
        person.look("refusal-offline")
        person.page.unroute("**/api/**")
        person.press("Try again")
        person.sees("One question")


def test_a_wrong_address_has_a_page_too(person: Person, machine: Machine) -> None:
    with running(machine) as run:
        person.expects(refused(404))
        person.open(run.url, "no/such/page")
        person.sees("Page not found")
        person.look("refusal-not-found")
        person.page.get_by_role("link", name="Go to the start page").click()
        expect(person.page.get_by_label("Your name or worker ID")).to_be_visible()


class Judge:
    """Hooks: the worker `mallory` is refused."""

    @hookimpl
    def worker_can_do_unit(self, worker: Any) -> Refusal | None:
        return Refusal("Only members of the choir can judge choirs.") if worker.name == "mallory" else None


class ForComputers:
    """Hooks: the page does not work on phones."""

    @hookimpl
    def blueprint_frontend(self, inner: Any) -> dict[str, Any]:
        return {**inner(), "block_mobile": True}


def test_who_does_not_qualify_reads_the_reason(person: Person, machine: Machine) -> None:
    with serve(small_form(machine.folder), data_dir=machine.data_dir, hooks=[Judge()]) as run:
        person.expects(refused(403))
        person.open(run.url, worker_id="mallory", assignment_id="1")
        person.sees("This task is not open to you")
        expect(person.page.get_by_text("Only members of the choir can judge choirs.")).to_be_visible()
        person.look("refusal-not-qualified")


def test_a_task_for_computers_says_so_on_a_phone(town: Town, machine: Machine) -> None:
    phone = town.person(**A_PHONE, user_agent="Mozilla/5.0 (Linux; Android 14; Mobile) Chrome/130")
    with serve(small_form(machine.folder), data_dir=machine.data_dir, hooks=[ForComputers()]) as run:
        phone.open(run.url, worker_id="x", assignment_id="1")
        phone.sees("Please use a computer")
        phone.look("refusal-no-phone")
