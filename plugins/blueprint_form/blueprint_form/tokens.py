"""{{tokens}}: one unit_config with many sets of values makes many items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any

from blueprint_form.insertions import Insertions, walk
from blueprint_form.problems import Problem, key_path, shape, suggestion
from blueprint_form.schema import TOKEN_ATTRIBUTES

TokenSet = dict[str, str]

_TOKEN = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
_ANY_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATTRIBUTE = re.compile(r"([A-Za-z_]+)$")


def read_token_sets(value: Any) -> tuple[list[TokenSet], list[Problem]]:
    """The sets of token_sets_values_config.json: [{"tokens_values": {token: value}}, …]."""
    if not isinstance(value, list) or not value:
        return [], [Problem("", 'must be a list such as [{"tokens_values": {"name": "value"}}] with at least one set')]
    sets: list[TokenSet] = []
    problems: list[Problem] = []
    for index, each in enumerate(value):
        at = f"[{index}]"
        given = each.get("tokens_values") if isinstance(each, dict) and set(each) == {"tokens_values"} else None
        if not isinstance(given, dict):
            problems.append(Problem(at, 'a token set must be {"tokens_values": {token: value}} and nothing else'))
            continue
        sets.append(_values(given, f"{at}.tokens_values", problems))
        if sets[0].keys() != sets[-1].keys():
            other = sorted(sets[0].keys() ^ sets[-1].keys())
            words = f"all sets must name the same tokens; this and the first differ in {', '.join(other)}"
            problems.append(Problem(at, words))
    return sets, problems


def read_separate_tokens(value: Any) -> tuple[list[TokenSet], list[Problem]]:
    """All combinations of separate_token_values_config.json: {token: [values]}."""
    if not isinstance(value, dict) or not value:
        return [], [Problem("", 'must be an object such as {"name": ["value 1", "value 2"]} with at least one token')]
    problems: list[Problem] = []
    for name, values in value.items():
        if not isinstance(values, list) or not values:
            problems.append(Problem(key_path("", name), f"must be a list with at least one value, not {shape(values)}"))
    if problems:
        return [], problems
    lists = [[_values({name: each}, "", problems)[name] for each in values] for name, values in value.items()]
    return [dict(zip(value, choice, strict=True)) for choice in product(*lists)], problems


def _values(given: dict[str, Any], path: str, problems: list[Problem]) -> TokenSet:
    for name, value in given.items():
        at = key_path(path, name)
        if not _WORD.fullmatch(name):
            problems.append(Problem(at, f"a token's name has letters, digits and _ only; {name!r} has others"))
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            problems.append(Problem(at, f"a token's value must be text or a number, not {shape(value)}"))
    return {name: value if isinstance(value, str) else str(value) for name, value in given.items()}


def combine(first: list[TokenSet], second: list[TokenSet]) -> tuple[list[TokenSet], list[Problem]]:
    """Every set of `first` with every set of `second`; a token that both give is a problem."""
    if not first or not second:
        return first or second, []
    twice = sorted(first[0].keys() & second[0].keys())
    if twice:
        words = f"{', '.join(twice)}: given in the token sets and in the separate values; remove one of the two"
        return [], [Problem("", words)]
    return [one | two for one, two in product(first, second)], []


def check_tokens(config: Any, sets: list[TokenSet]) -> list[Problem]:
    """Tokens without values, values without tokens, tokens where they may not stand."""
    problems: list[Problem] = []
    used: set[str] = set()
    names = sets[0].keys() if sets else set()

    def look(text: str, path: str) -> str:
        for inner in _ANY_BRACES.findall(text):
            name = inner.strip()
            attribute = _ATTRIBUTE.search(re.sub(r"\[\d+\]$", "", path))
            if attribute is None or attribute[1] not in TOKEN_ATTRIBUTES or ".validators" in path:
                allowed = ", ".join(sorted(TOKEN_ATTRIBUTES))
                problems.append(Problem(path, f"{{{{{name}}}}} may not stand here; tokens may stand in {allowed}"))
            elif not _WORD.fullmatch(name):
                problems.append(Problem(path, f"{{{{{name}}}}} is no token: a token is {{{{name}}}}, not a call"))
            elif name not in names:
                problems.append(Problem(path, f"token {name!r} has no value{suggestion(name, sorted(names))}"))
            used.add(name)
        return text

    walk(config, "", look)
    unused = [name for name in names if name not in used]
    return problems + [Problem("", f"a value is given for token {name!r}, which is used nowhere") for name in unused]


def expand(
    config: dict[str, Any], sets: list[TokenSet], insertions: Insertions, problems: list[Problem]
) -> Iterator[Any]:
    """One item per token set, its values kept under metadata.tokens; without sets the one item as it is."""
    for values in sets or [{}]:
        texts = {name: insertions.text(value, f"token {name}", problems) for name, value in values.items()}
        item = walk(config, "", partial(_fill, texts))
        if values:
            item["metadata"] = {**(item.get("metadata") or {}), "tokens": values}
        yield item


def _fill(texts: TokenSet, text: str, _path: str) -> str:
    # a function, not a replacement string: values may hold backslashes; one pass: values may hold {{braces}}
    return _TOKEN.sub(lambda found: texts[found[1]], text)
