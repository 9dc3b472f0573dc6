"""A damaged database is one plain line at any command, which names the way out; the way out works."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.past import Crowd, crowd, data, kept_past

__all__ = ["crowd", "data", "kept_past"]

COMMANDS = (("runs",), ("status",), ("export", "pets"), ("stop", "pets-1"), ("worker", "show", "x"), ("db", "check"))
PAGE = 4096


@pytest.fixture
def file(data: Path) -> Path:
    """The database file, with everything in it: the log was written back at the last close."""
    assert not (data / "crowd.db-wal").exists()
    return data / "crowd.db"


def overwrite(file: Path, at: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(content)


def test_every_command_names_the_way_out_of_a_spoilt_schema(crowd: Crowd, file: Path) -> None:
    overwrite(file, 100, b"\xff" * (PAGE - 100))
    for words in COMMANDS[:-1]:
        said = crowd(*words)
        assert (said.code, said.out, len(said.err.splitlines())) == (2, "", 1), words
        assert said.err.startswith(f"error: {file} is damaged (")
        assert "`crowd db check` says what is wrong, `crowd db restore BACKUP --force` puts back a backup" in said.err
    said = crowd("db", "check")
    assert (said.code, said.err, len(said.lines)) == (1, "", 1)
    assert said.lines[0].endswith("; put back a backup: crowd db restore BACKUP --force")


def test_a_resume_in_its_own_process_says_the_same(file: Path, data: Path, tmp_path: Path) -> None:
    overwrite(file, 100, b"\xff" * (PAGE - 100))
    done = subprocess.run(
        [sys.executable, "-c", "from crowdcore.cli import main; main()", "resume"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "is damaged" in done.stderr


def test_a_file_that_is_no_database_is_named(crowd: Crowd, file: Path) -> None:
    file.write_bytes(b"dear diary, " * 1000)
    for words in COMMANDS[:-1]:
        said = crowd(*words)
        assert (said.code, said.out, len(said.err.splitlines())) == (2, "", 1), words
        assert "is not a database: `crowd db check` says" in said.err
    said = crowd("db", "check")
    assert (said.code, said.lines) == (
        1, [f"fault: {file} is not a database; put back a backup: crowd db restore BACKUP --force"],
    )  # fmt: skip


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_truncated_file_is_found_and_breaks_nothing_but_the_command(crowd: Crowd, file: Path, part: float) -> None:
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
    for words in COMMANDS[:-1]:
        said = crowd(*words)
        assert said.code in (0, 2), said
        assert "Traceback" not in said.err
    said = crowd("db", "check")
    assert (said.code, said.err) == (1, "")
    assert said.lines[0].startswith(f"fault: {file}")


@pytest.mark.parametrize("seed", range(12))
def test_pages_overwritten_at_random_are_found_and_no_command_breaks(crowd: Crowd, file: Path, seed: int) -> None:
    """A page of free text may be spoilt without SQLite noticing; then rows and events disagree, or nothing does."""
    chance = random.Random(seed)
    pages = file.stat().st_size // PAGE
    for page in chance.sample(range(1, pages), 3):
        overwrite(file, page * PAGE, chance.choice((bytes(PAGE), chance.randbytes(PAGE), b"\xff" * PAGE)))
    said = crowd("db", "check")
    assert (said.code, said.err) == (1, ""), said
    assert all(line.startswith("fault: ") and "; " in line for line in said.lines)
    for words in COMMANDS[:-1]:
        said = crowd(*words)
        assert said.code in (0, 2), said
        assert said.code == 0 or len(said.err.splitlines()) == 1


def test_an_empty_file_and_a_lost_log_are_found(crowd: Crowd, file: Path) -> None:
    file.write_bytes(b"")
    said = crowd("runs")
    assert (said.code, "no database at" in said.err) == (2, True)
    said = crowd("db", "check")
    assert (said.code, "is empty: its tables are gone" in said.out) == (1, True)


def test_a_backup_puts_everything_right(crowd: Crowd, file: Path, tmp_path: Path) -> None:
    assert crowd("db", "backup", tmp_path / "backup").code == 0
    before = crowd("export", "pets").out
    overwrite(file, 100, b"\xff" * (PAGE - 100))
    assert crowd("db", "restore", tmp_path / "backup", "--force").code == 0
    assert crowd("db", "check").code == 0
    assert crowd("export", "pets").out == before


def test_a_backup_of_a_damaged_database_is_not_made(crowd: Crowd, file: Path, tmp_path: Path) -> None:
    file.write_bytes(file.read_bytes()[:PAGE])
    said = crowd("db", "backup", tmp_path / "backup")
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert not list(tmp_path.glob("backup*"))
