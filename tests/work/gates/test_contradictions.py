"""Gate options that cannot work are refused at launch: every one of them, each with its key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crowdcore import AgentState, ConfigError, hookimpl
from crowdcore.testing import serve

FILES = {
    "item.json": {"n": "quiz"},
    "answered.json": {"n": "quiz", "answers": {"text": "yes"}},
    "two.json": [{"n": 1}, {"n": 2}],
    "empty.json": [],
    "golds.json": [{"n": n, "answers": {"text": "a"}} for n in range(3)],
    "half.json": [{"n": 1, "answers": {"text": "a"}}, {"n": 2}],
    "twice.json": [{"n": 1, "answers": {"text": "a"}}] * 2,
    "odd.json": [{"n": 1, "answers": "a"}],
    "broken.json": "{'n': 1}",
    "names.txt": "ann\nbob\n",
    "nobody.txt": "\n\n",
    "rows.csv": "n,answers.text\n1,a\n2\n",
    "header.csv": "n,,answers.text\n1,2,a\n",
    "latin.csv": "n\nm\xfcll".encode("latin-1"),
    "form.json": {"questions": [{"name": "a", "label": "A", "type": "rating"}]},
    "no_form.json": {"title": "x"},
    "bad_form.json": {"questions": [{"name": "a b", "label": "", "type": "choice"}, {"name": "c", "type": "poem"}]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files above."""
    for name, content in FILES.items():
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return tmp_path


def problems(folder: Path, gates: dict[str, Any], hooks: list[object], task: dict[str, Any]) -> list[str]:
    """The lines of the launch's error."""
    located = json.loads(json.dumps(gates).replace("@", f"{folder}/"))
    config = {
        "task": {"name": "t", **task}, "blueprint": {"type": "mock"}, "provider": {"type": "inhouse"}, "gates": located,
    }  # fmt: skip
    with pytest.raises(ConfigError) as error, serve(config, data_dir=folder / "data", hooks=hooks):
        pass
    return error.value.problems


def gold(file: str, **options: Any) -> dict[str, Any]:
    return {"gold": {"qualification": "g", "data": f"@{file}", **options}}


def quiz(file: str, **options: Any) -> dict[str, Any]:
    return {"onboarding": {"qualification": "q", "data": f"@{file}", **options}}


def asks(*conditions: tuple[str, Any]) -> dict[str, Any]:
    return {"qualifications": [{"name": "q", "comparator": c, "value": v} for c, v in conditions]}


