"""The README's first task is followed to the letter: its files are written, its commands run."""

from __future__ import annotations

import json
import re
from pathlib import Path

from crowdcore.testing import Browserless, Machine

README = Path(__file__).parents[1] / "README.md"
FILE = re.compile(r"^(?:.* )?`([\w.]+)`[^`\n]*:\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)```$", re.MULTILINE | re.DOTALL)


def test_the_first_procedure_works_as_written(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    files = dict(FILE.findall(text))
    assert set(files) == {"task.yaml", "words.csv", "hooks.py", "task.html"}
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")
    run, export = (line.split()[1:] for line in COMMANDS.findall(text)[0].splitlines())
    machine = Machine(tmp_path)
    with machine.serve(*run, "architect.port=0", "--no-open") as served:
        page = Browserless(served.url, worker_id="x", assignment_id="1").enter()
        asked = page.call("POST", "/call/count", json={"args": {"letter": "l"}, "request_id": "1"})
        assert asked.json() == {"result": {"times": 1}}
        assert page.submit({"letter": "l"}).status_code == 200
        assert served.wait() == 0
    assert machine.crowd(*export).returncode == 0
    (row,) = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text("utf-8").splitlines()]
    assert row["data"]["calls"][0]["result"] == {"times": 1}
