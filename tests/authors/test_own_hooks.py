"""The hooks.py beside a task overrides owner hooks, asks for the original, and survives kill -9."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crowdcore.testing import Browserless, Machine

TASK = """
task: {name: headlines}
blueprint: {type: headline, texts: [Rain all week, Market opens again]}
architect: {port: 0}
"""
HOOKS = (Path(__file__).parent / "task" / "hooks.py").read_text()


def test_overrides_change_the_run_and_use_the_original(machine: Machine, task: Callable[..., None]) -> None:
    task(TASK, hooks_py=HOOKS)
    with machine.serve("run", "task.yaml") as served:
        y = Browserless(served.url, worker_id="y").enter()
        assert y.document["init"] == {"text": "Market opens again", "number": 1}, "refused the first, given the next"
        x = Browserless(served.url, worker_id="x").enter()
        assert x.document["init"] == {"text": "Rain all week", "number": 0}
        completion = x.submit({"headline": "Still raining"}).json()["completion"]
        assert completion["fields"]["next"] is True, "of the provider"
        assert completion["fields"]["code"] == "0002", "of hooks.py"
        served.expect(r"^x handed in {'headline': 'Still raining', 'words': 2}$")
        (row,) = machine.exported("headlines")
        assert machine.rendered(row["agent"], "html") == "x: Still raining (2 words)"
        served.kill()
    (machine.folder / "hooks.py").write_text("changed after the launch, and no Python at all")
    with machine.serve("resume") as served:
        again = Browserless(served.url, worker_id="y").enter()
        assert again.document["init"] == y.document["init"]
        again.submit({"headline": "Stalls"})
        served.expect(r"^y handed in {'headline': 'Stalls', 'words': 1}$")
        assert served.wait() == 0
        assert "x handed in" not in served.stdout, "each submission is told once"
    assert [row["item"]["number"] for row in machine.exported("headlines")] == [1, 0]
