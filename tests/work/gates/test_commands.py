"""`crowd worker` and `crowd tips`: what an operator sees and changes, also while a run is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from crowdcore import RunHandle, hookimpl
from crowdcore.cli.group import crowd
from crowdcore.errors import CrowdError
from crowdcore.testing import Browserless, serve, until


def run_crowd(*words: str) -> str:
    """The output of a crowd command that succeeds."""
    result = CliRunner().invoke(crowd, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    """The message of a crowd command that refuses."""
    result = CliRunner().invoke(crowd, list(words))
    assert isinstance(result.exception, CrowdError), result.output
    return str(result.exception)


ONBOARDING = {"qualification": "quiz", "answers": {"text": "yes"}}


@hookimpl
def blueprint_gate_data() -> list[object]:
    """The item of onboarding."""
    return [{"n": "quiz"}]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunHandle]:
    """A served run of the in-house provider with onboarding."""
    config = {
        "task": {"name": "t", "reward": "0.5"}, "blueprint": {"type": "mock"}, "provider": {"type": "inhouse"},
        "gates": {"onboarding": ONBOARDING, "qualifications": [{"name": "bad", "comparator": "does_not_exist"}],
                  "new_qualifications": ["bad"]},
    }  # fmt: skip
    with serve(config, data_dir=tmp_path / "data", hooks=[blueprint_gate_data]) as handle:
        yield handle


def test_grants_are_shown_given_and_taken(run: RunHandle) -> None:
    page = Browserless(run.url, worker_id="x").enter()
    page.submit({"text": "yes"})
    page.submit({"text": "a"})
    shown = run_crowd("worker", "show", "x")
    assert "quiz" in shown
    assert "worked on t: 1 pieces submitted" in shown
    assert "x (inhouse) has bad = 3" in run_crowd("worker", "grant", "x", "bad", "3")
    assert page.enter().code == "not_qualified"
    assert json.loads(run_crowd("worker", "holders", "bad", "--json")) == [
        {"worker": "x", "provider": "inhouse", "value": 3}
    ]
    run_crowd("worker", "revoke", "x", "bad")
    assert page.enter().reply.status_code == 201
    assert "`crowd worker show x`" in refused("worker", "revoke", "x", "bad")


def test_reset_lets_somebody_try_again(run: RunHandle) -> None:
    page = Browserless(run.url, worker_id="x").enter()
    page.submit({"text": "no"})
    assert Browserless(run.url, worker_id="x").enter().code == "not_qualified"
    assert "quiz, quiz.failed forgotten" in run_crowd("worker", "reset", "x", "quiz")
    assert Browserless(run.url, worker_id="x").enter().document["phase"] == "onboarding"


def test_block_and_unblock(run: RunHandle) -> None:
    Browserless(run.url, worker_id="x").enter().call("POST", "/return")
    run_crowd("worker", "block", "x", "--reason", "spam")
    page = Browserless(run.url, worker_id="x").enter()
    assert page.code == "blocked"
    assert "spam" not in page.reply.text
    assert json.loads(run_crowd("worker", "show", "x", "--json"))["blocked"] == "spam"
    run_crowd("worker", "unblock", "x")
    assert page.enter().document["phase"] == "onboarding"


def test_somebody_may_be_granted_before_they_come(run: RunHandle) -> None:
    assert "no worker is named 'new'" in refused("worker", "grant", "new", "quiz")
    run_crowd("worker", "grant", "new", "quiz", "--provider", "inhouse")
    assert Browserless(run.url, worker_id="new").enter().document["phase"] == "work"
    run_crowd("worker", "grant", "new", "quiz", "--provider", "mock")
    assert "several providers know a worker 'new': inhouse, mock" in refused("worker", "show", "new")
    assert "new (mock)" in run_crowd("worker", "show", "new", "--provider", "mock")


def worker_at_work(run: RunHandle, name: str) -> Browserless:
    """Somebody who has passed onboarding."""
    run_crowd("worker", "grant", name, "quiz", "--provider", "inhouse")
    return Browserless(run.url, worker_id=name).enter()


def test_tips_are_shown_to_others_once_accepted_and_may_earn_a_bonus(run: RunHandle) -> None:
    page = worker_at_work(run, "x")
    assert page.document["asks"] == ["feedback", "tip"]
    assert page.call("POST", "/feedback", json={"kind": "tip", "text": " Zoom in. "}).status_code == 204
    assert page.call("POST", "/feedback", json={"kind": "feedback", "text": "Too <b>long</b>"}).status_code == 204
    page.submit({"text": "a"})
    assert page.call("POST", "/feedback", json={"kind": "tip", "text": "Bad tip"}).status_code == 204, "also afterwards"
    listed = json.loads(run_crowd("tips", "t", "--json"))
    assert [(t["text"], t["status"]) for t in listed] == [("Zoom in.", "new"), ("Bad tip", "new")]
    assert {t["worker"] for t in listed} == {"x"}
    assert "Too <b>long</b>" in run_crowd("tips", "t", "--feedback")
    assert worker_at_work(run, "y").document["tips"] == []
    run_crowd("tips", "t", "--accept", str(listed[0]["id"]), "--bonus", "0.25")
    other = worker_at_work(run, "z")
    until(lambda: other.call("GET", "").json()["tips"] == ["Zoom in."])
    assert "0.75" in run_crowd("owed", "t"), "a unit and the bonus"
    run_crowd("tips", "t", "--remove", str(listed[0]["id"]))
    until(lambda: other.call("GET", "").json()["tips"] == [])
    row = json.loads(run_crowd("export", "t").splitlines()[0])
    assert [(n["kind"], n["text"], n["status"]) for n in row["notes"]] == [
        ("tip", "Zoom in.", "removed"), ("feedback", "Too <b>long</b>", "new"), ("tip", "Bad tip", "new"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tips", "nope"], "no task named 'nope'"), (["tips", "t", "--accept", "7"], "task t has no tip 7"),
        (["tips", "t", "--bonus", "1"], "--bonus goes with --accept"),
        (["tips", "t", "--accept", "1", "--bonus", "-1"], "is no amount"),
        (["tips", "t", "--accept", "1", "--bonus", "NaN"], "is no amount"),
    ],
)  # fmt: skip
def test_wrong_words_are_told(run: RunHandle, words: list[str], told: str) -> None:
    assert told in refused(*words)


@pytest.mark.parametrize(
    "body", [{}, {"kind": "poem", "text": "a"}, {"text": ""}, {"text": " "}, {"text": 3}, {"text": "x" * 5001}]
)
def test_empty_or_endless_notes_are_invalid(run: RunHandle, body: dict[str, object]) -> None:
    page = worker_at_work(run, "x")
    assert page.call("POST", "/feedback", json=body).status_code == 422


def test_there_is_an_end_to_notes(run: RunHandle) -> None:
    page = worker_at_work(run, "x")
    codes = [page.call("POST", "/feedback", json={"text": str(n)}).status_code for n in range(51)]
    assert codes == [204] * 50 + [429]
