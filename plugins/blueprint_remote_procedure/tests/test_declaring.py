"""Procedures are found in hooks.py and in what is given from Python; faults stop the launch."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError, PluginError, Procedures, procedure
from crowdcore.testing import Browserless, Machine

HOOKS = """
from __future__ import annotations
from dataclasses import dataclass
import crowdcore

@dataclass
class Shout:
    word: str

@crowdcore.procedure("shout")
def shout(agent, args: Shout, request_id, run):
    return f"{args.word.upper()} on {run.name} by {agent.worker.name}"
"""


def test_functions_of_hooks_py_are_called(launch: Any, worker: Any, tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text(HOOKS)
    assert worker(launch()).ask("shout", {"word": "hey"}) == "HEY on t-1 by x"


def test_calls_survive_kill_minus_nine(task: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "hooks.py").write_text(HOOKS)
    machine = Machine(tmp_path)
    request = {"args": {"word": "a"}, "request_id": "1"}
    with machine.serve("run", str(task())) as served:
        worker = Browserless(served.url, worker_id="x", assignment_id="1").enter()
        first = worker.call("POST", "/call/shout", json=request).json()
        served.kill()
    with machine.serve("resume") as served:
        worker = Browserless(served.url, worker_id="x", assignment_id="1").enter()
        assert worker.document["init"]["calls"][0]["result"] == first["result"]
        assert worker.call("POST", "/call/shout", json=request).json() == first
        worker.submit({"word": "w"})
    (row,) = machine.exported("t")
    assert row["data"]["calls"][0]["result"] == "A on t-1 by x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import crowdcore", "the task has no procedures; write @crowdcore.procedure(\"name\") above a function"),
        ("@procedure('a')\nasync def f(args): pass", "hooks.py: procedure 'a' is an async function; write a plain def"),
        ("@procedure('a')\ndef f(more): pass", "hooks.py: procedure 'a' has no argument 'more'; it may take agent"),
        ("@procedure('a')\ndef f(args, /): pass", "hooks.py: procedure 'a' gets its arguments by name; remove the /"),
        ("@procedure('a')\ndef f(args: 'Gone'): pass", "procedure 'a': the annotation of args, 'Gone': NameError"),
        ("@procedure('no good')\ndef f(): pass", "'no good' is no name for a procedure"),
        ("@procedure('a')\ndef f(): pass\n@procedure('a')\ndef g(): pass", "both hooks.py and hooks.py have one"),
    ],
)  # fmt: skip
def test_a_faulty_declaration_stops_the_launch(launch: Any, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "hooks.py").write_text(f"from crowdcore import procedure\n{text}\n")
    with pytest.raises((ConfigError, PluginError), match=re.escape(said)):
        launch()


def test_two_claims_on_one_name_are_told(launch: Any) -> None:
    with pytest.raises(PluginError, match="procedure 'a': both hooks and hooks 2 have one; rename one of them"):
        launch(Procedures({"a": lambda: 1}), Procedures({"a": lambda: 2}))


def test_a_marked_function_stays_a_function() -> None:
    @procedure("double")
    def double(args: int) -> int:
        return args * 2

    assert double(2) == 4
