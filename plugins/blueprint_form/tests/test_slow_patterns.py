"""Patterns that take for ever on some text: one budget for an answer, and authors are told."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from blueprint_form import messages
from blueprint_form.allowance import LEAST, Allowances
from blueprint_form.patterns import TIME_LIMIT, compile_pattern, slow_text
from blueprint_form.rules import validate
from click.testing import CliRunner

from crowdcore.cli.group import crowd
from crowdcore.plugins.markers import NotInPlace
from crowdcore.testing import serve

SLOW = "^(a|aa)+$"
ENDLESS = "a" * 60 + "b"


def form_of(make_form: Any, fields: int, pattern: str = SLOW) -> dict[str, Any]:
    return make_form(  # type: ignore[no-any-return]
        *({"name": f"f{n}", "label": "F", "type": "input", "validators": {"regexp": pattern}} for n in range(fields))
    )


def test_all_patterns_of_an_answer_share_one_budget(make_form: Any) -> None:
    """Forty fields are refused after the time of one."""
    form = form_of(make_form, 40)
    errors = validate(form, {f"f{n}": ENDLESS for n in range(40)}, {})
    assert errors == {"f0": [messages.TOO_SLOW]}
    assert validate(form, {f"f{n}": "aaa" for n in range(40)}, {}) == {}
    assert list(validate(form, {"f0": ENDLESS, "f1": "aaa", "f2": 7}, {})) == ["f0", "f2"], "the rest is judged as ever"


def test_on_an_event_loop_they_share_one_too(make_form: Any) -> None:
    form = form_of(make_form, 40)
    validate(form, {"f0": "a"}, {})  # compiled

    async def judge(text: str) -> Any:
        return validate(form, {f"f{n}": text for n in range(40)}, {})

    with pytest.raises(NotInPlace):
        asyncio.run(judge(ENDLESS))


def test_who_sends_slow_answers_again_and_again_has_a_share_of_the_time(make_form: Any) -> None:
    now, form = [0.0], form_of(make_form, 1)
    allowances = Allowances(lambda: now[0])

    def judge(agent: int) -> tuple[float, Any]:
        with allowances.budget(agent) as budget:
            given = budget.left
            return given, validate(form, {"f0": ENDLESS}, {}, budget)

    too_slow = {"f0": [messages.TOO_SLOW]}
    assert judge(1) == (TIME_LIMIT, too_slow)
    assert judge(1) == (LEAST, too_slow)
    assert judge(2) == (TIME_LIMIT, too_slow), "another worker has their own"
    with allowances.budget(1) as budget:
        assert validate(form, {"f0": "aaa"}, {}, budget) == {}, "what does not explode is judged as ever"
    now[0] += 1000
    assert judge(1) == (TIME_LIMIT, too_slow)


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a+)+$", SLOW, "^([a-z]+ ?)+$", r"^\w+([.-]?\w+)*@\w+([.-]?\w+)*\.\w{2,3}$", "(x+x+)+y", "^(.*)*$",
        "(a|b|ab)*c", "^((ab)*)*x$", "^(?:a?){20,}$|(z+)+!$",
    ],
)  # fmt: skip
def test_a_pattern_that_explodes_is_found_out(pattern: str) -> None:
    assert slow_text(compile_pattern(pattern).tree)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(\d+,)*\d+$", "^[A-Z]{2}-[0-9]{4}$", r"^(\w+\s)*$", "^([a-z0-9]+-)*[a-z0-9]+$", r"^\d+(\.\d+)?$",
        r"^(https?://)?([\w-]+\.)+[\w-]+(/\S*)?$", "^(yes|no|maybe)+$", r"^(?=.*\d)(?=.*[a-z]).{8,}$", "a+b+c+", "",
        r"^(?:\d{3}|\(\d{3}\))([-/.])\d{3}\1\d{4}$",
    ],
)  # fmt: skip
def test_one_that_does_not_is_not(pattern: str) -> None:
    assert slow_text(compile_pattern(pattern).tree) is None


def test_authors_are_told_by_check_and_at_launch_once_for_each_pattern(
    make_form: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "task_data.json"
    data.write_text(json.dumps([{"form": form_of(make_form, 3, "^(a+)+$")}] * 5))
    done = CliRunner().invoke(crowd, ["form", "check", str(tmp_path)])
    assert done.exit_code == 0
    assert "5 items, no fault" in done.output
    (told,) = [line for line in done.output.splitlines() if line.startswith("warning: ")]
    assert f"{data}: [0].form." in told
    assert "fields[0].validators.regexp: the pattern '^(a+)+$' takes for ever on texts like 'aaa" in told
    task = {
        "task": {"name": "slow"}, "blueprint": {"type": "form", "data_json": str(data)}, "provider": {"type": "mock"},
    }  # fmt: skip
    with caplog.at_level(logging.WARNING), serve(task, data_dir=tmp_path / "data"):
        (line,) = [r.getMessage() for r in caplog.records if "takes for ever" in r.getMessage()]
    assert "'^(a+)+$'" in line
