"""Forms inside a conversation: ParlAI's `respond_with_form` and crowdcore's questions, and what is answered."""

from __future__ import annotations

from typing import Any

from blueprint_parlai_chat.acts import NoAct

_TYPES = {"choices": "choice", "text": "text"}


def questions(form: Any) -> list[dict[str, Any]]:
    """The questions of a `respond_with_form`, as crowdcore's short forms have them; NoAct if it is none.

    An entry is {"type": "choices" | "text", "question", "choices"}, as ParlAI's worlds write them, or a question of a
    short form: {"name", "label", "type": "rating", …}.
    """
    from crowdcore.blueprints import checked_form  # only some worlds have forms

    if not isinstance(form, list) or not form:
        raise NoAct("respond_with_form is a list of questions")
    asked = [_question(entry, number) for number, entry in enumerate(form, 1)]
    problems, checked = checked_form({"questions": asked})
    if problems:
        raise NoAct(f"respond_with_form: {problems[0]}")
    found: list[dict[str, Any]] = checked["questions"]
    return found


def _question(entry: Any, number: int) -> Any:
    if not isinstance(entry, dict) or "question" not in entry:
        return {"name": f"q{number}", **entry} if isinstance(entry, dict) else entry
    known = {"type", "question", "choices"}
    own = {name: value for name, value in entry.items() if name not in known}
    kind = entry.get("type", "text")
    asked = {"name": f"q{number}", "label": entry["question"], "required": True, "type": _TYPES.get(kind, kind), **own}
    return {**asked, "options": entry["choices"]} if "choices" in entry else asked


def answered(asked: list[dict[str, Any]], answers: Any) -> dict[str, Any]:
    """The fields of the act that says what was answered: `text`, `task_data.form_responses`.

    An answer that the question does not allow counts as none.
    """
    from crowdcore.blueprints import ShortForm

    given = answers if isinstance(answers, dict) else {}
    faults = ShortForm({"questions": asked}).faults(given)
    responses = []
    for question in asked:
        value = given.get(question["name"])
        responses.append({
            "question": question["label"], "response": None if question["name"] in faults else value,
        })  # fmt: skip
    lines = [f"{r['question']}: {shown(r['response'])}" for r in responses]
    return {"text": "\n".join(lines), "task_data": {"form_responses": responses}}


def shown(value: Any) -> str:
    """An answer in words."""
    if value is None or value == "" or value == []:
        return "–"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
