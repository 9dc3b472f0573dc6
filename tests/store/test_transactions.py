"""Transactions: what is kept, what is undone, what a reader sees; the same on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from crowdcore.store import Conn, Database, StoreConflict
from crowdcore.store.engine import writer
from crowdcore.testing.patience import PATIENCE


def add(name: str) -> Callable[[Conn], int]:
    def fn(conn: Conn) -> int:
        row = conn.one("INSERT INTO task (name, created_at) VALUES (:name, :at) RETURNING id, name", name=name, at=1.5)
        assert row is not None
        return int(row["id"])

    return fn


def names(conn: Conn) -> list[str]:
    return [row["name"] for row in conn.all("SELECT name FROM task ORDER BY id")]


def test_what_write_returns_is_committed(db: Database, opened: Callable[[], Database]) -> None:
    assert db.write(add("one")) == 1
    assert opened().read(names) == ["one"]


def test_an_exception_undoes_its_own_transaction_and_reaches_its_caller(db: Database) -> None:
    def fail(conn: Conn) -> None:
        add("lost")(conn)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        db.write(fail)
    assert db.read(names) == []


def test_one_failure_in_a_group_undoes_nothing_of_its_neighbours(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "GROUP_SECONDS", PATIENCE)
    gate, running = threading.Event(), threading.Event()

    def hold(conn: Conn) -> None:
        running.set()
        gate.wait(PATIENCE)

    def fail(conn: Conn) -> None:
        add("lost")(conn)
        raise LookupError

    first = db.submit(hold)
    assert running.wait(PATIENCE)
    # These queue up behind the held transaction, so they form one group.
    members: list[Callable[[Conn], object]] = [add("a"), fail, add("b"), add("a"), add("c")]
    group = [db.submit(member) for member in members]
    gate.set()
    first.result(PATIENCE)
    assert isinstance(group[1].exception(PATIENCE), LookupError)
    assert isinstance(group[3].exception(PATIENCE), StoreConflict)
    assert [future.exception(PATIENCE) for future in (group[0], group[2], group[4])] == [None, None, None]
    assert db.read(names) == ["a", "b", "c"]


def test_a_swallowed_database_error_still_undoes_the_transaction(db: Database) -> None:
    db.write(add("taken"))

    def swallow(conn: Conn) -> str:
        add("new")(conn)
        with pytest.raises(StoreConflict):
            add("taken")(conn)
        return "fine"

    with pytest.raises(StoreConflict):
        db.write(swallow)
    assert db.read(names) == ["taken"]


def test_a_fault_in_the_sql_is_the_callers_and_the_writer_lives_on(db: Database) -> None:
    with pytest.raises(Exception, match="no_such_table"):
        db.write(lambda conn: conn.execute("INSERT INTO no_such_table VALUES (1)"))
    assert db.write(add("after"))


def test_a_reader_sees_one_snapshot_and_does_not_hold_up_the_writer(db: Database) -> None:
    db.write(add("before"))

    def look_twice(conn: Conn) -> tuple[list[str], list[str]]:
        before = names(conn)
        writing = threading.Thread(target=db.write, args=(add("meanwhile"),))
        writing.start()
        writing.join(PATIENCE)
        assert not writing.is_alive()
        return before, names(conn)

    assert db.read(look_twice) == (["before"], ["before"])
    assert db.read(names) == ["before", "meanwhile"]


def test_a_row_taken_from_many_keeps_no_old_snapshot(db: Database, opened: Callable[[], Database]) -> None:
    def newest(conn: Conn) -> str:
        row = conn.one("SELECT name FROM task ORDER BY id DESC")  # more rows follow, which nobody fetches
        assert row is not None
        return str(row["name"])

    db.write(lambda conn: conn.many("INSERT INTO task (name, created_at) VALUES (:n, 1.0)", [{"n": "a"}, {"n": "b"}]))
    other = opened()
    for number in range(3):
        other.write(add(f"other-{number}"))
        assert db.read(newest) == f"other-{number}"
        assert db.write(newest) == f"other-{number}"


def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(Exception, match=r"read.?only"):
        db.read(add("sly"))
    assert db.read(names) == []


def test_reads_within_reads_and_threads_have_connections_of_their_own(db: Database) -> None:
    db.write(add("x"))
    assert db.read(lambda conn: (names(conn), db.read(names))) == (["x"], ["x"])


def test_waiting_for_a_transaction_inside_a_transaction_is_refused(db: Database) -> None:
    with pytest.raises(RuntimeError, match="may not wait"):
        db.write(lambda conn: db.write(add("inner")))


def test_a_closed_database_says_so_after_finishing_what_was_queued(db: Database) -> None:
    futures = [db.submit(add(str(number))) for number in range(50)]
    db.close()
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(Exception, match="was closed"):
        db.submit(add("late"))
    with pytest.raises(Exception, match="was closed"):
        db.read(names)


def test_the_data_version_changes_when_anybody_commits(db: Database, opened: Callable[[], Database]) -> None:
    def event(conn: Conn) -> None:
        conn.execute("INSERT INTO event (at, kind, actor, data) VALUES (1.0, 'k', 'a', '{}')")

    other = opened()
    before = db.data_version()
    assert db.data_version() == before
    other.write(event)
    changed = db.data_version()
    assert changed != before
    db.write(event)
    assert db.data_version() != changed