CASES: list[tuple[dict[str, Any], str]] = [
    (quiz("item.json"), "gates.onboarding.answers: onboarding has no answers; declare them, or write validate_onboa"),
    (quiz("two.json", answers={"text": "a"}), "gates.onboarding.data: 2 items, but onboarding has one"),
    ({"onboarding": {"qualification": "q"}}, "gates.onboarding.data: 0 items, but onboarding has one"),
    (quiz("answered.json", answers={"text": "a"}), "gates.onboarding.answers: the file has answers too"),
    (quiz("broken.json"), "gates.onboarding.data: broken.json: line 1, column 2: not valid JSON"),
    ({"screening": {"qualification": "s"}}, "gates.screening: a real unit is the check, so write validate_screening"),
    ({"screening": {"qualification": "s", "data": "@empty.json"}}, "gates.screening.data: has no item"),
    ({"screening": {"qualification": "s", "data": True}}, "gates.screening.data: has no item"),
    ({"screening": {"qualification": "s", "data": "@half.json"}}, "gates.screening.data: entry 1 of screening has no"),
    (gold("empty.json"), "gates.gold.data: has no gold"),
    (gold("half.json"), "gates.gold.data: entry 1 of gold has no answers; declare them, or write validate_gold"),
    (gold("twice.json"), "gates.gold.data: an item is there twice"),
    (gold("odd.json"), "gates.gold.data, entry 0: 'answers' must be an object"),
    (gold("rows.csv"), "gates.gold.data: rows.csv, line 3: 1 cells, but 2 columns"),
    (gold("header.csv"), "gates.gold.data: header.csv, line 1: the header needs a name for each column"),
    (gold("latin.csv"), "gates.gold.data: latin.csv is not UTF-8 text: invalid start byte at byte 3"),
    (gold("golds.json", min_correct=4), "gates.gold.min_correct: 4 to get right, but 3 golds in all"),
    (gold("golds.json", min_correct=2, max_gold_units=1), "gates.gold.max_gold_units: 1 in all, but one worker"),
    (gold("golds.json", min_correct=0), "gates.gold: no gold would ever be shown; give every, rate or min_correct"),
    (gold("golds.json", on_fail="soft_reject"), "gates.gold.on_fail: soft_reject does nothing without max_incorrect"),
    (gold("golds.json", every=2, rate=0.5), "gates.gold: give every or rate, not both"),
    ({"allow_list": "@names.txt", "block_list": ["bob"]}, "gates.block_list: 'bob' are on gates.allow_list too"),
    ({"allow_list": "@nobody.txt"}, "gates.allow_list: is empty, so nobody could work"),
    (asks(("exists", None), ("does_not_exist", None)), "gates.qualifications: nobody can meet 'q' exists and does_not"),
    (asks(("<", 2), (">=", 2)), "gates.qualifications: nobody can meet 'q' < 2 and >= 2"),
    ({**asks(("==", 1)), "block_qualification": "q"}, "gates.qualifications: 'q' == 1, but gates.block_qualification"),
    ({**asks(("exists", None)), **quiz("answered.json")}, "it is what gates.onboarding grants, and that comes later"),
    ({**quiz("answered.json"), "block_qualification": "q"}, "gates.onboarding.qualification: 'q' is gates.block_qual"),
    ({"units_per_session": 5, "max_units_per_worker_per_day": 3}, "gates.units_per_session: 5 units a visit, but"),
    ({"after_task": "@no_form.json"}, 'gates.after_task: no_form.json: must be an object with "questions"'),
    ({"after_task": "@bad_form.json"}, "questions[0]: name must be 1 to 60 letters, digits, _ . or -"),
    ({"after_task": "@bad_form.json"}, "questions[1]: type must be one of text, longtext, choice, choices, rating"),
]  # fmt: skip


@pytest.mark.parametrize(("gates", "line"), CASES, ids=[line[:70] for _, line in CASES])
def test_a_contradiction_is_one_line_with_its_key(folder: Path, gates: dict[str, Any], line: str) -> None:
    found = problems(folder, gates, [], {})
    assert any(line in one for one in found), found


def test_all_are_told_at_once_and_nothing_is_launched(folder: Path) -> None:
    gates = {**quiz("item.json"), **gold("empty.json"), "units_per_session": 5}
    found = problems(folder, gates, [], {"max_units_per_worker": 3})
    assert len(found) == 3
    assert "task.max_units_per_worker allows 3" in found[0]


def test_work_that_people_do_together_has_no_golds(folder: Path) -> None:
    @hookimpl
    async def blueprint_live(assignment: Any) -> None:
        """Nothing."""

    found = problems(folder, gold("golds.json"), [blueprint_live], {})
    assert found == ["gates.gold: needs work that one person does alone; this blueprint's is done together"]


class Numbered(AgentState):
    """Works with items whose n is a number."""

    @classmethod
    def check_item(cls, item: Any) -> None:
        """As its name says."""
        if not isinstance(item.get("n"), int):
            raise ValueError("n is no number")


@pytest.mark.parametrize(
    ("gates", "line"),
    [
        (gold("odd_items.json"), "gates.gold.data, entry 1: n is no number"),
        (
            {"screening": {"qualification": "s", "data": "@odd_items.json"}},
            "gates.screening.data, entry 1: n is no num",
        ),
    ],
)
def test_golds_and_screening_items_are_checked_as_those_of_the_task(
    folder: Path, gates: dict[str, Any], line: str
) -> None:
    @hookimpl
    def agent_state() -> type[AgentState]:
        return Numbered

    items = [{"n": n, "answers": {"text": "a"}} for n in (1, "two", 3)]
    (folder / "odd_items.json").write_text(json.dumps(items))
    (found,) = problems(folder, gates, [agent_state], {})
    assert found.startswith(line)
