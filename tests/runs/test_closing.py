"""However a run ends in a process, every plugin, gate and bot is told once, and frees what it holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from crowdcore import CrowdError, resume
from crowdcore.testing import Browserless, Machine, serve, until
from crowdcore.testing.clock import RunningClock

PLUGINS = """
from pathlib import Path
from crowdcore import hookimpl
from crowdcore.testing.mock import MockBlueprint, MockProvider

def closed(name):
    with (Path(__file__).parent / "closed.txt").open("a") as file:
        file.write(name + "\\n")

class Closing:
    @hookimpl
    def plugin_close(self, run):
        closed(run.plugin.partition(":")[0])

class Blueprint(Closing, MockBlueprint): ...
class Provider(Closing, MockProvider): ...
class Extension(Closing): ...

class Architect(Closing):
    @hookimpl
    def architect_deploy(self, run, app):
        if run.args["trouble"] == "deploy":
            raise ValueError("no machine is free")
        return f"http://127.0.0.1:{run.serve(app)}/"

class Bot:
    def act(self, item, conversation, me): ...
    def close(self):
        closed("bot")
"""
HOOKS = """
import sys
from crowdcore import hookimpl

class Gate:
    name = "door"
    def __init__(self, closed): self.closed = closed
    def check(self, run, worker): ...
    def close(self): self.closed("gate")

@hookimpl
def register_gates(run):
    return [Gate(run.module(run.task_dir / "mine.py").closed)]

@hookimpl
def provider_check(run):
    return ["the account is empty"] if run.args["trouble"] == "check" else []

@hookimpl
def plugin_close(run):
    run.module(run.task_dir / "mine.py").closed("hooks.py")
    if run.args["trouble"] == "close": raise ValueError("stuck")
"""
ORDER = ["bot", "gate", "hooks.py", "extension", "blueprint", "provider", "architect"]


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """A task whose plugins write down that they were closed; `trouble` is what goes wrong."""
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))

    def write(trouble: str = "") -> dict[str, Any]:
        (tmp_path / "mine.py").write_text(PLUGINS)
        (tmp_path / "hooks.py").write_text(HOOKS)
        file = tmp_path / "mine.py"
        text = f"""
            task: {{name: demo}}
            args: {{trouble: "{trouble}"}}
            blueprint: {{type: "{file}:Blueprint", num_assignments: 2}}
            provider: {{type: "{file}:Provider"}}
            architect: {{type: "{file}:Architect"}}
            extensions: ["{file}:Extension"]
            pairing: {{on_timeout: stand_in, stand_in: [{{type: "{file}:Bot"}}]}}
        """
        (tmp_path / "task.yaml").write_text(text)
        return {"config": tmp_path / "task.yaml", "data_dir": tmp_path / "data"}

    return write


def closed(folder: Path) -> list[str]:
    note = folder / "closed.txt"
    return note.read_text().split() if note.exists() else []


def test_a_run_that_is_stopped_or_comes_to_its_end_closes_all_in_reverse_order(
    task: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    clock = RunningClock()
    with serve(**task(), clock=clock) as run:
        assert closed(tmp_path) == []
    assert closed(tmp_path) == ORDER
    again = resume(run.name, data_dir=tmp_path / "data", clock=clock)
    again.launched()
    assert closed(tmp_path) == ORDER, "those of the second process"
    again.drain()

    def ended() -> str | None:
        clock.advance(1)
        return again.wait(0.05)

    until(ended)
    assert closed(tmp_path) == [*ORDER, *ORDER]


@pytest.mark.parametrize(
    ("trouble", "wanted"), [("check", [name for name in ORDER if name != "gate"]), ("deploy", ORDER)]
)
def test_a_launch_that_fails_closes_all_that_was_made(
    task: Callable[..., dict[str, Any]], tmp_path: Path, trouble: str, wanted: list[str]
) -> None:
    with pytest.raises(CrowdError), serve(**task(trouble)):
        pass
    assert closed(tmp_path) == wanted


def test_one_that_fails_is_told_and_keeps_no_other_from_it(
    task: Callable[..., dict[str, Any]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(**task("close")):
        pass
    assert closed(tmp_path) == ORDER
    assert "plugin_close of plugin hooks.py: ValueError: stuck (hooks.py:" in caplog.text


def test_one_that_hangs_holds_nobody_for_long(
    task: Callable[..., dict[str, Any]], tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from crowdcore import hookimpl

    monkeypatch.setattr("crowdcore.plugins.hooks.common.CLOSE", 0.2)
    free = Event()

    @hookimpl
    def plugin_close() -> None:
        free.wait(600)

    try:
        with serve(**task(), hooks=[plugin_close]):
            pass
        assert closed(tmp_path) == ORDER
    finally:
        free.set()
    assert "plugin_close of plugin hooks: took longer than 0.2 seconds" in caplog.text


TUNNEL = r"""
import subprocess, sys
from crowdcore import hookimpl

PROGRAM = '''
import socket, time
listener = socket.socket()
listener.bind(("127.0.0.1", {port}))
listener.listen()
print("ready", flush=True)
time.sleep(600)
'''

class Tunnel:
    @hookimpl
    def architect_deploy(self, run, app):
        ports = run.records("port")
        port = ports.get("own") or run.args["port"]
        ports.put("own", port)
        self.child = subprocess.Popen([sys.executable, "-c", PROGRAM.format(port=port)], stdout=subprocess.PIPE)
        (run.task_dir / "pid").write_text(str(self.child.pid))
        if self.child.stdout.readline() != b"ready\n":
            raise RuntimeError("the tunnel's port is taken")
        return f"http://127.0.0.1:{run.serve(app)}/"

    @hookimpl
    def plugin_close(self):
        self.child.terminate()
        self.child.wait()
"""


@pytest.mark.parametrize("how", ["stop", "terminate"])
def test_a_tunnel_that_an_architect_started_is_gone_and_the_resume_has_its_port(tmp_path: Path, how: str) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "tunnel.py").write_text(TUNNEL)
    (tmp_path / "task.yaml").write_text(
        f"task: {{name: demo}}\nblueprint: {{type: mock, num_assignments: 2}}\nprovider: {{type: mock}}\n"
        f"architect: {{type: ./tunnel.py:Tunnel}}\nargs: {{port: {port}}}\n"
    )
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml") as served:
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
        if how == "stop":
            assert machine.crowd("stop", "demo", "--now").returncode == 0
        else:
            served.process.terminate()
        served.wait()
        assert not Path(f"/proc/{pid}").exists()
    with machine.serve("resume", "demo") as served:
        assert Browserless(served.url, worker_id="x").enter().document["phase"] == "work"
        second = int((tmp_path / "pid").read_text())
        assert second != pid
        served.process.terminate()
        served.wait()
    assert not Path(f"/proc/{second}").exists()
