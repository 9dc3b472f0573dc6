"""`crowd db backup` and `restore`: everything comes back, half a backup never, and what was there is kept."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from crowdcore import resume
from crowdcore.store import open_database
from crowdcore.testing import Browserless
from crowdcore.testing.server import serve
from tests.cli.past import TASK, UPLOAD, Crowd, crowd, data, kept_past, live_through
from tests.store.processes import python, read_line

__all__ = ["crowd", "data", "kept_past"]

BACK_UP_ON_A_SLOW_DISK = """
import pathlib, sys, time
from crowdcore.store.upkeep.backup import back_up

def told(what, done, total):
    print(what, flush=True)
    sys.stdin.readline()

back_up(None, pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), told)
"""


@pytest.fixture
def backup(crowd: Crowd, data: Path, tmp_path: Path) -> Path:
    """A backup of the data directory."""
    said = crowd("db", "backup", tmp_path / "backup")
    assert (said.code, said.err) == (0, ""), said
    return tmp_path / "backup"


def answers(crowd: Crowd) -> str:
    said = crowd("export", "pets")
    assert said.code == 0, said.err
    return said.out


def names_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_everything_comes_back_into_an_empty_directory(crowd: Crowd, backup: Path, data: Path, tmp_path: Path) -> None:
    before = answers(crowd)
    shutil.rmtree(data)
    said = crowd("db", "restore", backup)
    assert (said.code, said.err) == (0, "")
    assert answers(crowd) == before
    assert crowd("db", "check").code == 0
    assert [path.read_bytes() for path in (data / "files").rglob("*") if path.is_file()] == [UPLOAD]
    assert "pets-1" in crowd("runs").out


def test_a_restored_run_is_resumed_where_it_was(crowd: Crowd, backup: Path, data: Path) -> None:
    shutil.rmtree(data)
    crowd("db", "restore", backup)
    handle = resume("pets-1", data_dir=data)
    try:
        assert Browserless(handle.url, worker_id="w").enter().submit({"text": "w"}).status_code == 200
    finally:
        handle.stop()
    assert crowd("db", "check").code == 0


def test_a_backup_holds_what_the_database_names_and_nothing_else(crowd: Crowd, data: Path, tmp_path: Path) -> None:
    (data / "files" / "incoming" / "half.part").write_bytes(b"half an upload")
    (data / "files" / "aa" / "bb").mkdir(parents=True)
    (data / "files" / "aa" / "bb" / ("a" * 64)).write_bytes(b"of a submission that was refused")
    said = crowd("db", "backup", tmp_path / "backup")
    assert said.code == 0
    assert "not in it: secrets" in said.out
    found = names_below(tmp_path / "backup")
    assert {name for name in found if not name.startswith("runs/")} == {
        "crowd.db", "manifest.json", *(n for n in names_below(data) if n.startswith("files/") and "aa" not in n[:8]
                                       and "incoming" not in n),
    }  # fmt: skip
    assert not any(name.endswith(("/lock", ".key")) or "/build/" in name for name in found)


def test_a_backup_is_one_moment_of_a_database_that_is_written_to(crowd: Crowd, tmp_path: Path) -> None:
    task = {**TASK, "blueprint": {"type": "mock", "num_assignments": 400}, "task": {**TASK["task"], "name": "busy"}}
    done = threading.Event()
    acknowledged: list[int] = []

    def work(url: str) -> None:
        number = 0
        while not done.is_set():
            number += 1
            person = Browserless(url, worker_id=str(number)).enter()
            assert person.submit({"text": "x"}).status_code == 200
            acknowledged.append(person.document["agent"])

    with serve(task, data_dir=tmp_path / "data") as handle:
        thread = threading.Thread(target=work, args=(handle.url,))
        thread.start()
        for number in range(3):
            before = len(acknowledged)
            assert crowd("db", "backup", tmp_path / f"backup-{number}").code == 0
            with closing(sqlite3.connect(tmp_path / f"backup-{number}" / "crowd.db")) as copy:
                (count,) = copy.execute("SELECT COUNT(*) FROM agent WHERE status = 'completed'").fetchone()
            assert before <= count <= len(acknowledged) + 1
        done.set()
        thread.join(60)
    for number in range(3):
        place = tmp_path / f"place-{number}"
        assert crowd("--data-dir", place, "db", "restore", tmp_path / f"backup-{number}").code == 0
        assert crowd("--data-dir", place, "db", "check").code == 0


def test_a_database_in_the_way_is_refused_or_kept_aside(crowd: Crowd, backup: Path, data: Path) -> None:
    with closing(sqlite3.connect(data / "crowd.db", isolation_level=None)) as database:
        database.execute("UPDATE worker SET name = 'later' WHERE name = 'x'")
    refused = crowd("db", "restore", backup)
    assert refused.code == 2
    assert "is there already: --force moves it aside" in refused.err
    said = crowd("db", "restore", backup, "--force")
    assert said.code == 0
    (aside,) = data.glob("before-restore-*")
    assert f"what was there is in {aside}" in said.out
    assert "later" not in answers(crowd)
    assert "later" in crowd("--data-dir", aside, "export", "pets").out
    assert crowd("--data-dir", aside, "db", "check").code == 0


def test_a_run_that_is_served_keeps_its_database(crowd: Crowd, backup: Path, data: Path) -> None:
    handle = resume("pets-1", data_dir=data)
    try:
        said = crowd("db", "restore", backup, "--force")
    finally:
        handle.stop()
    assert (said.code, "run pets-1 is being served: `crowd stop pets-1 --now` first" in said.err) == (2, True)
    assert not list(data.glob("before-restore-*"))


def test_half_a_backup_is_none(crowd: Crowd, data: Path, tmp_path: Path) -> None:
    with python(BACK_UP_ON_A_SLOW_DISK, data, tmp_path / "backup") as process:
        assert read_line(process) == "copying the database"
        process.kill()
        process.wait()
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.partial"]
    for name in ("backup", "backup.partial"):
        said = crowd("--data-dir", tmp_path / "other", "db", "restore", tmp_path / name)
        assert (said.code, said.out) == (2, "")
        assert ("half a backup" if name.endswith("partial") else "is not a backup") in said.err
    assert crowd("db", "backup", tmp_path / "backup").code == 0
    assert not (tmp_path / "backup.partial").exists()


@pytest.mark.parametrize("spoilt", ["crowd.db", "upload changed", "upload gone", "manifest.json"])
def test_a_spoilt_backup_is_not_put_back(crowd: Crowd, backup: Path, data: Path, spoilt: str) -> None:
    uploads = [path for path in (backup / "files").rglob("*") if path.is_file()]
    path = uploads[0] if spoilt.startswith("upload") else backup / spoilt
    content = path.read_bytes()
    path.unlink()  # it may share its bytes with the data directory
    if spoilt != "upload gone":
        path.write_bytes(content[: len(content) // 2])
    before = names_below(data)
    said = crowd("db", "restore", backup, "--force")
    assert (said.code, said.out) == (2, "")
    assert "another backup" in said.err
    assert names_below(data) == before


def test_a_damaged_upload_is_named_and_left_out(crowd: Crowd, data: Path, tmp_path: Path) -> None:
    (path,) = (path for path in (data / "files").rglob("*") if path.is_file())
    path.unlink()
    said = crowd("db", "backup", tmp_path / "backup")
    assert (said.code, f"upload {path.name} is damaged or gone" in said.err) == (1, True)
    assert crowd("--data-dir", tmp_path / "other", "db", "restore", tmp_path / "backup").code == 0


def test_a_folder_that_is_there_is_not_written_to(crowd: Crowd, data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    said = crowd("db", "backup", tmp_path / "mine")
    assert (said.code, "is there already: give the name of a new folder" in said.err) == (2, True)
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.postgres
def test_a_database_on_a_server_is_dumped_and_loaded_by_its_own_programs(
    crowd: Crowd, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("quick_postgres")
    url, other = server.new_database(), server.new_database()
    live_through(tmp_path / "data", url)
    said = crowd("--db", url, "db", "backup", tmp_path / "backup")
    assert said.code == 0, said.err
    full = crowd("--db", url, "--data-dir", tmp_path / "new", "db", "restore", tmp_path / "backup")
    assert (full.code, "is not empty: createdb another one" in full.err) == (2, True)
    wrong = crowd("--data-dir", tmp_path / "new", "db", "restore", tmp_path / "backup")
    assert wrong.code == 2
    back = crowd("--db", other, "--data-dir", tmp_path / "new", "db", "restore", tmp_path / "backup")
    assert back.code == 0, back.err
    assert crowd("--db", other, "--data-dir", tmp_path / "new", "db", "check").code == 0
    database = open_database(other, tmp_path / "new")
    assert database.read(lambda conn: conn.value("SELECT COUNT(*) FROM agent WHERE status = 'completed'")) == 2
    database.close()


@pytest.mark.postgres
def test_without_the_programs_it_says_what_to_type(
    crowd: Crowd, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue("quick_postgres").new_database()
    open_database(url, tmp_path / "data").close()
    monkeypatch.setattr("crowdcore.store.upkeep.postgres_tools.DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = crowd("--db", url, "db", "backup", tmp_path / "backup")
    assert said.code == 2
    assert "apt-get install postgresql-client" in said.err
    assert "pg_dump --format=custom --file=crowd.dump postgresql://" in said.err
