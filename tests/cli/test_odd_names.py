"""Whatever a task, a run or a file is called: it leads nowhere else, and no command breaks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from crowdcore.base.paths import file_address, folder_name, is_below
from crowdcore.testing import Browserless, Machine

CROWD = str(Path(sys.executable).with_name("crowd"))


@pytest.mark.parametrize(
    "name", ["../../x", "{outside}/abs", "..", ".", "a/b", "50%_off?", "x" * 200, "é" * 200, "a\\..\\b", ".hidden"]
)
def test_a_runs_folder_lies_in_the_data_directory_whatever_the_task_is_called(tmp_path: Path, name: str) -> None:
    (inner := tmp_path / "a" / "b").mkdir(parents=True)
    outside = tmp_path / "outside"
    name = name.format(outside=outside)
    document = {"task": {"name": name}, "blueprint": {"type": "mock"}, "architect": {"type": "local", "port": 0}}
    (inner / "task.yaml").write_text(yaml.safe_dump(document))
    machine = Machine(inner)
    with machine.serve("run", "task.yaml") as served:
        Browserless(served.url, worker_id="w").enter().submit({"text": "hello"})
        served.kill()
    assert sorted(path.name for path in inner.iterdir()) == ["config", "data", "task.yaml"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b"]
    assert not outside.exists()
    (folder,) = (machine.data_dir / "runs").iterdir()
    assert (folder / "build" / "index.html").is_file()
    assert machine.crowd("status", f"{name}-1").returncode == 0
    with machine.serve("resume", f"{name}-1") as served:
        Browserless(served.url, worker_id="v").enter().submit({"text": "hello"})
    assert [row["worker"] for row in machine.exported(name)] == ["w", "v"]
    assert machine.crowd("db", "check").stdout.startswith("no faults")
    assert machine.crowd("db", "backup", "backup").returncode == 0
    assert [path.name for path in (inner / "backup" / "runs").iterdir()] == [folder.name]


def test_different_names_are_different_folders() -> None:
    names = ["a/b", "a%2Fb", "a%252Fb", ".a", "%2Ea", "..", ".", "x" * 300, "x" * 301, "a\\b", "\udcff", "\ud83d"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert not any("/" in folder or folder.startswith(".") or len(os.fsencode(folder)) > 255 for folder in folders)
    assert folder_name("my task é-12") == "my task é-12"


@pytest.mark.parametrize(
    "words",
    [
        "status N", "export N", "tips N", "owed N", "outbox N", "invite N a", "stop N", "set N a=b", "resume N",
        "review list N", "simulate N", "worker show N", "worker grant N q 1", "worker block N --reason r", "run N",
        "run . blueprint.num_assignments=N", "db restore N", "--data-dir N runs", "options N", "plugins show N", "N",
    ],
)  # fmt: skip
def test_bytes_that_are_no_text_on_the_command_line_are_one_line(tmp_path: Path, words: str) -> None:
    document = {"task": {"name": "t"}, "blueprint": {"type": "mock"}, "architect": {"type": "local", "port": 0}}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(document))
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml"):
        pass
    given = [os.fsencode(word).replace(b"N", b"n\xff") for word in words.split()]
    done = subprocess.run([CROWD, *given], cwd=tmp_path, env=machine.environment, capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False), done.stderr
    assert b"n\\udcff" in done.stderr


def test_addresses_of_files() -> None:
    assert file_address("a b/50%?#é.png") == "a%20b/50%25%3F%23%C3%A9.png"
    assert file_address("\udcff") == "%FF"


def test_a_name_is_below_a_folder_only_as_a_file_there(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("")
    (tmp_path / "b").write_text("")
    assert is_below(tmp_path / "in", "a")
    for name in ("../b", str(tmp_path / "b"), "", ".", "a\0", "x" * 5000, "a/../../b"):
        assert not is_below(tmp_path / "in", name)
