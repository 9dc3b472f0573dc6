"""Extensions have options of their own, as blueprints have; exporters write for `crowd export --format NAME`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError, RunConfig
from crowdcore.config.snapshot import restore, take
from crowdcore.plugins import RunPlugins
from tests.plugins.conftest import Distributions, Runs, Task

HOOK = """
from dataclasses import dataclass
from pathlib import Path
from crowdcore import hookimpl
from crowdcore.options import option

class Hook:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        url: str = option(help="Where to send to")
        retries: int = option(3, help="How often", min=0)
        token: str = option("", help="Password", secret=True)
        words: Path | None = option(None, help="A file", path=True)

    @hookimpl
    def provider_page(self, run, inner):
        return {**inner(), run.plugin: [run.options.url, self.options.retries]}
"""
FILE = "./hook.py:Hook"


def test_each_gets_its_own_options(task: Task, runs_of: Runs) -> None:
    import asyncio

    task.write("hook.py", HOOK)
    listed = [{"type": FILE, "url": "a", "retries": 5}, {"type": FILE, "url": "b"}, {"type": FILE, "url": "b"}]
    hooks = runs_of.hooks(task.load(extensions=listed))
    page = asyncio.run(hooks.provider_page())
    own = {name: value for name, value in page.items() if name.startswith("extension:")}
    assert own == {f"extension:{FILE}": ["a", 5], f"extension:{FILE}#2": ["b", 3]}, "the third is the second"


def test_one_alone_needs_no_list_and_a_name_no_mapping(task: Task) -> None:
    task.write("hook.py", HOOK)
    task.write("plain.py", "class Plain: ...")
    assert [c.type for c in task.load(extensions={"type": FILE, "url": "a"}).extensions] == [FILE]
    assert [c.type for c in task.load(extensions=["./plain.py:Plain"]).extensions] == ["./plain.py:Plain"]
    assert [c.type for c in task.load(extensions="./plain.py:Plain").extensions] == ["./plain.py:Plain"]


@pytest.mark.parametrize(
    ("extensions", "line"),
    [
        ([{"type": FILE}], "extensions.0.url: extension './hook.py:Hook' option 'url': is required"),
        ([FILE], "extensions.0.url: extension './hook.py:Hook' option 'url': is required"),
        ([{"type": FILE, "url": "a", "retrys": 1}], "option 'retrys': unknown, did you mean 'retries'?"),
        ([{"type": FILE, "url": "a", "retries": -1}], "option 'retries': expected at least 0, got -1"),
        ([{"url": "a"}], "extensions.0.type: is required (the name of an extension"),
        ([3], "extensions.0: no extension named '3'"),
        (7, "extensions: expected a list of names, or of {type: a name, …}"),
        ([{"type": FILE, "url": "a", "token": "open"}], "extensions.0.token: is secret: write ${oc.env:TOKEN}"),
    ],
)
def test_mistakes_are_told_with_their_key(task: Task, extensions: Any, line: str) -> None:
    task.write("hook.py", HOOK)
    with pytest.raises(ConfigError) as error:
        task.load(extensions=extensions)
    assert any(line in problem for problem in error.value.problems), error.value.problems


def test_they_are_stored_without_secrets_and_their_files_are_kept(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "hush")
    task.write("hook.py", HOOK)
    task.write("words.txt", "old")
    path = task.write("task.yaml", json.dumps({
        **task.config, "extensions": [{"type": FILE, "url": "a", "token": "${oc.env:TOKEN}", "words": "words.txt"}]
    }))  # fmt: skip
    from crowdcore import load_config

    config = load_config(path)
    assert "hush" not in config.stored()
    again = RunConfig.from_stored(config.stored())
    assert (again, again.hash) == (config, config.hash)
    assert again.extensions[0].options.token == "hush"
    sources = take(config, RunPlugins(config), tmp_path / "sources")
    task.write("words.txt", "new")
    kept = restore(config, tmp_path / "sources", sources)
    assert kept.extensions[0].options.words.read_text() == "old"


def test_what_was_stored_as_a_name_is_read(task: Task) -> None:
    task.write("plain.py", "class Plain: ...")
    document = json.loads(task.load(extensions=["./plain.py:Plain"]).stored())
    document["config"]["extensions"] = ["./plain.py:Plain"]  # as versions before stored it
    assert [c.type for c in RunConfig.from_stored(json.dumps(document)).extensions] == ["./plain.py:Plain"]


EXPORTER = """
def lines(rows, target):
    for row in rows:
        print(row["worker"], row["data"]["text"], sep=" said ", file=target)

def twice(rows, target):
    target.write(f"{len(list(rows))}, {len(list(rows))}")

def broken(rows, target):
    target.write("half")
    raise KeyError("text")

def csv(rows, target): ...
"""


@pytest.fixture
def exporting(installed: Distributions) -> Distributions:
    """A distribution with exporters, and a database with two answers."""
    names = ("lines", "twice", "broken", "csv")
    installed.add("acme", {"crowdcore.exporters": {n: f"acme:{n}" for n in names}}, code=EXPORTER)
    from crowdcore.testing import Browserless, serve, until

    config = {"task": {"name": "t"}, "blueprint": {"type": "mock"}, "provider": {"type": "mock"}}
    with serve(config, data_dir=installed.folder / "data") as run:
        for name in ("ann", "bo"):
            Browserless(run.url, worker_id=name).enter().submit({"text": "hi"})
        until(lambda: run.counters.done == 2)
    return installed


def test_an_exporter_writes_by_its_name(exporting: Distributions) -> None:
    done = exporting.crowd("export", "t", "--format", "lines")
    assert (done.returncode, done.stdout) == (0, "ann said hi\nbo said hi\n")
    target = exporting.folder / "out.txt"
    done = exporting.crowd("export", "t", "--format", "twice", "-o", str(target))
    assert (done.stderr, target.read_text()) == (f"2 rows written to {target}\n", "2, 2")


def test_one_that_fails_is_named_and_leaves_no_file(exporting: Distributions) -> None:
    target = exporting.folder / "out.txt"
    done = exporting.crowd("export", "t", "--format", "broken", "-o", str(target))
    assert done.returncode == 2
    assert done.stderr == "error: exporter 'broken' (acme 1.0): KeyError: 'text' (acme.py:11)\n"
    assert not target.exists()


@pytest.mark.parametrize(("word", "meant"), [("liens", "; did you mean 'lines'?"), ("jsnl", "; did you mean 'jsonl'?")])
def test_an_unknown_format_is_told_with_what_there_is(exporting: Distributions, word: str, meant: str) -> None:
    done = exporting.crowd("export", "t", "--format", word)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: no format is named {word!r}{meant}; there are jsonl, csv, broken, lines, twice\n"


def test_a_format_of_the_core_stays_the_cores(exporting: Distributions) -> None:
    assert "ann" in exporting.crowd("export", "t", "--format", "csv").stdout
    checked = exporting.crowd("plugins", "--check").stderr
    assert checked == (
        "broken: exporter 'csv' (acme 1.0) is never reached: csv is a format of the core; give it another name\n"
    )
