"""One source of configuration as a layer: a plain tree, and for every value where it was written.

Sources are YAML files, a mapping given from Python, and `key=value` words.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from crowdcore.config.yaml_nodes import MAX_DEPTH, Node, Unreadable, parse, plain_scalar
from crowdcore.plugins.options import Key, Origin, dotted

COMMAND_LINE = "command line"
MAPPING = "config"
PLUGIN_SECTIONS = ("blueprint", "provider", "architect")
_SECTIONS = ("task", "args", *PLUGIN_SECTIONS, "gates", "pairing", "admin")
_MAX_VALUES = 100_000  # aliases of aliases can ask for more than any memory


@dataclass
class Layer:
    """One source: `values` is its tree, `origins` says where each of its values was written."""

    origin: Origin
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Key, Origin] = field(default_factory=dict)


def display(path: Path) -> str:
    """A file's name in messages: relative to the working folder when it lies in it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def from_file(path: Path) -> Layer:
    """The layer of a YAML file; Unreadable for one that is missing, no YAML, or no mapping."""
    name = display(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{name}: cannot be read: {error.strerror or error}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{name}:{line}: is not UTF-8 text, save the file in that encoding") from None
    node = parse(text, name)
    if node.value is None:
        node.value = {}
    if not isinstance(node.value, dict):
        raise Unreadable(f"{name}:{node.line}: expected sections such as task: and blueprint:")
    layer = Layer(Origin(name, base=path.parent, file=path))
    _Placing(layer, by_line=True).place(node, ())
    return _tidy(layer)


def from_mapping(data: Mapping[str, Any], base: Path) -> Layer:
    """The layer of a configuration given from Python; paths in it start at `base`."""
    problems: list[str] = []
    node = _node_of(data, (), problems)
    if problems:
        raise Unreadable(*problems)
    layer = Layer(Origin(MAPPING, base=base))
    _Placing(layer).place(node, ())
    return _tidy(layer)


def from_words(words: Iterable[str], base: Path) -> list[Layer]:
    """A layer for each `key=value` word of the command line, in order; paths in them start at `base`."""
    layers, problems = [], []
    for word in words:
        name, equals, text = word.partition("=")
        path = tuple(name.strip().split("."))
        if not equals or not all(path):
            problems.append(f"{COMMAND_LINE}: {word!r}: expected KEY=VALUE, for example architect.port=3001")
            continue
        try:
            node = _word_node(text, f"{COMMAND_LINE}: {dotted(path)}")
        except Unreadable as error:
            problems += error.problems
            continue
        for part in reversed(path):
            node = Node({part: node}, 0)
        layer = Layer(Origin(COMMAND_LINE, base=base))
        _Placing(layer).place(node, ())
        layers.append(_tidy(layer))
    if problems:
        raise Unreadable(*problems)
    return layers


def _word_node(text: str, name: str) -> Node:
    """`[a, b]`, `{a: 1}` and quoted text are YAML; any other text is one word or sentence."""
    start = text.strip()[:1]
    if start and start in "[{":
        return parse(text, name)
    if start and start in "'\"":
        try:
            return parse(text, name)
        except Unreadable:
            return Node(text, 0)
    return plain_scalar(text) if text.strip() else Node(text, 0)


def _node_of(value: Any, key: Key, problems: list[str]) -> Node:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if len(key) > MAX_DEPTH:
        problems.append(f"{MAPPING}: {dotted(key[:3])}: nested deeper than {MAX_DEPTH} levels")
    elif isinstance(value, Mapping):
        return Node({str(name): _node_of(item, (*key, str(name)), problems) for name, item in value.items()}, 0)
    elif isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return Node([_node_of(item, (*key, str(at)), problems) for at, item in enumerate(items)], 0)
    elif isinstance(value, Decimal | Path) or (isinstance(value, float) and not math.isfinite(value)):
        return Node(str(value), 0)
    elif value is None or type(value) in (str, int, float, bool):
        return Node(value, 0)
    elif isinstance(value, str):
        return Node(str(value), 0)
    else:
        problems.append(f"{MAPPING}: {dotted(key)}: a value of type {type(value).__name__} cannot be stored")
    return Node(None, 0)


class _Placing:
    """Turns nodes into a layer's plain tree and origins."""

    def __init__(self, layer: Layer, by_line: bool = False) -> None:
        self.layer = layer
        self.by_line = by_line
        self.count = 0

    def place(self, node: Node, key: Key) -> None:
        self.layer.values = self._plain(node, key)

    def _plain(self, node: Node, key: Key) -> Any:
        self.count += 1
        if self.count > _MAX_VALUES:
            raise Unreadable(f"{self.layer.origin.where}: holds more than {_MAX_VALUES} values")
        if key:
            where = f"{self.layer.origin.where}:{node.line}" if self.by_line else self.layer.origin.where
            self.layer.origins[key] = dataclasses.replace(self.layer.origin, where=where, text=node.text)
        if isinstance(node.value, dict):
            return {name: self._plain(item, (*key, name)) for name, item in node.value.items()}
        if isinstance(node.value, list):
            return [self._plain(item, (*key, str(at))) for at, item in enumerate(node.value)]
        return node.value


def _tidy(layer: Layer) -> Layer:
    """Writes short forms out: `provider: prolific`, a section left empty, one stand-in without a list."""
    values, origins = layer.values, layer.origins
    for name in _SECTIONS:
        if name in values and values[name] is None:
            values[name] = {}
    for name in PLUGIN_SECTIONS:
        if isinstance(values.get(name), str):
            origins[(name, "type")] = origins[(name,)]
            values[name] = {"type": values[name]}
    if isinstance(values.get("extensions"), dict):
        top = ("extensions",)
        inner = {key: origins.pop(key) for key in list(origins) if key[:1] == top and key != top}
        origins[(*top, "0")] = origins[top]
        origins.update({(*top, "0", *key[1:]): origin for key, origin in inner.items()})
        values["extensions"] = [values["extensions"]]
    pairing = values.get("pairing")
    at = ("pairing", "stand_in")
    if isinstance(pairing, dict) and isinstance(pairing.get("stand_in"), dict | str):
        only = pairing["stand_in"]
        inner = {key: origins.pop(key) for key in list(origins) if key[:2] == at and key != at}
        origins[(*at, "0")] = origins[at]
        origins.update({(*at, "0", *key[2:]): origin for key, origin in inner.items()})
        if isinstance(only, str):
            origins[(*at, "0", "type")] = origins[at]
        pairing["stand_in"] = [{"type": only} if isinstance(only, str) else only]
    return layer
