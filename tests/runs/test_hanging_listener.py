"""A listener that hangs holds up neither the end of a run nor that of its process, and is told again."""

from __future__ import annotations

import threading
from pathlib import Path

from crowdcore import hookimpl, launch, resume
from crowdcore.testing import Browserless, Machine, until
from crowdcore.testing.patience import PATIENCE
from crowdcore.types import UnitSubmitted

TASK = {
    "task": {"name": "heard"}, "blueprint": {"type": "mock", "num_assignments": 3}, "provider": {"type": "mock"},
    "architect": {"type": "local", "port": 0},
}  # fmt: skip
YAML = "task: {name: heard}\nblueprint: {type: mock}\nprovider: {type: mock}\narchitect: {type: local, port: 0}\n"
HOOKS = """
import threading
from crowdcore import hookimpl

@hookimpl
def on_unit_submitted(event, run):
    run.log.error("listening")
    threading.Event().wait()
"""


class Hangs:
    """Hears of a submission, and does not come back until it is let go."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.go_on = threading.Event()

    @hookimpl
    def on_unit_submitted(self, event: UnitSubmitted) -> None:
        self.heard.append(event.event)
        self.go_on.wait()


def test_a_run_stops_though_a_listener_hangs_and_the_listener_is_told_again(tmp_path: Path) -> None:
    hangs = Hangs()
    run = launch(TASK, data_dir=tmp_path, hooks=[hangs])
    run.launched()
    Browserless(run.url, worker_id="x").enter().submit({"text": "a"})
    until(lambda: hangs.heard)
    stopping = threading.Thread(target=run.stop, daemon=True)
    stopping.start()
    stopping.join(PATIENCE)
    stopped = not stopping.is_alive()
    hangs.go_on.set()
    assert stopped
    again = resume(run.name, data_dir=tmp_path, hooks=[hangs])
    until(lambda: len(hangs.heard) == 2)
    again.stop()
    assert hangs.heard[0] == hangs.heard[1]


def test_two_interrupts_end_the_process_though_a_listener_hangs(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text(YAML)
    (tmp_path / "hooks.py").write_text(HOOKS)
    with Machine(tmp_path).serve("run", "task.yaml") as served:
        Browserless(served.url, worker_id="x").enter().submit({"text": "a"})
        served.expect("listening", stream="stderr")
        served.interrupt()
        served.expect("no new work is handed out")
        served.interrupt()
        assert served.wait() == 130
        assert "a listener" in served.stderr
        assert "is left alone" in served.stderr
