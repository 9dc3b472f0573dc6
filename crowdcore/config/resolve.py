"""Layers become one tree (OmegaConf merges them), and interpolations become values."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore.config.secrets import noting_hidden
from crowdcore.config.sources import Layer
from crowdcore.plugins.options import Key, Origin, Reading

if TYPE_CHECKING:  # 0.2 s: only loaded when there is something to merge or to resolve
    from omegaconf import DictConfig

_MISSING = "???"  # OmegaConf's mark of a value that a higher layer must give


def merge(layers: Iterable[Layer], reading: Reading) -> dict[str, Any]:
    """One tree of all layers, the later one winning; lists are replaced, sections are merged.

    `reading` gets the origins, and a problem for every interpolation that does not parse. The tree still
    holds its interpolations.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        _drop_unparsable(layer, reading)
        replaced = {key for key in layer.origins if not isinstance(value_at(layer.values, key), dict)}
        reading.origins = {
            key: origin
            for key, origin in reading.origins.items()
            if not any(key[:end] in replaced for end in range(1, len(key) + 1))
        } | layer.origins
        if merged:
            _clear_conflicts(merged, layer.values)
            merged = _merged(merged, layer, reading)
        else:  # the only layer of most runs
            merged = copy.deepcopy(layer.values)
    return merged


def _merged(lower: dict[str, Any], layer: Layer, reading: Reading) -> dict[str, Any]:
    from omegaconf import OmegaConf  # see above

    try:
        both: Any = OmegaConf.to_container(OmegaConf.merge(lower, layer.values))
    except Exception as error:  # whatever a merge onto an interpolation can raise
        reading.problem((), f"cannot be merged with the layers below it: {_line(error)}", layer.origin.where)
        return lower
    return dict(both)


def resolve(
    tree: dict[str, Any], task_dir: Path, reading: Reading, defaults: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """The tree with every interpolation replaced by its value; problems go to `reading`.

    `defaults` gives the tree of default values, which interpolations may name too. Values that came from
    the environment or a private file get their text as `Origin.reference`.
    """
    resolved = copy.deepcopy(tree)
    wanted = []
    for key, value in leaves(tree):
        if isinstance(value, str) and ("${" in value or value == _MISSING):
            plain = value.replace("${task_dir}", "")
            if "${" in plain or "\\" in plain or value == _MISSING:
                wanted.append(key)
            else:  # by far the most frequent one
                put(resolved, key, value.replace("${task_dir}", str(task_dir)))
                reading.origins[key] = dataclasses.replace(reading.origin(key), text=None)
    if not wanted:
        return resolved
    from omegaconf import OmegaConf  # see above

    config = OmegaConf.create(_over(defaults(), {**tree, "task_dir": escape(str(task_dir))}))
    for key in wanted:
        text = str(value_at(tree, key))
        if text == _MISSING:
            reading.fail(key, "has no value (???)")
            continue
        with noting_hidden() as hidden:
            try:
                value = _value(config, key)
            except Exception as error:  # a resolver may run anything
                reading.fail(key, _why(text, error))
                continue
        put(resolved, key, value)
        origin = dataclasses.replace(reading.origin(key), text=None, reference=text if hidden else None)
        reading.origins[key] = origin
    return resolved


def restore(
    tree: dict[str, Any], references: Iterable[tuple[Key, Path | None]], task_dir: Path, reading: Reading, secrets: bool
) -> dict[str, Any]:
    """A stored tree with its hidden values (`references`: their keys and base folders) looked up again.

    Without `secrets` they stay the text they are stored as, and are not read as their type.
    """
    hidden = dict(references)
    literal = _escaped(tree, hidden)
    for key, base in hidden.items():
        text = str(value_at(tree, key))
        reading.origins[key] = Origin(reading.default.where, base=base or task_dir, reference=text)
    if not secrets:
        reading.kept = set(hidden)
        return copy.deepcopy(tree)
    resolved = resolve(literal, task_dir, reading, dict)  # what is stored has its defaults in it
    for key, value in leaves(tree):
        if key not in hidden:
            put(resolved, key, value)
            reading.origins.pop(key, None)
    return resolved


def escape(text: str) -> str:
    """Text that OmegaConf resolves to `text` itself, whatever it holds."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", text)


def put(tree: Any, key: Key, value: Any) -> None:
    """Write `value` at `key`, which leads through mappings and lists that exist."""
    for part in key[:-1]:
        tree = tree[int(part)] if isinstance(tree, list) else tree[part]
    if isinstance(tree, list):
        tree[int(key[-1])] = value
    else:
        tree[key[-1]] = value


def value_at(tree: Any, key: Key) -> Any:
    """What stands at `key`, which leads through mappings and lists."""
    for part in key:
        tree = tree[int(part)] if isinstance(tree, list) else tree[part]
    return tree


def leaves(tree: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value that is neither a mapping nor a list, with its key."""
    if isinstance(tree, dict):
        for name, item in tree.items():
            yield from leaves(item, (*key, name))
    elif isinstance(tree, list):
        for at, item in enumerate(tree):
            yield from leaves(item, (*key, str(at)))
    else:
        yield key, tree


def _escaped(tree: Any, kept: Iterable[Key]) -> Any:
    literal = copy.deepcopy(tree)
    for key, value in leaves(tree):
        if key not in kept and isinstance(value, str):
            put(literal, key, " ???" if value == _MISSING else escape(value))
    return literal


def _drop_unparsable(layer: Layer, reading: Reading) -> None:
    for key, value in list(leaves(layer.values)):
        if isinstance(value, str) and "${" in value.replace("${task_dir}", ""):
            from omegaconf.errors import GrammarParseError  # see above
            from omegaconf.grammar_parser import parse

            try:
                parse(value)
            except GrammarParseError:
                told = rf"{value!r} is no interpolation such as ${{oc.env:NAME}}; write \${{ for the text itself"
                reading.fail(key, told, layer.origins[key].where)
                put(layer.values, key, None)


def _clear_conflicts(lower: Any, upper: dict[str, Any]) -> None:
    """Where one layer has a list and the other a section, the upper one replaces the lower."""
    for name, value in upper.items():
        under = lower.get(name)
        if isinstance(under, dict) and isinstance(value, dict):
            _clear_conflicts(under, value)
        elif isinstance(under, list | dict) and isinstance(value, list | dict):
            lower.pop(name)


def _over(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """Plain trees, the upper one winning; no interpolation is looked at."""
    both = {**lower, **upper}
    for name in lower.keys() & upper.keys():
        if isinstance(lower[name], dict) and isinstance(upper[name], dict):
            both[name] = _over(lower[name], upper[name])
    return both


def _value(config: DictConfig, key: Key) -> Any:
    from omegaconf import OmegaConf

    node: Any = config
    for part in key:
        node = node[int(part)] if OmegaConf.is_list(node) else node[part]
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def _why(text: str, error: Exception) -> str:
    missing = re.search(r"Environment variable '(.*)' not found", str(error))
    if missing:
        return f"the environment variable {missing[1]} is not set"
    gone = re.search(r"'(the private file .*)'", str(error))
    if gone:
        return gone[1]
    return rf"cannot resolve {text!r}: {_line(error)} (write \${{ for the text itself)"


def _line(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:200]
