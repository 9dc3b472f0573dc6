"""A blueprint of a third party: installed from its wheel, run, killed, resumed, exported, rendered."""

from __future__ import annotations

from collections.abc import Callable

from crowdcore.testing import Browserless, Machine
from tests import web

TASK = """
task: {name: headlines, reward: 0.10}
blueprint:
  type: headline
  texts: [Rain all week, Market opens again]
  most_words: 4
architect: {port: 0}
"""


def test_its_page_is_served(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK)
    with machine.serve("run", "task.yaml") as served:
        page = web.get(served.url)
        assert "Your headline" in page.text
        assert "crowd.start()" in web.get(f"{served.url}task/page.js").text


def test_a_submission_is_checked_parsed_and_survives_kill_9(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK)
    with machine.serve("run", "task.yaml") as served:
        x = Browserless(served.url, worker_id="x").enter()
        y = Browserless(served.url, worker_id="y").enter()
        assert x.document["init"] == {"text": "Rain all week"}
        assert x.submit({"headline": "five words are too many"}).status_code == 422
        assert x.reply.json()["errors"] == {"headline": ["Please write 1 to 4 words."]}
        assert x.submit({"headline": "  Umbrellas sell out "}).status_code == 200
        served.kill()

    (row,) = machine.exported("headlines")
    assert row["data"] == {"headline": "Umbrellas sell out", "words": 3}
    assert row["plugins"]["blueprint:headline"] == "0.1.0"
    assert machine.rendered(row["agent"]) == "Umbrellas sell out (3 words)"

    with machine.serve("resume", "--no-open") as served:
        again = Browserless(served.url, worker_id="y").enter()
        assert (again.document["agent"], again.document["init"]) == (y.document["agent"], y.document["init"])
        assert again.submit({"headline": "Market day"}).status_code == 200
        assert served.wait() == 0
    assert [row["data"]["headline"] for row in machine.exported("headlines")] == ["Umbrellas sell out", "Market day"]


def test_its_options_are_checked_before_anything_is_launched(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK.replace("most_words: 4", "most_words: 0\n  most_wrods: 9"))
    done = machine.crowd("run", "task.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: task.yaml:6: blueprint.most_words: blueprint 'headline' option 'most_words': "
        "expected at least 1, got 0",
        "error: task.yaml:7: blueprint.most_wrods: blueprint 'headline' option 'most_wrods': unknown, "
        "did you mean 'most_words'?",
    ]
