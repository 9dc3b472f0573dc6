"""Files that a user names: replaced whole if they are plain ones, else written through; `-` is standard output.

Everything hostile here is made in tmp_path, and no device is touched.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crowdcore.testing import Browserless
from crowdcore.testing.process import Machine
from crowdcore.testing.server import serve

FORM = Path(__file__).parents[2] / "examples" / "form"
ROWS = 2

Command = tuple[str, ...]
COMMANDS: dict[str, tuple[Command, str]] = {
    "export": (("export", "t", "-o"), ".jsonl"),
    "owed": (("owed", "t", "--csv"), ".csv"),
    "form": (("form", "expand", "form", "--force", "-o"), ".json"),
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with two paid answers, and a form to expand."""
    folder = tmp_path_factory.mktemp("machine")
    config: dict[str, Any] = {
        "task": {"name": "t", "reward": "0.5"}, "blueprint": {"type": "mock", "num_assignments": ROWS},
        "provider": {"type": "inhouse"},
    }  # fmt: skip
    with serve(config, data_dir=folder / "data") as run:
        for worker in ("x", "y"):
            assert Browserless(run.url, worker_id=worker).enter().submit({"text": worker}).is_success
    shutil.copytree(FORM, folder / "form")
    return Machine(folder)


@pytest.fixture(params=list(COMMANDS))
def write(request: pytest.FixtureRequest, machine: Machine) -> Callable[[Path | str], Any]:
    """`write(path)`: the command that writes there, run to its end; `write.ending` is that of its files."""
    words, ending = COMMANDS[request.param]

    def run(path: Path | str) -> Any:
        return machine.crowd(*words, str(path))

    run.ending = ending  # type: ignore[attr-defined]
    return run


def written(write: Any, folder: Path) -> str:
    """What the command writes into a new file."""
    path = folder / f"new{write.ending}"
    done = write(path)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert [p.name for p in folder.iterdir() if "partial" in p.name] == []
    return path.read_text("utf-8")


def test_a_plain_file_is_replaced_and_keeps_its_permissions(write: Any, tmp_path: Path) -> None:
    new, path = written(write, tmp_path), tmp_path / f"old{write.ending}"
    path.write_text("old" * 10_000)
    path.chmod(0o640)
    assert write(path).returncode == 0
    assert path.read_text("utf-8") == new
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link_and_is_written_through(write: Any, tmp_path: Path) -> None:
    new = written(write, tmp_path)
    for name, before in (("there", "old" * 10_000), ("nowhere", None)):
        target, link = tmp_path / "far" / f"{name}.txt", tmp_path / f"{name}{write.ending}"
        target.parent.mkdir(exist_ok=True)
        if before is not None:
            target.write_text(before)
        link.symlink_to(target)
        assert write(link).returncode == 0
        assert link.is_symlink()
        assert target.read_text("utf-8") == new


def test_both_names_of_a_file_show_what_was_written(write: Any, tmp_path: Path) -> None:
    new, one, other = written(write, tmp_path), tmp_path / f"one{write.ending}", tmp_path / "other"
    one.write_text("old")
    other.hardlink_to(one)
    assert write(one).returncode == 0
    assert other.read_text("utf-8") == new


@pytest.mark.parametrize("linked", [False, True])
def test_a_fifo_stays_and_its_reader_gets_everything(write: Any, tmp_path: Path, linked: bool) -> None:
    new, fifo = written(write, tmp_path), tmp_path / "pipe.fifo"
    os.mkfifo(fifo)
    path = fifo
    if linked:
        path = tmp_path / "link"
        path.symlink_to(fifo)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_text("utf-8")))
    reader.start()
    done = write(path)
    if done.returncode:  # then nobody opened it for writing
        os.close(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))
    reader.join()
    assert done.returncode == 0, done.stderr
    assert got == [new]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert path.is_symlink() == linked


def test_a_dash_is_standard_output_and_holds_nothing_else(write: Any, machine: Machine, tmp_path: Path) -> None:
    new, done = written(write, tmp_path), write("-")
    assert done.returncode == 0
    assert done.stdout == new.replace("\r\n", "\n")  # Machine reads lines
    assert not (machine.folder / "-").exists()
    assert write("./-").returncode == 0
    assert (machine.folder / "-").read_text("utf-8") == new
    (machine.folder / "-").unlink()


@pytest.mark.parametrize("name", ["answers.xlsx", "answers.csv.gz", "answers.txt"])
def test_an_unknown_ending_is_an_error_and_writes_nothing(write: Any, tmp_path: Path, name: str) -> None:
    done = write(tmp_path / name)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "name the file " in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["no/such/folder", "x" * 256, "file/below", ""])
def test_what_cannot_be_written_is_one_line(write: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    done = write(tmp_path / name if name else "")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_form_is_not_expanded_over_a_file_without_a_word(machine: Machine, tmp_path: Path) -> None:
    path, link = tmp_path / "items.json", tmp_path / "link.json"
    path.write_text("mine")
    link.symlink_to(path)
    for name in (path, link):
        assert "use --force" in machine.crowd("form", "expand", "form", "-o", str(name)).stderr
    assert path.read_text() == "mine"


def test_a_backup_takes_no_name_that_is_taken(machine: Machine, tmp_path: Path) -> None:
    link, mine, partial = tmp_path / "link", tmp_path / "mine", tmp_path / "new.partial"
    link.symlink_to(tmp_path / "nowhere")
    mine.mkdir()
    partial.mkdir()
    (partial / "thesis.tex").write_text("ten years")
    before = sorted(tmp_path.rglob("*"))
    for name, said in (("link", "there already"), ("mine", "there already"), ("new", "no half backup")):
        done = machine.crowd("db", "backup", str(tmp_path / name))
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    done = machine.crowd("db", "backup", "-")
    assert (done.returncode, "a backup is a folder" in done.stderr) == (2, True)
    assert machine.crowd("export", "t", "--files", "-").returncode == 2
    assert sorted(tmp_path.rglob("*")) == before
    assert not (machine.folder / "-").exists()
