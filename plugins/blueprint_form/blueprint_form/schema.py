"""The form format as data: which attributes each part has, of which shape, and which it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "html", "text", "bool", "classes", "id", "name", "type", "list", "object", "rules", "triggers",
    "validators", "options", "value",
]  # fmt: skip
"""html and text are strings; html is sanitised and shown as HTML, text is shown as it is."""


@dataclass(frozen=True)
class Part:
    """One kind of object of the format: its attributes with their shapes, and those it must have."""

    attributes: dict[str, Kind]
    required: tuple[str, ...] = ()


_COMMON: dict[str, Kind] = {"id": "id", "classes": "classes"}
_PLACE: dict[str, Kind] = {**_COMMON, "visible_when": "rules"}

FORM = Part(
    {
        **_COMMON, "title": "html", "instruction": "html", "show_instructions_as_modal": "bool",
        "sections": "list", "submit_button": "object",
    },
    ("title", "sections", "submit_button"),
)  # fmt: skip
SUBMIT_BUTTON = Part(
    {**_COMMON, "text": "text", "instruction": "html", "tooltip": "text", "triggers": "triggers"}, ("text",)
)
SECTION = Part(
    {
        **_PLACE, "title": "html", "name": "name", "instruction": "html", "fieldsets": "list",
        "collapsable": "bool", "initially_collapsed": "bool", "triggers": "triggers",
    },
    ("title", "fieldsets"),
)  # fmt: skip
FIELDSET = Part(
    {**_PLACE, "title": "html", "name": "name", "instruction": "html", "help": "html", "rows": "list"}, ("rows",)
)
ROW = Part({**_PLACE, "fields": "list", "help": "html"}, ("fields",))
OPTION = Part({"label": "html", "value": "text", "checked": "bool"}, ("label", "value"))

_FIELD: dict[str, Kind] = {
    **_PLACE, "name": "name", "label": "html", "type": "type", "help": "html", "placeholder": "text",
    "tooltip": "text", "triggers": "triggers", "validators": "validators", "value": "value",
    "may_be_hidden": "bool",
    "initially_hidden": "bool",
}  # fmt: skip
_OWN_ATTRIBUTES: dict[str, dict[str, Kind]] = {
    "checkbox": {"options": "options"},
    "date": {},
    "email": {},
    "file": {"show_preview": "bool"},
    "hidden": {},
    "input": {},
    "number": {},
    "radio": {"options": "options"},
    "range": {},
    "ranking": {"options": "options"},
    "select": {"options": "options", "multiple": "bool"},
    "textarea": {},
}
FIELD_TYPES = tuple(_OWN_ATTRIBUTES)

FIELDS = {
    type: Part(
        {**_FIELD, **own},
        ("name", "type", *(("label",) if type != "hidden" else ()), *own.keys() & {"options"}),
    )
    for type, own in _OWN_ATTRIBUTES.items()
}

_TEXT_RULES = ("required", "minLength", "maxLength", "regexp")
_SELECTION_RULES = ("required", "minLength", "maxLength")
VALIDATORS: dict[str, tuple[str, ...]] = {
    "input": _TEXT_RULES,
    "email": _TEXT_RULES,
    "textarea": _TEXT_RULES,
    "hidden": _TEXT_RULES,
    "number": ("required", "min", "max", "step"),
    "range": ("required", "min", "max", "step"),
    "date": ("required", "min", "max"),
    "checkbox": _SELECTION_RULES,
    "select": ("required",),
    "select multiple": _SELECTION_RULES,
    "radio": ("required",),
    "ranking": ("required",),
    "file": ("required", "fileExtension", "maxFileSize"),
}
"""Validators that each type understands; others must come from insertions/custom_validators.js."""

FIELD_EVENTS = ("onClick", "onChange", "onBlur", "onFocus")
BUTTON_EVENTS = ("onClick",)

_ANY_OPERATORS = ("equals", "not_equals", "in", "not_in", "filled")
_LIST_OPERATORS = ("contains", "not_contains", "filled")
_ORDER_OPERATORS = (*_ANY_OPERATORS, "at_least", "at_most")
OPERATORS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("input", "email", "textarea", "hidden", "radio", "select"), _ANY_OPERATORS),
    **dict.fromkeys(("number", "range", "date"), _ORDER_OPERATORS),
    **dict.fromkeys(("checkbox", "select multiple"), _LIST_OPERATORS),
    **dict.fromkeys(("file", "ranking"), ("filled",)),
}
"""Operators of visible_when that fit each type of the field they look at."""

HTML_ATTRIBUTES = frozenset({"title", "instruction", "help", "label"})
TOKEN_ATTRIBUTES = HTML_ATTRIBUTES | {"tooltip", "placeholder", "text", "value"}
"""Attributes in which {{tokens}} may stand."""


FREE_VALUES = frozenset({"email", "hidden", "input", "textarea"})
"""Types of fields whose default value may be any text."""


def kind_of(field: dict[str, object]) -> str:
    """The field's type, with a multiple select told apart."""
    type = str(field.get("type"))
    return "select multiple" if type == "select" and field.get("multiple") is True else type
