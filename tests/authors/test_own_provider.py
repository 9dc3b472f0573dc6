"""A provider of a third party: who may come, how work ends, and pay that is sent once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crowdcore.testing import Browserless, Machine, until

TASK = """
task: {name: count, reward: 0.25}
blueprint: {type: mock, num_assignments: 2}
provider: {type: badge, badges: ["7", "8"], payroll: payroll}
architect: {port: 0}
"""


def notes(tmp_path: Path) -> list[str]:
    return [path.read_text() for path in sorted((tmp_path / "payroll").iterdir())]


def test_it_decides_who_comes_and_how_a_visit_ends(machine: Machine, task: Callable[..., None], tmp_path: Path) -> None:
    task(TASK)
    (tmp_path / "payroll").mkdir()
    with machine.serve("run", "task.yaml") as served:
        visitor = Browserless(served.url).enter()
        assert (visitor.document["phase"], visitor.document["provider"]) == ("preview", {"name": "Badges"})
        stranger = Browserless(served.url, badge="9").enter()
        assert (stranger.reply.status_code, stranger.code) == (403, "refused")
        assert stranger.reply.json()["detail"] == "This badge is not on the list. Please ask at the front desk."
        seven = Browserless(served.url, badge="7", place="A").enter()
        assert seven.submit({"text": ""}).json()["completion"] == {
            "kind": "redirect", "url": "https://intranet.example/?visit=A", "fields": {}
        }  # fmt: skip
        again = Browserless(served.url, badge="7", place="A").enter()
        assert (again.reply.status_code, again.document["phase"]) == (200, "done")


def test_it_pays_each_reward_once_also_over_kill_9(machine: Machine, task: Callable[..., None], tmp_path: Path) -> None:
    task(TASK)
    (tmp_path / "payroll").mkdir()
    with machine.serve("run", "task.yaml") as served:
        eight = Browserless(served.url, badge="8").enter()
        assert Browserless(served.url, badge="7").enter().submit({"text": "1"}).is_success
        until(lambda: notes(tmp_path))
        served.kill()
    assert notes(tmp_path) == ["badge-7 gets 0.25 EUR\n"]
    with machine.serve("resume") as served:
        again = Browserless(served.url, badge="8").enter()
        assert again.document["agent"] == eight.document["agent"]
        assert again.submit({"text": "2"}).is_success
        assert served.wait() == 0
    assert sorted(notes(tmp_path)) == ["badge-7 gets 0.25 EUR\n", "badge-8 gets 0.25 EUR\n"]
    rows = machine.exported("count")
    assert [(row["worker"], row["provider"]) for row in rows] == [("badge-8", "badge"), ("badge-7", "badge")]


def test_its_own_check_stops_a_launch(machine: Machine, task: Callable[..., None], tmp_path: Path) -> None:
    task(TASK.replace('["7", "8"]', "[]"))
    (tmp_path / "payroll").mkdir()
    done = machine.crowd("run", "task.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: provider 'badge': badges is empty: nobody could come\n"
    assert machine.crowd("runs").stdout == "no runs yet: crowd run TASK launches one\n"
