"""Browser and server say the same of every answer: the same fields, the same words."""

from __future__ import annotations

import json
from typing import Any

from blueprint_form import check, validate
from blueprint_form.patterns import PatternError, compile_pattern
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LETTERS = ["a", "B", "z", "é", "ß", "ſ", "K", "İ", "ı", "Σ", "ς", "1", "٣", "_", " ", "\n",
    "\u2028", "\x85", "\ufeff",
           "-", ".", "@", "😀", "👩‍🔬", "𐐀", "𐐨", "e\u0301", "\x00", "\ud83d", "\ude00"]  # fmt: skip
# through JSON once, as on the wire: two halves of a pair side by side become one character
TEXTS = st.lists(st.sampled_from(LETTERS), max_size=8).map(lambda parts: str(json.loads(json.dumps("".join(parts)))))
OPTION_VALUES = ["a", "b", "c", ">=3", "😀", "__proto__", "constructor"]
NUMBERS = st.one_of(
    st.integers(-20, 20),
    st.floats(-20, 20, allow_nan=False).map(lambda x: round(x, 2)),
    st.sampled_from([0.1, 0.3, 1e-7, 1e21, 2**53 + 1, -0.0, 123456789.123]),
)
NUMBER_TEXTS = ["3", "-3", "0.30", "+1", "1.", ".5", "1e3", "1e400", "NaN", "Infinity", " 3",
    "3 ", "٣", "0x10", "1_0",
                "-0", "9007199254740993", "9" * 101, "1E-2", "--1", ""]  # fmt: skip
DATES = ["2024-02-29", "2023-02-29", "2024-12-31", "0000-01-01", "0001-01-01", "2024-13-01",
    "2024-1-1", "1900-02-29",
         "2000-02-29", "2024-06-31", "2024-01-01\n", "٢٠٢٤-01-01", "9999-12-31", ""]  # fmt: skip
GOOD_DATES = ["2024-02-29", "2000-01-01", "2024-12-31"]
PATTERNS = [
    "^a.c$", "^.$", "^..$", "^\\w+$", "^\\W+$", "\\bB", "\\Ba", "^\\s*$", "^\\S+$", "^\\d+$",
    "[^a-z]", "^[a-z]+$", "^$", "a|b|$",
    "^(a|b)?\\1$", "(?<x>.)\\k<x>", "(?=a)\\w", "(?<!a)B", "^[😀-😎]+$", "^[^\\s]*$", "\\u{1F600}",
    "\\ud83d", "^\\p{L}+$",
    "[\\p{L}\\d]", "\\P{L}", "^\\S{2,3}?$", "k", "^[K-ſ]$", "[^k]", "σ", "ß", "𐐀", "[\\w-]",
    "a{,2}", "]", "\\x41", "\\cJ", "^-?$",
    "^[\\x00-\\x7F]*$", "[]", "[^]", "^(?:a|ab)(?:c|bcd)?$", "\\.", "^a*?$", "(a*)*b", "i", "[i]", "ı", "\\0",
]  # fmt: skip
FLAGS = ["", "i", "m", "s", "u", "y", "iu", "ig", "ims", "gimsuy"]
NAMES = ["f0", "f1", "f2", "f3"]
JUNK = st.sampled_from(
    [None, True, False, 0, 3, 2.5, 10**400, [], {}, [1], ["a", "a"], {"a": 1}, {"zzz": True}, "", "a", "__proto__"]
)
FILES = [
    {"name": "cv.PDF", "size": 10},
    {"name": "a.tar.gz", "size": 2048},
    {"name": "noext", "size": 3},
    {"name": "İ.PNG", "size": 1},
]


def _usable(pattern: tuple[str, str]) -> bool:
    try:
        compile_pattern(*pattern)
    except PatternError:
        return False
    return True


USABLE = [[source, flags] for source in PATTERNS for flags in FLAGS if _usable((source, flags))]


def _counts(draw: Any) -> dict[str, int]:
    low, high = sorted((draw(st.integers(0, 4)), draw(st.integers(0, 6))))
    return {key: value for key, value in (("minLength", low), ("maxLength", high)) if draw(st.booleans())}


def _validators(draw: Any, kind: str) -> dict[str, Any]:
    rules: dict[str, Any] = {"required": draw(st.booleans())}
    if kind in ("input", "email", "textarea", "hidden"):
        rules |= _counts(draw)
        if draw(st.booleans()):
            rules["regexp"] = draw(st.sampled_from(USABLE))
    elif kind in ("checkbox", "select multiple"):
        rules |= _counts(draw)
    elif kind in ("number", "range"):
        bounds = sorted((draw(NUMBERS), draw(NUMBERS)), key=float)
        rules |= {key: value for key, value in zip(("min", "max"), bounds, strict=True) if draw(st.booleans())}
        if draw(st.booleans()):
            rules["step"] = draw(st.sampled_from([1, 0.1, 0.5, 3, 1e-7]))
    elif kind == "date":
        bounds_text = sorted((draw(st.sampled_from(GOOD_DATES)), draw(st.sampled_from(GOOD_DATES))))
        rules |= {key: value for key, value in zip(("min", "max"), bounds_text, strict=True) if draw(st.booleans())}
    elif kind == "file":
        rules |= draw(
            st.sampled_from([{}, {"fileExtension": ["pdf", "Tar.gz"]}, {"maxFileSize": 5}, {"maxFileSize": 1024}])
        )
    return rules


