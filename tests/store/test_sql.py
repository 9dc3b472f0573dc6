"""One dialect for both databases: parameters, rows, types."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crowdcore.store import Conn, Database, StoreConflict
from crowdcore.store.engine.sql import to_pyformat

# Pieces of SQL, each with what it has to become and the parameters in it.
word = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
anything = st.text(st.characters(exclude_characters="'\"*/\n\0", exclude_categories=["Cs"]), max_size=8)
literal = anything.map(lambda text: (f"'{text}'", f"'{text.replace('%', '%%')}'"))
quoted = anything.map(lambda text: (f'"x{text}"', f'"x{text.replace("%", "%%")}"'))
line_comment = anything.map(lambda text: (f"--{text}\n", f"--{text.replace('%', '%%')}\n"))
comment = anything.map(lambda text: (f"/*{text}*/", f"/*{text.replace('%', '%%')}*/"))
cast = word.map(lambda name: (f"x::{name}", f"x::{name}"))
parameter = word.map(lambda name: (f":{name}", f"%({name})s"))
plain = st.sampled_from(["SELECT", "a = b", "(", ")", ",", "1.5", "a->b", "''''", "x % 2", "a || b"]).map(
    lambda text: (text, text.replace("%", "%%"))
)


@given(st.lists(st.one_of(literal, quoted, line_comment, comment, cast, parameter, plain), max_size=12))
@example([("':a'", "':a'"), ("::text", "::text"), (":a", "%(a)s"), ("'it''s :b'", "'it''s :b'")])
def test_only_parameters_are_translated(pieces: list[tuple[str, str]]) -> None:
    sql, expected = (" ".join(piece[side] for piece in pieces) for side in (0, 1))
    assert to_pyformat(sql) == expected


@given(st.lists(st.one_of(literal, parameter, st.just(("CAST(1 AS TEXT)",) * 2)), min_size=1, max_size=6), st.data())
def test_both_drivers_find_the_same_parameters(pieces: list[tuple[str, str]], data: st.DataObject) -> None:
    """What sqlite3 itself takes for a parameter is what is translated."""
    names = {piece[0][1:] for piece in pieces if piece[0].startswith(":")}
    values = {name: data.draw(st.integers(0, 9)) for name in names}
    sql = "SELECT " + ", ".join(piece[0] for piece in pieces)
    answer = sqlite3.connect(":memory:").execute(sql, values).fetchone()
    for piece, value in zip(pieces, answer, strict=True):
        if piece[0].startswith(":"):
            assert value == values[piece[0][1:]]
    for name in names:
        assert f"%({name})s" in to_pyformat(sql)


def one(db: Database, sql: str, **params: Any) -> tuple[Any, ...]:
    row = db.read(lambda conn: conn.one(sql, **params))
    assert row is not None
    return tuple(row)


def test_literals_with_colons_and_percent_signs_come_back_as_they_are(db: Database) -> None:
    sql = "SELECT 'a:b %s 100%', 'it''s', 7 % 4, :x -- :not % one\n"
    assert one(db, sql, x="50% :y '") == ("a:b %s 100%", "it's", 3, "50% :y '")


@pytest.mark.parametrize("value", ["text", "", "naïve 😀", 0, -1, 2**31, 2**53, 2**63 - 1, 0.1, -1e300, None])
def test_values_come_back_as_they_went_in(db: Database, value: Any) -> None:
    kind = {str: "TEXT", int: "BIGINT", float: "DOUBLE PRECISION"}.get(type(value), "TEXT")
    (answer,) = one(db, f"SELECT CAST(:x AS {kind})", x=value)
    assert (answer, type(answer)) == (value, type(value))


def test_booleans_are_truth_values(db: Database) -> None:
    def add(conn: Conn) -> None:
        sql = "INSERT INTO worker (provider, name, simulated, created_at) VALUES ('p', :name, :simulated, 1.0)"
        conn.many(sql, [{"name": "bot", "simulated": True}, {"name": "person", "simulated": False}])

    db.write(add)
    rows = db.read(lambda conn: conn.all("SELECT name, simulated FROM worker ORDER BY name"))
    assert [(row["name"], bool(row["simulated"])) for row in rows] == [("bot", True), ("person", False)]
    assert one(db, "SELECT name FROM worker WHERE NOT simulated") == ("person",)
    assert one(db, "SELECT name FROM worker WHERE simulated = :wanted", wanted=True) == ("bot",)


def test_sums_are_integers_and_averages_floats(db: Database) -> None:
    sql = "SELECT sum(n), avg(n), count(*) FROM (SELECT CAST(4 AS BIGINT) AS n UNION ALL SELECT -9) t"
    assert [repr(value) for value in one(db, sql)] == ["-5", "-2.5", "2"]


def test_null_may_stand_where_its_type_is_written_or_seen(db: Database) -> None:
    by_name = "(CAST(:name AS TEXT) IS NULL OR name = :name)"
    sql = f"SELECT count(*) FROM task WHERE {by_name} AND (:kind = 'x' OR :kind IS NULL)"
    assert one(db, sql, name=None, kind="x") == (0,)


def test_rows_work_by_name_and_by_position(db: Database) -> None:
    row = db.read(lambda conn: conn.one("SELECT 1 AS a, 'two' AS b"))
    assert row is not None
    assert (row["a"], row[1], row[-1], len(row), list(row), list(row.keys())) == (
        1,
        "two",
        "two",
        2,
        [1, "two"],
        ["a", "b"],
    )
    assert dict(row) == {"a": 1, "b": "two"}
    for missing in ("c", 2):
        with pytest.raises(IndexError):
            row[missing]


def test_execute_counts_rows_and_the_others_answer_none_without_rows(db: Database) -> None:
    def work(conn: Conn) -> tuple[Any, ...]:
        insert = "INSERT INTO task (name, created_at) VALUES (:name, 1.0) ON CONFLICT (name) DO NOTHING"
        return (
            conn.execute(insert, name="a"),
            conn.execute(insert, name="a"),
            conn.execute("UPDATE task SET created_at = 2.0"),
            conn.value(insert + " RETURNING id", name="a"),
            conn.one("SELECT 1 FROM task WHERE name = 'b'"),
            conn.all("SELECT 1 FROM task WHERE name = 'b'"),
        )

    assert db.write(work) == (1, 0, 1, None, None, [])


def test_a_duplicate_is_a_conflict_however_it_is_written(db: Database) -> None:
    insert = "INSERT INTO task (id, name, created_at) VALUES (:id, :name, 1.0)"
    db.write(lambda conn: conn.execute(insert, id=1, name="a"))
    with pytest.raises(StoreConflict):  # by unique column
        db.write(lambda conn: conn.execute(insert, id=2, name="a"))
    with pytest.raises(StoreConflict):  # by primary key
        db.write(lambda conn: conn.execute(insert, id=1, name="b"))
    with pytest.raises(StoreConflict):  # among many
        db.write(lambda conn: conn.many(insert, [{"id": 3, "name": "c"}, {"id": 4, "name": "c"}]))
    assert one(db, "SELECT count(*) FROM task") == (1,)
