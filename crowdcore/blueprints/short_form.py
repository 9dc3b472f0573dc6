"""The short form after a task: a file that crowd.js can show on any blueprint's page.

    {"title": "One last thing", "text": "…", "submit": "Send", "questions": [
      {"name": "hard", "label": "How hard was it?", "type": "rating", "max": 7, "low": "easy", "high": "hard"},
      {"name": "device", "label": "What did you use?", "type": "choice", "options": ["phone", "computer"]},
      {"name": "liked", "label": "What did you like?", "type": "choices", "options": ["pace", "pay", "topic"]},
      {"name": "more", "label": "Anything else?", "type": "longtext", "help": "In short.", "required": true}]}

Types: text, longtext (at most 5,000 characters), choice (one of `options`), choices (a list of some), rating (a
whole number from `min`, default 1, to `max`, default 5). The server checks what the page sent by the same rules.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowdcore.errors import ConfigError

TYPES = ("text", "longtext", "choice", "choices", "rating")
MOST = 5000
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_FORM = {"title", "text", "submit", "questions"}
_QUESTION = {"name", "label", "help", "type", "options", "required", "min", "max", "low", "high"}
REQUIRED = "This question needs an answer."


@dataclass(frozen=True)
class ShortForm:
    """A checked form; `document` is its JSON, with every default filled in."""

    document: dict[str, Any]

    def faults(self, data: Any) -> dict[str, list[str]]:
        """What is wrong with the answers {name: value}, by question; {} if they may be stored."""
        if not isinstance(data, dict):
            return {"": ["The answers must be an object of names and values."]}
        questions = {q["name"]: q for q in self.document["questions"]}
        found = {name: ["There is no such question."] for name in data if name not in questions}
        for name, question in questions.items():
            value = data.get(name)
            empty = value in (None, "", [])
            fault = _fault(question, value) if not empty else REQUIRED if question["required"] else None
            if fault:
                found[name] = [fault]
        return found


def _fault(question: dict[str, Any], value: Any) -> str | None:
    kind = question["type"]
    if kind in ("text", "longtext"):
        fine = isinstance(value, str) and len(value) <= MOST
        return None if fine else f"At most {MOST:,} characters of text, please."
    if kind == "rating":
        low, high = question["min"], question["max"]
        fine = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if fine else f"Please choose a number from {low} to {high}."
    chosen = value if kind == "choices" else [value]
    fine = isinstance(chosen, list) and all(isinstance(c, str) and c in question["options"] for c in chosen)
    return None if fine else "Please choose from what is offered."


def read_form(path: Path, key: str) -> ShortForm:
    """The form in the file at `path`; ConfigError with a line for every fault, each naming the option `key`."""
    where = f"{key}: {path.name}"
    try:
        value = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{key}: {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: not valid JSON: {error}") from None
    problems, document = checked_form(value)
    if problems:
        raise ConfigError.many([f"{where}: {problem}" for problem in problems])
    return ShortForm({"title": "One last thing", **document})


def checked_form(value: Any) -> tuple[list[str], dict[str, Any]]:
    """What is wrong with a form (one line for each fault), and if nothing is, its JSON with defaults filled in."""
    problems = _form_problems(value)
    if problems:
        return problems, {}
    questions = [{"required": False, **_scale(q), **q} for q in value["questions"]]
    return [], {"text": "", "submit": "Send", **value, "questions": questions}


def _scale(question: dict[str, Any]) -> dict[str, Any]:
    return {"min": 1, "max": 5} if question["type"] == "rating" else {}


def _form_problems(value: Any) -> list[str]:
    if not isinstance(value, dict) or not isinstance(value.get("questions"), list) or not value["questions"]:
        return ['must be an object with "questions", a list of at least one']
    problems = [f"there is no attribute {name!r}; there are {', '.join(sorted(_FORM))}" for name in set(value) - _FORM]
    problems += [f"{n} must be text" for n in ("title", "text", "submit") if not isinstance(value.get(n, ""), str)]
    seen: set[str] = set()
    for index, question in enumerate(value["questions"]):
        found = _question_problems(question)
        name = question.get("name") if isinstance(question, dict) else None
        if isinstance(name, str):
            found += ["its name is taken"] if name in seen else []
            seen.add(name)
        problems += [f"questions[{index}]: {problem}" for problem in found]
    return problems


def _question_problems(question: Any) -> list[str]:
    if not isinstance(question, dict):
        return ["must be an object"]
    problems = [f"there is no attribute {name!r}" for name in sorted(set(question) - _QUESTION)]
    if not (isinstance(question.get("name"), str) and _NAME.fullmatch(question["name"])):
        problems.append("name must be 1 to 60 letters, digits, _ . or -")
    if not (isinstance(question.get("label"), str) and question["label"].strip()):
        problems.append("label must be text")
    texts = [n for n in ("help", "low", "high") if not isinstance(question.get(n, ""), str)]
    problems += [f"{name} must be text" for name in texts]
    if not isinstance(question.get("required", False), bool):
        problems.append("required must be true or false")
    kind = question.get("type")
    if kind not in TYPES:
        return [*problems, f"type must be one of {', '.join(TYPES)}"]
    return problems + _kind_problems(question, kind)


def _kind_problems(question: dict[str, Any], kind: str) -> list[str]:
    if kind in ("choice", "choices"):
        options = question.get("options")
        fine = isinstance(options, list) and options and all(isinstance(o, str) and o for o in options)
        if not fine or len(set(options or [])) < len(options or []):
            return ["options must be a list of different texts"]
        return []
    if "options" in question:
        return [f"a {kind} has no options"]
    if kind == "rating":
        low, high = question.get("min", 1), question.get("max", 5)
        if not (type(low) is int and type(high) is int and low < high <= low + 10):
            return ["min and max must be whole numbers, max above min by at most 10"]
    return []
