"""A Node process that runs the very module that the page loads; Node missing fails, it never skips."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import blueprint_form
import pytest


class Browser:
    """Asks the browser's side, one JSON line per question."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.fail("Node.js is needed to compare browser and server: install nodejs")
        rules = Path(blueprint_form.__file__).parent / "static" / "form_rules.js"
        answerer = Path(__file__).parent / "answer_lines.mjs"
        self._process = subprocess.Popen(
            [node, answerer, rules], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="ascii"
        )

    def ask(self, **question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def errors(self, form: Any, data: Any, files: Any) -> Any:
        return self.ask(form=form, data=data, files=files)

    def test(self, source: str, flags: str, text: str) -> Any:
        """True or false as RegExp.test says, or the text of JavaScript's refusal."""
        return self.ask(source=source, flags=flags, text=text)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    process = Browser()
    yield process
    process.close()


@pytest.fixture
def small_form() -> dict[str, Any]:
    return make_form({"name": "word", "label": "A word", "type": "input", "validators": {"required": True}})


def make_form(*fields: dict[str, Any]) -> dict[str, Any]:
    """The smallest form around `fields`, one row each."""
    return {
        "title": "A form",
        "sections": [{"title": "Part one", "fieldsets": [{"rows": [{"fields": [each]} for each in fields]}]}],
        "submit_button": {"text": "Send"},
    }


@pytest.fixture(name="make_form")
def make_form_fixture() -> Any:
    return make_form
