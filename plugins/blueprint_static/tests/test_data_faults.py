"""Bad data stops the launch with its file, line and column; good data goes on from any row."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from crowdcore import ConfigError
from crowdcore.blueprints.taskdata import read_rows
from crowdcore.testing import Browserless, until

PAGE = "<p>${a} ${b}</p>"


def csv_faults(folder: Any, content: str | bytes, **options: Any) -> list[str]:
    folder.write("task.html", PAGE)
    folder.write("rows.csv", content)
    faults: list[str] = folder.faults(task_source="task.html", data_csv="rows.csv", **options)
    return faults


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n3\n", "rows.csv:3: no value for column 2, 'b'"),
        ("a,b\n1,2,x\n", "rows.csv:2: 3 values for 2 columns; the first one too many is 'x' in column 3"),
        ('a,b\n1,"2\n2,3\n', "rows.csv:2: a value begins with a quotation mark that is never closed"),
        ('a,b\n1,2\n1,"2" x\n', 'rows.csv:3: a quotation mark stands inside a quoted value; write it twice ("")'),
        ('a,b\n"1\n1",2\n3\n', "rows.csv:4: no value for column 2, 'b'"),
        ("a,b,a\n1,2,3\n", "rows.csv:1: columns 1 and 3 are both named 'a'"),
        ("a,,b\n1,2,3\n", "rows.csv:1: column 2 has no name"),
        ("", "rows.csv: is empty; its first line must name the columns"),
        ("\n\n", "rows.csv: is empty; its first line must name the columns"),
        ("a,b\n", "blueprint 'static': the task data has no items; add at least one"),
        ("a;b\n1;2\n", "rows.csv:1: the only column is named 'a;b'; separate columns with commas"),
        (b"a,b\n1,caf\xe9\n", "rows.csv:2:6: is not UTF-8 text (byte 0xe9); save it as UTF-8"),
        ("a,b\n1,2".encode("utf-16"), "rows.csv: is UTF-16 text; save it as UTF-8"),
        ("a,b\n1,\0\n", "rows.csv:2: column 2, 'b', contains the character NUL"),
    ],
)
def test_a_bad_csv_file_stops_the_launch(folder: Any, content: str | bytes, said: str) -> None:
    assert csv_faults(folder, content)[0].startswith(said)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.json", '[{"a": 1,}]', "rows.json:1:"),
        ("rows.json", '{"a": 1}', "rows.json: must be a list of objects, not an object"),
        ("rows.json", '[{"a": 1, "b": 1}, 2]', "rows.json: [1]: must be an object {column: value}, not a number"),
        ("rows.json", "[" * 100_000, "rows.json: not valid JSON: it is nested too deeply"),
        ("rows.jsonl", '{"a": 1, "b": 2}\n{"a"\n', "rows.jsonl:2:"),
        ("rows.jsonl", '{"a": NaN}\n', "rows.jsonl:1: not valid JSON: NaN is no JSON number"),
        ("rows.jsonl", "[]\n", "rows.jsonl:1: must be an object {column: value}, not a list"),
        ("rows.jsonl", '{"a": "\\u0000"}\n', "rows.jsonl:1: not valid JSON: a text contains the character NUL"),
        ("rows.jsonl", '{"a": "\\ud800"}\n', "rows.jsonl:1: not valid JSON: a text contains half of a surrogate pair"),
        ("rows.jsonl", b'{"a": "\xff"}\n', "rows.jsonl:1:8: is not UTF-8 text (byte 0xff)"),
    ],
)
def test_bad_json_stops_the_launch(folder: Any, name: str, content: str | bytes, said: str) -> None:
    folder.write("task.html", PAGE)
    folder.write(name, content)
    option = f"data_{name.partition('.')[2]}"
    assert folder.faults(task_source="task.html", **{option: name})[0].startswith(said)


def test_a_later_row_that_lacks_a_column_is_named(folder: Any) -> None:
    folder.write("task.html", PAGE)
    folder.write("rows.jsonl", '{"a": 1, "b": 2}\n\n{"a": 1, "c": 2}\n')
    (fault,) = folder.faults(task_source="task.html", data_jsonl="rows.jsonl")
    assert fault == "rows.jsonl: line 3: the row has no b; it has a, c"


def test_unknown_names_are_told_with_their_lines_and_the_columns(folder: Any) -> None:
    folder.write("task.html", "<p>${a}</p>\n<p title='${bee}'>${c}</p>\n<script>var s = '${d}';</script>")
    folder.write("rows.csv", "a,bees,secret\n1,2,3\n")
    assert folder.faults(task_source="task.html", data_csv="rows.csv") == [
        "task.html:2: ${bee} is no column of the data, which has a, bees, secret; did you mean ${bees}?",
        "task.html:2: ${c} is no column of the data, which has a, bees, secret",
        "task.html:3: ${d} is no column of the data, which has a, bees, secret",
    ]


def test_a_page_cannot_show_an_answer_column(folder: Any) -> None:
    assert csv_faults(folder, "a,b\n1,2\n", answer_columns=["b"]) == [
        "task.html:1: ${b} is one of answer_columns, which no page may show"
    ]
    assert csv_faults(folder, "a,b\n1,2\n", answer_columns=["c"]) == [
        "blueprint.answer_columns: the data has no column c; it has a, b"
    ]


def test_rows_from_python_are_checked_before_and_while_they_are_launched(folder: Any) -> None:
    folder.write("task.html", PAGE)
    folder.write("hooks.py", "from crowdcore import hookimpl\n@hookimpl\ndef blueprint_task_data(): yield {'a': 1}\n")
    (fault,) = folder.faults(task_source="task.html")
    assert fault == "task.html:1: ${b} is no column of the data, which has a"
    folder.write(
        "hooks.py",
        "from crowdcore import hookimpl\n@hookimpl\ndef blueprint_task_data(start=0):\n"
        "    yield {'a': 1, 'b': 2}\n    yield {'a': 1}\n",
    )

    def work() -> None:
        with folder.serving(task_source="task.html", launch_ahead=1) as run:
            worker = Browserless(run.url, worker_id="x").enter()
            assert worker.document["init"]["html"] == "<p>1 2</p>"
            assert worker.submit({}).status_code == 200
            run.wait(60)

    with pytest.raises(ConfigError, match="task data, item 1: the row has no b; it has a"):
        work()


def test_an_endless_generator_is_used_as_far_as_it_is_needed(folder: Any) -> None:
    folder.write("task.html", "<p>${n}</p>")
    folder.write(
        "hooks.py",
        "import itertools\nfrom crowdcore import hookimpl\n@hookimpl\ndef blueprint_task_data(start=0):\n"
        "    for n in itertools.count(start):\n        yield {'n': n}\n",
    )
    run = folder.launch(task_source="task.html", launch_ahead=2)
    worker = Browserless(run.url, worker_id="x")
    for n in range(5):
        until(lambda: worker.enter().reply.is_success)
        assert worker.document["init"] == {"n": n, "html": f"<p>{n}</p>"}
        worker.submit({})


def test_csv_json_and_json_lines_give_the_same_rows(folder: Any) -> None:
    rows = [{"a": "1", "b": 'x, "y"\nz \u2764'}, {"a": "", "b": "2"}]
    text = 'a,b\r\n1,"x, ""y""\nz \u2764"\r\n\r\n,2\r\n'
    files = {
        "csv": folder.write("r.csv", b"\xef\xbb\xbf" + text.encode()),
        "json": folder.write("r.json", json.dumps(rows)),
        "jsonl": folder.write("r.jsonl", "\n".join(json.dumps(row) for row in rows)),
    }
    for kind, path in files.items():
        assert [row for _, row in read_rows(path, kind)] == rows  # type: ignore[arg-type]


def test_a_page_that_is_missing_or_broken_stops_the_launch(folder: Any) -> None:
    folder.write("rows.csv", "a,b\n1,2\n")
    (fault,) = folder.faults(task_source="gone.html", data_csv="rows.csv")
    assert fault == "blueprint.task_source: gone.html: cannot be read: No such file or directory"
    folder.write("task.html", b"<p>\xff</p>")
    (fault,) = folder.faults(task_source="task.html", data_csv="rows.csv")
    assert fault == "task.html: is not UTF-8 text (byte 3); save it as UTF-8"
    folder.write("task.html", "<p>${a}</p>")
    (fault,) = folder.faults(task_source="task.html")
    assert fault.startswith("blueprint 'static': no task data; name one of data_csv, data_json, data_jsonl, or yield")
    assert (
        "give one of data_csv, data_json, not more"
        in folder.faults(task_source="task.html", data_csv="rows.csv", data_json="rows.csv")[0]
    )


BIG = """
import resource, sys, time
from pathlib import Path
from types import SimpleNamespace
from blueprint_static import StaticBlueprint, StaticOptions
blueprint = StaticBlueprint()
blueprint.options = StaticOptions(task_source=Path(sys.argv[1]), data_csv=Path(sys.argv[2]))
run = SimpleNamespace(task_dir=Path("."), from_snapshot=False)
count = 0
for row in blueprint.blueprint_task_data(run):
    count += 1
    if count == 1000:
        early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early)
"""


@pytest.mark.slow
def test_a_large_csv_file_is_streamed_in_flat_memory(folder: Any) -> None:
    """A gigabyte: 4,096 rows of 256 kB (shorter rows would only take longer)."""
    page = folder.write("task.html", PAGE)
    path = folder.path / "big.csv"
    line = b"1," + b"x" * (256 * 1024) + b"\n"
    with path.open("wb") as file:
        file.write(b"a,b\n")
        for _ in range(4096):
            file.write(line)
    assert path.stat().st_size > 2**30
    done = subprocess.run(
        [sys.executable, "-c", BIG, str(page), str(path)], capture_output=True, text=True, timeout=280, check=True
    )
    path.unlink()
    count, grown = map(int, done.stdout.split())
    assert count == 4096
    assert grown < 16 * 1024  # kB


def test_a_quotation_mark_that_is_never_closed_does_not_eat_the_memory(folder: Any) -> None:
    content = b'a,b\n1,"' + b"x,y\n" * (5 * 1024 * 1024)
    assert csv_faults(folder, content)[0].startswith("rows.csv:2: a value has more than 16,777,216 characters")