KINDS = ["input", "email", "textarea", "hidden", "number", "range", "date", "select",
    "select multiple", "radio",
         "checkbox", "ranking", "file"]  # fmt: skip


def _rule(draw: Any, target: dict[str, Any], kind: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"field": target["name"]}
    if kind in ("file", "ranking") or draw(st.integers(0, 4)) == 0:
        return rule | {"filled": draw(st.booleans())}
    if kind in ("checkbox", "select multiple"):
        return rule | {draw(st.sampled_from(["contains", "not_contains"])): draw(_operand(target, kind))}
    operators = ["equals", "not_equals", "in", "not_in"]
    if kind in ("number", "range", "date"):
        operators += ["at_least", "at_most"]
    operator = draw(st.sampled_from(operators))
    operand = _operand(target, kind)
    return rule | {operator: draw(st.lists(operand, min_size=1, max_size=3) if operator.endswith("in") else operand)}


def _operand(target: dict[str, Any], kind: str) -> Any:
    if kind in ("number", "range"):
        return NUMBERS
    if kind == "date":
        return st.sampled_from(GOOD_DATES)
    if "options" in target:
        return st.sampled_from([option["value"] for option in target["options"]])
    return st.sampled_from(["", "a", "😀", "B"])


@st.composite
def forms(draw: Any) -> dict[str, Any]:
    fields: list[tuple[str, dict[str, Any]]] = []
    rows = []
    for name in NAMES[: draw(st.integers(1, 4))]:
        kind = draw(st.sampled_from(KINDS))
        field: dict[str, Any] = {"name": name, "label": name, "type": kind.split()[0]}
        if kind == "select multiple":
            field["multiple"] = True
        if kind in ("select", "select multiple", "radio", "checkbox", "ranking"):
            values = draw(st.lists(st.sampled_from(OPTION_VALUES), min_size=1, max_size=4, unique=True))
            field["options"] = [{"label": value, "value": value} for value in values]
        field["validators"] = _validators(draw, kind)
        if draw(st.booleans()):
            field["may_be_hidden"] = draw(st.booleans())
        row: dict[str, Any] = {"fields": [field]}
        if fields and draw(st.booleans()):
            target_kind, target = draw(st.sampled_from(fields))
            draw(st.sampled_from([row, field]))["visible_when"] = _rule(draw, target, target_kind)
        fields.append((kind, field))
        rows.append(row)
    return {
        "title": "t",
        "sections": [{"title": "s", "fieldsets": [{"rows": rows}]}],
        "submit_button": {"text": "Send"},
    }


def _value(draw: Any, field: dict[str, Any]) -> Any:
    if draw(st.integers(0, 5)) == 0:
        return draw(JUNK)
    options = st.sampled_from([option["value"] for option in field.get("options", [{"value": "a"}])])
    match field["type"]:
        case "number" | "range":
            return draw(st.one_of(NUMBERS, NUMBERS.map(str), st.sampled_from(NUMBER_TEXTS)))
        case "date":
            return draw(st.sampled_from(DATES))
        case "email":
            return draw(st.one_of(st.sampled_from(["a@b.org", "a@b", "a@b.org\n", "@b", "a@-b", "ä@b.org"]), TEXTS))
        case "radio":
            return draw(options)
        case "select":
            return draw(st.lists(options, max_size=4) if field.get("multiple") else options)
        case "checkbox":
            return draw(st.dictionaries(options, st.booleans(), max_size=4))
        case "ranking":
            return draw(st.permutations([option["value"] for option in field["options"]]))
        case "file":
            return draw(st.sampled_from(["id1", "id2", ""]))
        case _:
            return draw(TEXTS)


@st.composite
def answers(draw: Any, form: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    fields = [row["fields"][0] for row in form["sections"][0]["fieldsets"][0]["rows"]]
    data = {field["name"]: _value(draw, field) for field in fields if draw(st.integers(0, 7))}
    if draw(st.integers(0, 9)) == 0:
        data[draw(st.sampled_from(["__proto__", "constructor", "extra", ""]))] = draw(JUNK)
    files = {field["name"]: draw(st.sampled_from(FILES)) for field in fields if draw(st.integers(0, 3))}
    return (data if draw(st.integers(0, 60)) else draw(JUNK)), files


ANSWERS_PER_FORM = 4


@settings(
    max_examples=750, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)  # fmt: skip
@given(st.data())
def test_three_thousand_answers_get_the_same_errors_on_both_sides(browser: Any, data: st.DataObject) -> None:
    form = data.draw(forms())
    assert check(form) == []
    for _ in range(ANSWERS_PER_FORM):
        answer, files = data.draw(answers(form))
        assert validate(form, answer, files) == browser.errors(form, answer, files)
