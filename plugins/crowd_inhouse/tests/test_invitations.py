"""Invite access: only who holds a signed link of their own gets in, under that name alone."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from crowdcore import RunHandle
from crowdcore.testing import Browserless, Machine

from .conftest import Start

REFUSAL = "This link is not a valid invitation. Please use the link that was sent to you, unchanged."


@pytest.fixture
def run(start: Start) -> RunHandle:
    return start(provider={"access": "invite"})


def links(machine: Machine, *words: str) -> dict[str, dict[str, str]]:
    """The URL parameters of the links that `crowd invite` prints, by name."""
    done = machine.crowd("invite", *words)
    assert (done.returncode, done.stderr) == (0, "")
    pairs = (line.split("\t") for line in done.stdout.splitlines())
    return {name: dict(parse_qsl(urlsplit(link).query)) for name, link in pairs}


def test_an_invited_worker_gets_in_and_comes_back(machine: Machine, run: RunHandle) -> None:
    params = links(machine, run.name, "Ann", "Bo")
    ann = Browserless(run.url, **params["Ann"]).enter()
    assert ann.document["phase"] == "work"
    assert Browserless(run.url, **params["Ann"]).enter().document["agent"] == ann.document["agent"]
    assert Browserless(run.url, **params["Bo"]).enter().document["agent"] != ann.document["agent"]


def test_a_link_leads_to_the_run(machine: Machine, run: RunHandle) -> None:
    line = machine.crowd("invite", run.name, "Ann").stdout
    assert line.startswith(f"Ann\t{run.url}?worker_id=Ann&invite=")


def test_spaces_around_an_invited_name_do_not_spoil_the_link(machine: Machine, run: RunHandle) -> None:
    params = links(machine, run.name, " carol ", "carol")
    assert list(params) == ["carol"]
    assert Browserless(run.url, **params["carol"]).enter().document["phase"] == "work"


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_nobody_is_invited_by_a_name_that_cannot_come(machine: Machine, run: RunHandle, name: str) -> None:
    done = machine.crowd("invite", run.name, "Ann", name)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is no name of a worker: give 1 to 200 characters" in done.stderr


@pytest.mark.parametrize("name", ["made-up", "Ann ", "ann", "Ännchen", "x" * 4000])
def test_a_made_up_name_gets_nowhere(machine: Machine, run: RunHandle, name: str) -> None:
    invitation = links(machine, run.name, "Ann")["Ann"]["invite"]
    forged = {"worker_id": name, "invite": invitation if name != "Ann " else invitation[:-1] + "x"}
    for params in ({"worker_id": name}, forged, {**forged, "invite": ""}, {**forged, "invite": "ü☃"}):
        somebody = Browserless(run.url, **params).enter()
        assert (somebody.reply.status_code, somebody.code) == (403, "refused")
        assert somebody.reply.json()["detail"] == REFUSAL
    assert run.counters.units["assigned"] == 0


def test_a_link_of_another_task_or_installation_gets_nowhere(
    machine: Machine, run: RunHandle, start: Start, tmp_path: Path
) -> None:
    other = start(task={"name": "sounds"}, provider={"access": "invite"})
    assert Browserless(run.url, **links(machine, other.name, "Ann")["Ann"]).enter().code == "refused"
    (tmp_path / "config" / "secret_key").write_text("0" * 64)
    assert Browserless(run.url, **links(machine, run.name, "Ann")["Ann"]).enter().code == "refused"


def test_a_link_is_good_for_every_run_of_the_task(machine: Machine, run: RunHandle, start: Start) -> None:
    params = links(machine, run.name, "Ann")["Ann"]
    later = start(provider={"access": "invite"})
    assert Browserless(later.url, **params).enter().document["phase"] == "work"


def test_a_visitor_sees_the_preview_and_is_not_asked_for_a_name(run: RunHandle) -> None:
    visitor = Browserless(run.url).enter()
    assert (visitor.document["phase"], visitor.document["provider"]["ask_name"]) == ("preview", False)


def test_the_signature_is_stored_nowhere(machine: Machine, run: RunHandle) -> None:
    params = links(machine, run.name, "Ann")["Ann"]
    worker = Browserless(run.url, **params, assignment_id="7").enter()
    assert worker.submit({"text": "a"}).is_success
    assert "stored" not in worker.reply.json()["completion"]["fields"], "for trying out only"
    assert '"visit":"7"' in machine.crowd("export", "labels").stdout
    signature = params["invite"].encode()
    files = [path for path in machine.data_dir.rglob("*") if path.is_file()]
    assert any(b"assignment_id" in path.read_bytes() for path in files), "what is kept of the address is found so"
    assert [path.name for path in files if signature in path.read_bytes()] == []


def test_names_come_from_a_file_and_each_once(machine: Machine, run: RunHandle, tmp_path: Path) -> None:
    (tmp_path / "people.txt").write_text("\ufeffBo\n\n  Zoë Ærø  \nAnn\n", "utf-8")
    found = links(machine, run.name, "Ann", "--file", "people.txt")
    assert list(found) == ["Ann", "Bo", "Zoë Ærø"]
    assert Browserless(run.url, **found["Zoë Ærø"]).enter().document["phase"] == "work"


def test_mistakes_of_crowd_invite_are_one_line(machine: Machine, run: RunHandle) -> None:
    for words, line in {
        (run.name,): "error: nobody to invite: give at least one NAME, or --file with one name a line",
        ("labels-99", "Ann"): "error: no run named 'labels-99'",
    }.items():
        done = machine.crowd("invite", *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(line), done.stderr
        assert done.stderr.count("\n") == 1


def test_only_in_house_runs_have_invitations(machine: Machine, start: Start) -> None:
    run = start(provider={"type": "mock"})
    done = machine.crowd("invite", run.name, "Ann")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: run {run.name} is for provider mock, which has its own ways")
