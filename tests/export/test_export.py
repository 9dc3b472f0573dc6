"""`crowd export`: one row for each piece of work, exact, streamed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from crowdcore.cli.group import crowd
from crowdcore.export.files import write_csv, write_jsonl
from crowdcore.export.rows import Row
from crowdcore.testing import Browserless, ManualClock, serve, until

ODD = [
    "plain",
    "",
    " space ",
    'say "hi"',
    "a,b",
    "line\nbreak",
    "\r\n",
    "=1+1",
    "+x",
    "@y",
    "-z",
    "é 日本 🎈",
    "'q",
    "\ttab",
]


def run_crowd(*words: str) -> str:
    """The output of a crowd command that succeeds."""
    result = CliRunner().invoke(crowd, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def answered(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Two submissions, one with files, one that timed out, one returned; the run is still served."""
    clock = ManualClock()
    config = {
        "task": {"name": "t", "reward": "0.5", "assignment_duration": 60},
        "blueprint": {"type": "mock", "num_assignments": 4}, "provider": {"type": "inhouse"},
    }  # fmt: skip
    with serve(config, data_dir=tmp_path / "data", clock=clock) as run:
        x, y, slow, back = (Browserless(run.url, worker_id=w).enter() for w in ("x", "y", "slow", "back"))
        back.call("POST", "/return")
        x.submit({"text": "=cmd", "n": 3}, files=[("cv", ("a b.pdf", b"one")), ("cv", ("c.pdf", b"two"))])
        clock.advance(30)
        y.submit({"text": "y", "deep": {"a": [1]}})
        clock.advance(31)
        until(lambda: run.counters.agents["ended"] == 2)
        yield {"x": x.document, "slow": slow.document, "run": run.name}


def test_jsonl_has_item_answer_files_times_and_provenance(answered: dict[str, Any], tmp_path: Path) -> None:
    rows = [json.loads(line) for line in run_crowd("export", "t").splitlines()]
    assert [r["worker"] for r in rows] == ["x", "y"]
    row = rows[0]
    assert (row["run"], row["task"], row["status"], row["provider"]) == (answered["run"], "t", "completed", "inhouse")
    assert row["item"] == {"n": 0}
    assert (row["data"]["text"], row["data"]["n"]) == ("=cmd", 3)
    assert [f["sha256"] for f in row["files"]] == [hashlib.sha256(b).hexdigest() for b in (b"one", b"two")]
    assert [(tmp_path / "data" / f["path"]).read_bytes() for f in row["files"]] == [b"one", b"two"]
    assert row["ended_at"] >= row["started_at"]
    assert rows[1]["seconds"] == 30
    assert len(row["config_hash"]) == 16
    assert row["plugins"]["blueprint:mock"] == "0.1.0"


def test_all_adds_work_that_was_not_submitted(answered: dict[str, Any]) -> None:
    rows = [json.loads(line) for line in run_crowd("export", "t", "--all").splitlines()]
    assert [(r["worker"], r["status"], r["reason"]) for r in rows] == [
        ("x", "completed", None), ("y", "completed", None), ("slow", "ended", "timed_out"),
        ("back", "ended", "returned"),
    ]  # fmt: skip
    assert rows[2]["data"] is None


def test_csv_has_a_column_for_each_field(answered: dict[str, Any], tmp_path: Path) -> None:
    target = tmp_path / "answers.csv"
    run_crowd("export", "t", "-o", str(target))
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8"), newline="")))
    assert [(r["data.text"], r["data.n"], r["data.deep"], r["item.n"]) for r in rows] == [
        ("'=cmd", "3", "", "0"), ("y", "", '{"a": [1]}', "1"),
    ]  # fmt: skip
    run_crowd("export", "t", "--raw", "-o", str(target))
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8"), newline="")))
    assert [r["data.text"] for r in rows] == ["=cmd", "y"]


