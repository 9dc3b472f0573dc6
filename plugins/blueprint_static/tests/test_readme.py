"""The README's first task is followed to the letter: its files are written, its commands run."""

from __future__ import annotations

import json
import re
from pathlib import Path

from crowdcore.testing import Browserless, Machine

README = Path(__file__).parents[1] / "README.md"
FILE = re.compile(r"^(?:.* )?`([\w.]+)`[^`\n]*:\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)```$", re.MULTILINE | re.DOTALL)


def test_the_first_page_works_as_written(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    files = dict(FILE.findall(text.partition("## Values in the page")[0]))
    assert set(files) == {"task.yaml", "animals.csv", "task.html"}
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    run, export = (line.split()[1:] for line in COMMANDS.findall(text)[0].splitlines())
    machine = Machine(tmp_path)
    with machine.serve(*run, "architect.port=0", "--no-open") as served:
        for number, worker in ((1, "x"), (2, "y")):
            page = Browserless(served.url, worker_id=worker, assignment_id=str(number)).enter()
            assert "truth" not in page.document["init"]
            assert "<label><input" in page.document["init"]["html"]
            photo = [("photos", ("a.txt", b"owl"))] if worker == "x" else []
            assert page.submit({"kind": "bird"}, photo).status_code == 200
        assert served.wait() == 0
    assert machine.crowd(*export).returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text("utf-8").splitlines()]
    assert [row["data"]["kind"] for row in rows] == ["bird", "bird"]
    assert [row["item"]["truth"] for row in rows] == ["bird", "amphibian"]
    assert rows[0]["data"]["photos"][0]["size"] == 3
