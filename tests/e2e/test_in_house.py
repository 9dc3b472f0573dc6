"""In-house people without a place of their own choice: preview, name, next task, and the end."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from crowdcore import RunHandle
from crowdcore.testing import Machine, RunningClock, serve, until
from tests.e2e.library_form import EXAMPLE, answer, small_form
from tests.e2e.people import OFFLINE, Person, Town, refused


def agents(machine: Machine) -> dict[str, int]:
    """Agents by status, as `crowd status --json` counts them in the database."""
    found: dict[str, int] = json.loads(machine.crowd("status", "--json").stdout)["agents"]
    return found


def ended(run: RunHandle, clock: RunningClock) -> str:
    """Let time pass until the run has ended by itself; why it did."""
    return str(until(lambda: clock.advance(1) or run.wait(0.05)))


def test_who_only_looks_makes_no_agent_and_who_gives_a_name_gets_work(person: Person, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with serve(small_form(tmp_path), data_dir=machine.data_dir) as run:
        page = person.open(run.url)
        name = page.get_by_label("Your name or worker ID")
        expect(name).to_be_visible()
        expect(page.get_by_text("This is a preview.").first).to_be_visible()
        person.look("preview")
        page.reload()
        expect(name).to_be_visible()
        assert agents(machine) == {}
        name.fill("Zoë & Co")
        name.press("Enter")
        expect(page.get_by_role("textbox", name="A kind word")).to_be_enabled()
        assert agents(machine) == {"in_task": 1}
        answer(page, "welcome")
        person.sees("Thank you!")
        assert '"worker":"Zoë & Co"' in machine.crowd("export", "words").stdout


def test_after_each_task_the_next_is_offered_until_there_is_none(person: Person, tmp_path: Path) -> None:
    machine, clock = Machine(tmp_path), RunningClock()
    with serve(written(tmp_path), data_dir=machine.data_dir, overrides=["architect.port=0"], clock=clock) as run:
        person.open(run.url, worker_id="x")
        for word in ("one", "two", "three"):
            answer(person.page, word)
            person.sees("Thank you!")
            expect(person.page.get_by_role("definition").get_by_text(word, exact=True)).to_be_visible()
            if word != "three":
                person.press("Next task")
                expect(person.page.get_by_role("textbox", name="A kind word")).to_have_value("")
        person.look("thanks-in-house")
        person.expects(refused(409))
        person.press("Next task")
        person.sees("You have done your share")
        assert ended(run, clock) == "all units are done"
    rows = [json.loads(line) for line in machine.crowd("export", "words").stdout.splitlines()]
    assert [(row["ordinal"], row["data"]) for row in rows] == [
        (n, {"word": w}) for n, w in enumerate(("one", "two", "three"))
    ]


def test_a_link_with_a_place_also_leads_to_the_next_task(person: Person, tmp_path: Path) -> None:
    with serve(small_form(tmp_path), data_dir=tmp_path / "data") as run:
        person.open(run.url, worker_id="x", assignment_id="1")
        answer(person.page, "first")
        person.sees("Thank you!")
        person.press("Next task")
        expect(person.page.get_by_role("textbox", name="A kind word")).to_have_value("")
        answer(person.page, "second")
        person.sees("Thank you!")
        expect(person.page.get_by_text("second")).to_be_visible()


def test_what_was_not_finished_is_there_again(person: Person, tmp_path: Path) -> None:
    with serve(small_form(tmp_path), data_dir=tmp_path / "data") as run:
        page = person.open(run.url, worker_id="x")
        with page.expect_response(lambda reply: reply.url.endswith("/draft")):
            page.get_by_role("textbox", name="A kind word").fill("half a")
        person.new_tab()
        person.open(run.url, worker_id="x")
        expect(person.page.get_by_role("textbox", name="A kind word")).to_have_value("half a")
        until(lambda: run.counters.agents["in_task"] == 1)


def test_who_asks_for_more_after_the_end_reads_that_it_is_over(person: Person, tmp_path: Path) -> None:
    task, clock = written(tmp_path, items=1), RunningClock()
    with serve(task, data_dir=tmp_path / "data", overrides=["architect.port=0"], clock=clock) as run:
        person.open(run.url, worker_id="x")
        answer(person.page, "the only one")
        person.sees("Thank you!")
        assert ended(run, clock) == "all units are done"
        person.expects(OFFLINE)
        person.press("Next task")
        person.told("The server does not answer. The study may have ended")
        person.sees("Thank you!")


def test_instructions_open_over_the_form_and_open_again(person: Person, tmp_path: Path) -> None:
    task = EXAMPLE.parent / "form_tokens" / "task.yaml"
    with serve(task, data_dir=tmp_path / "data", overrides=["architect.port=0"]) as run:
        page = person.open(run.url, worker_id="x")
        dialog = page.get_by_role("dialog", name="Instructions")
        expect(dialog).to_be_visible()
        expect(dialog).to_contain_text("Judge the story, not the")
        person.look("instructions")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        person.look("form-with-tokens")
        opener = page.get_by_role("button", name="Show instructions")
        opener.click()
        person.press("Close instructions")
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()
        page.get_by_role("radio", name="Gloomy").check()
        page.get_by_role("textbox", name="Which word gave you that feeling?").fill("out")
        person.press("Send")
        person.sees("Thank you!")
        expect(page.get_by_text("fox")).to_be_visible()  # the token, in a hidden field


def test_an_error_of_the_page_is_told_and_the_work_goes_on(town: Town, tmp_path: Path) -> None:
    person = town.person()
    machine = Machine(tmp_path)
    config = small_form(tmp_path)
    with serve(config, data_dir=machine.data_dir) as run:
        page = person.open(run.url, worker_id="x")
        person.sees("One question")
        with page.expect_response(lambda reply: reply.url.endswith("/error")) as told:
            page.evaluate("() => void setTimeout(() => { throw new Error('the task broke'); })")
        assert told.value.status == 204
        person.faults = [fault for fault in person.faults if "the task broke" not in fault]
        answer(page, "still here")
        person.sees("Thank you!")


def written(folder: Path, items: int = 3) -> Path:
    """The small form as a task.yaml."""
    config = small_form(folder)
    data = folder / "task_data.json"
    data.write_text(json.dumps(json.loads(data.read_text("utf-8"))[:items]), "utf-8")
    path = folder / "task.yaml"
    path.write_text(json.dumps(config), "utf-8")  # JSON is YAML
    return path
