"""`crowd db check` finds what is wrong, says what to do, and disturbs no server."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crowdcore.store import open_database
from crowdcore.testing import Browserless
from crowdcore.testing.server import serve
from tests.cli.past import TASK, Crowd, crowd, data, kept_past, live_through

__all__ = ["crowd", "data", "kept_past"]


def tamper(data: Path, *statements: str) -> None:
    """Change the database by hand, as no program of ours does."""
    with closing(sqlite3.connect(data / "crowd.db", isolation_level=None)) as database:
        for statement in statements:
            assert database.execute(statement).rowcount


def upload(data: Path) -> Path:
    (path,) = (path for path in (data / "files").rglob("*") if path.is_file())
    return path


def test_there_is_nothing_to_say_of_a_healthy_database(crowd: Crowd, data: Path) -> None:
    said = crowd("db", "check")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("no faults")


def test_a_running_server_is_neither_disturbed_nor_accused(crowd: Crowd, tmp_path: Path) -> None:
    task = {**TASK, "blueprint": {"type": "mock", "num_assignments": 30}}
    with serve(task, data_dir=tmp_path / "data") as handle:
        for number in range(10):
            person = Browserless(handle.url, worker_id=str(number)).enter()
            assert crowd("db", "check", *["--quick"][: number % 2]).code == 0
            assert person.submit({"text": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE unit SET status = 'accepted' WHERE id = 1", "unit 1 is accepted; its events say completed"),
        ("UPDATE agent SET status = 'dozing' WHERE id = 1", "agent 1 is dozing; its events say completed"),
        ("UPDATE event SET data = replace(data, '\"completed\"', '\"accepted\"') WHERE kind = 'unit_submitted'",
         "unit 1: illegal move unit: assigned -> accepted"),
        ("DELETE FROM event WHERE id = 2", r"event \d+ .* was not there, not"),
        ("UPDATE event SET data = '{' WHERE id = 2", "events after 0 cannot be read"),
        ("DELETE FROM outbox WHERE unit_id = 1", "unit 1 earned 250000 micros for worker 1, but the outbox has None"),
        ("UPDATE outbox SET amount_micros = 999 WHERE unit_id = 1", "but the outbox has 999"),
        ("UPDATE outbox SET unit_id = 1", "unit 1 is rewarded 2 times"),
        ("UPDATE outbox SET unit_id = 6 WHERE unit_id = 1", "rewards unit 6, which is launched"),
        ("UPDATE outbox SET state = 'paid' WHERE unit_id = 1", "an amount, currency, worker or state amiss"),
        ("UPDATE outbox SET currency = 'SHELLS' WHERE unit_id = 1", "an amount, currency, worker or state amiss"),
        ("UPDATE agent SET unit_id = 1 WHERE id = 2", "unit 1 has 2 agents at once"),
        ("UPDATE agent SET unit_id = 1 WHERE id = 2", "unit 2 is completed, but belongs to nobody"),
        ("UPDATE unit SET worker_id = 3 WHERE id = 1", "unit 1 is completed by 3, but agent 1 has it"),
        ("DELETE FROM unit WHERE id = 6", "assignment 6 has 0 of 1 units"),
        ("DELETE FROM unit WHERE id = 6", "unit 6 is gone; its events say launched"),
        ("UPDATE run SET next_ordinal = 9", "launching stands at 9, but there are 6 assignments"),
        ("DELETE FROM visit WHERE id = 1", "agent row 1 belongs to a visit that is not there"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_are_told_one_by_one(crowd: Crowd, data: Path, statement: str, line: str) -> None:
    tamper(data, statement)
    said = crowd("db", "check")
    assert said.code == 1
    assert any(re.search(line, one) for one in said.lines), said.out
    assert all(re.match(r"fault: .+; .+", one) for one in said.lines), said.out


def test_uploads_are_compared_with_their_hashes(crowd: Crowd, data: Path) -> None:
    path = upload(data)
    content = path.read_bytes()
    path.write_bytes(b"!" + content[1:])
    assert "its bytes have another hash; copy files/" in crowd("db", "check").out
    assert crowd("db", "check", "--quick").code == 0
    path.write_bytes(content[:-1])
    assert f"has {len(content) - 1} of {len(content)} bytes" in crowd("db", "check", "--quick").out
    path.unlink()
    said = crowd("db", "check")
    assert (said.code, said.lines[0].startswith(f"fault: {path} is missing; ")) == (1, True)


def test_a_run_that_only_its_folder_knows_is_told(crowd: Crowd, data: Path) -> None:
    (data / "runs" / "pets-2").mkdir()
    said = crowd("db", "check")
    assert said.code == 1
    assert "runs/pets-2 belongs to a run that the database does not know" in said.out


def test_of_many_faults_the_first_are_shown_and_the_rest_counted(crowd: Crowd, tmp_path: Path) -> None:
    with serve({**TASK, "blueprint": {"type": "mock", "num_assignments": 50}}, data_dir=tmp_path / "data"):
        pass
    tamper(tmp_path / "data", "UPDATE unit SET status = 'expired'")
    lines = crowd("db", "check").lines
    assert len(lines) == 21
    assert lines[-1].startswith("fault: 30 more such rows or events")


def test_an_older_database_is_left_as_it_is(crowd: Crowd, data: Path) -> None:
    tamper(data, "UPDATE meta SET value = '0001' WHERE key = 'schema'")
    said = crowd("db", "check")
    assert (said.code, "has schema 0001, this crowdcore" in said.out) == (1, True)
    assert not list(data.glob("*backup*"))


def test_no_database_is_no_fault_but_a_mistake(crowd: Crowd, tmp_path: Path) -> None:
    said = crowd("db", "check")
    assert (said.code, said.out) == (2, "")
    assert "no database at" in said.err
    assert not (tmp_path / "data" / "crowd.db").exists()


@pytest.mark.postgres
def test_a_database_on_a_server_is_checked_in_the_same_way(
    crowd: Crowd, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("quick_postgres").new_database()
    live_through(tmp_path / "data", url)
    assert crowd("--db", url, "db", "check").code == 0
    database = open_database(url, tmp_path / "data")
    database.write(lambda conn: conn.execute("UPDATE unit SET status = 'accepted' WHERE id = 1"))
    database.close()
    said = crowd("--db", url, "db", "check")
    assert (said.code, "unit 1 is accepted; its events say completed" in said.out) == (1, True)


def test_files_that_no_row_names_are_counted_and_no_fault(crowd: Crowd, data: Path) -> None:
    for name in ("a" * 64, "b" * 64):
        path = data / "files" / name[:2] / name[2:4] / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * 1_000_000)
    said = crowd("db", "check")
    assert (said.code, said.err) == (0, "")
    assert "note: 2 files in " in said.lines[0]
    assert "(2.0 MB) are named by no row" in said.lines[0]
    assert said.lines[1].startswith("no faults")