def test_files_are_copied_out_under_names_for_people(answered: dict[str, Any], tmp_path: Path) -> None:
    run_crowd("export", "t", "--files", str(tmp_path / "out"))
    agent = answered["x"]["agent"]
    assert {p.read_bytes() for p in (tmp_path / "out").iterdir()} == {b"one", b"two"}
    assert all(p.name.startswith(f"{agent}-cv-") for p in (tmp_path / "out").iterdir())


def row(**data: Any) -> Row:
    return {"run": "t-1", "item": {}, "data": data}


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.sampled_from(ODD), max_size=4), max_size=6)
)
def test_text_comes_back_from_raw_csv_exactly_as_it_was(answers: list[dict[str, str]]) -> None:
    target = io.StringIO(newline="")
    assert write_csv(lambda: [row() | {"data": a} for a in answers], target, raw=True) == len(answers)
    back = list(csv.DictReader(io.StringIO(target.getvalue(), newline="")))
    for answer, line in zip(answers, back, strict=True):
        assert {k.removeprefix("data."): v for k, v in line.items() if k.startswith("data.") and v} == {
            k: v for k, v in answer.items() if v
        }


@pytest.mark.parametrize("text", ODD)
def test_for_spreadsheets_formulas_are_made_harmless(text: str) -> None:
    target = io.StringIO(newline="")
    write_csv(lambda: [row(a=text)], target, excel=True)
    assert target.getvalue().startswith("\ufeff")
    (line,) = csv.DictReader(io.StringIO(target.getvalue().removeprefix("\ufeff"), newline=""))
    assert line["data.a"][:1] not in ("=", "+", "-", "@", "\t", "\r")
    assert line["data.a"].removeprefix("'") == text.removeprefix("'")


HARMLESS = ["-5", "+3.25", "-1e-7", ".5", "-.5", "+49123", "-1,5", "1-2", "a=b", "x@y.z", "", "'", "'=1", "3", "-0"]
FORMULAS = [
    "=1",
    "+1+1",
    "-1-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "\uff1d1",
    "\uff0b1+1",
    "-",
    "=",
    "--5",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_other_text_stand_as_they_are(text: str) -> None:
    assert read_back(text) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_made_harmless_unless_raw_is_asked_for(text: str) -> None:
    assert read_back(text) == f"'{text}"
    assert read_back(text, raw=True) == text


@pytest.mark.parametrize("text", ["a;b", "a\tb", "a;=1+1", " a", "a ", 'a"b', "a,b", "a\nb"])
def test_what_another_separator_would_divide_is_quoted(text: str) -> None:
    assert '"' + text.replace('"', '""') + '"' in written(text)
    assert read_back(text) == text


def test_a_column_is_no_formula_either() -> None:
    target = io.StringIO(newline="")
    write_csv(lambda: [{"run": "t-1", "=1+1": "x"}], target)
    assert target.getvalue().splitlines()[0] == "run,'=1+1"


def written(text: str, raw: bool = False) -> str:
    target = io.StringIO(newline="")
    write_csv(lambda: [row(a=text, b="end")], target, raw=raw)
    return target.getvalue()


def read_back(text: str, raw: bool = False) -> str:
    (line,) = csv.DictReader(io.StringIO(written(text, raw), newline=""))
    assert line["data.b"] == "end"
    return line["data.a"]


class Sink(io.TextIOBase):
    """Forgets what is written."""

    def write(self, text: str) -> int:
        return len(text)


def test_memory_does_not_grow_with_the_number_of_rows() -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        write_jsonl((row(text="x" * 200) for _ in range(count)), Sink())
        write_csv(lambda: (row(text="x" * 200) for _ in range(count)), Sink())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(20_000) < 2 * peak(1_000) + 50_000


def test_an_unknown_task_is_named_with_a_near_one(answered: dict[str, Any]) -> None:
    from crowdcore.errors import RunError

    with pytest.raises(RunError, match="no task named 'tt'; did you mean 't'"):
        CliRunner().invoke(crowd, ["export", "tt"], catch_exceptions=False)
