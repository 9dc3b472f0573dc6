"""RunConfig: everything that one run was launched with, typed and frozen.

Stored form (canonical JSON): `{"format": 1, "task_dir": …, "config": {the sections}, "references":
[[key, base], …]}`. A value that is secret or came from the environment is not in it: its place holds the
text it came from (`${oc.env:KEY}`), `references` lists such places (and the folder that a relative path
there starts at, if it is not the task's), and reading the text looks them up again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from crowdcore.config.choices import Catalogue, Plugins
from crowdcore.config.resolve import put, restore, value_at
from crowdcore.config.sections import SECTIONS, build
from crowdcore.errors import ConfigError
from crowdcore.plugins.option_types import fields_of, optional
from crowdcore.plugins.options import Key, Origin, Reading, convert, describe, dotted, unknown
from crowdcore.plugins.schema import (
    AdminConfig,
    ArchitectChoice,
    BlueprintChoice,
    ExtensionChoice,
    GatesConfig,
    PairingConfig,
    ProviderChoice,
    TaskConfig,
)

FORMAT = 1
_PLACE = re.compile(r"(.*?)(?::(\d+))?: ")


@dataclass(frozen=True, repr=False)
class RunConfig:
    """The configuration of one run, from `load_config` or `from_stored`.

    Durations are float seconds, money is Decimal in `currency`, paths are absolute. `args` is an instance
    of the task's `Args` dataclass (hooks.py), or a dict. `references` maps the keys of hidden values to
    where they came from.
    """

    task: TaskConfig
    args: Any
    blueprint: BlueprintChoice
    provider: ProviderChoice
    architect: ArchitectChoice
    gates: GatesConfig
    pairing: PairingConfig
    admin: AdminConfig
    extensions: list[ExtensionChoice]
    hooks: Path | None
    task_dir: Path
    currency: str
    references: Mapping[Key, Origin] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        """Short, and without any value that might be secret."""
        names = (self.blueprint.type, self.provider.type, self.architect.type)
        return f"<RunConfig {self.task.name!r}: {' + '.join(names)}, {self.hash}>"

    def stored(self) -> str:
        """Canonical JSON of everything but secrets: the same configuration gives the same text."""
        sections = {name: to_json(getattr(self, name)) for name in (*SECTIONS, "args", "hooks")}
        for kind in ("blueprint", "provider", "architect"):
            sections[kind] = _choice_json(getattr(self, kind))
        sections["pairing"]["stand_in"] = [_choice_json(choice) for choice in self.pairing.stand_in]
        sections["extensions"] = [_choice_json(choice) for choice in self.extensions]
        for key, origin in self.references.items():
            put(sections, key, origin.reference)
        document = {
            "format": FORMAT,
            "task_dir": str(self.task_dir),
            "config": sections,
            "references": [[key, self._base(origin)] for key, origin in sorted(self.references.items())],
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)

    def _base(self, origin: Origin) -> str | None:
        return None if origin.base in (None, self.task_dir) else str(origin.base)

    @cached_property
    def hash(self) -> str:
        """16 hexadecimal digits that name this configuration (of the SHA-256 of `stored()`)."""
        return hashlib.sha256(self.stored().encode()).hexdigest()[:16]

    def changeable(self) -> list[str]:
        """The dotted keys that `crowd set RUN key=value` may change in this run while it is open."""
        return [dotted(key) for name in SECTIONS for key in _changeable(getattr(self, name), (name,))]

    def replace(self, key: str, value: Any) -> RunConfig:
        """A copy in which the changeable option `key` has `value` (text as in task.yaml, or JSON).

        ConfigError if the key cannot be changed, or not to this value.
        """
        allowed = self.changeable()
        if key not in allowed:
            every = [doc.name for name, cls in SECTIONS.items() for doc in describe(cls, f"{name}.")]
            raise ConfigError(f"{key}: {_why_not(key, allowed, every)}")
        path = tuple(key.split("."))
        reading = Reading(Origin("command line"), check_files=False, currency=self.currency)
        section = _replaced(getattr(self, path[0]), path, 1, value, reading)
        if reading.problems:
            raise ConfigError.many(reading.problems)
        kept = {at: text for at, text in self.references.items() if at != path}
        changed: dict[str, Any] = {path[0]: section, "references": kept}
        return dataclasses.replace(self, **changed)

    def from_changed(self, text: str) -> RunConfig:
        """A copy with the changeable options of `text`, the `stored()` of this run after `replace`."""
        now, then = _document(text)["config"], json.loads(self.stored())["config"]
        config = self
        for key in self.changeable():
            path = tuple(key.split("."))
            value = value_at(now, path)
            if value != value_at(then, path):
                config = config.replace(key, value)
        return config

    @classmethod
    def from_stored(
        cls,
        text: str,
        catalogue: Catalogue | None = None,
        *,
        hooks: Path | None = None,
        hooks_module: Any = None,
        secrets: bool = True,
        snapshot: Path | None = None,
    ) -> RunConfig:
        """The configuration whose `stored()` is `text`; hidden values are read again from where they were.

        `catalogue` defaults to the process's own; `hooks` is a hooks.py to use in place of the stored path
        (a run's snapshot), `hooks_module` one that is loaded already. With `secrets=False` (review, export,
        `crowd set`) hidden values are not looked up but read as the text they are stored as. Files that
        options name may be gone by now and are not looked for. `snapshot` is a folder with copies of the
        task's own plugins (`./file.py:Class`) as they were at launch. ConfigError lists every problem.
        """
        document = _document(text)
        task_dir = Path(document["task_dir"])
        reading = Reading(Origin("stored configuration", base=task_dir), check_files=False)
        references = [(tuple(key), Path(base) if base else None) for key, base in document["references"]]
        tree = restore(document["config"], references, task_dir, reading, secrets)
        if hooks is not None:
            tree["hooks"] = str(hooks)
        return assemble(tree, reading, task_dir, catalogue, hooks_module, snapshot, asked=False)


def assemble(
    tree: dict[str, Any], reading: Reading, task_dir: Path, catalogue: Catalogue | None, hooks_module: Any,
    snapshot: Path | None = None, *, asked: bool = True,
) -> RunConfig:  # fmt: skip
    """The RunConfig of a resolved tree; ConfigError with every problem noted in `reading`. `asked`: see `build`."""
    if catalogue is None:
        from crowdcore.plugins.catalogue import catalogue as installed  # reads entry points: only when none is given

        catalogue = installed()
    sections = build(tree, reading, Plugins(catalogue, task_dir, snapshot), hooks_module, asked=asked)
    if reading.problems:
        raise ConfigError.many(_by_line(reading.problems))
    hidden = {key: origin for key, origin in reading.origins.items() if origin.reference is not None}
    return RunConfig(**sections, task_dir=task_dir, references=hidden)


def _why_not(key: str, allowed: list[str], every: list[str]) -> str:
    if key.partition(".")[0] in SECTIONS and key not in every:
        return unknown(key, allowed)
    return f"cannot be changed while a run is open; what can: {', '.join(allowed)}"


def _by_line(problems: list[str]) -> list[str]:
    """Each problem once, those of one file in the order of its lines, the files in the order they came."""
    found = [(_PLACE.match(problem), problem) for problem in dict.fromkeys(problems)]
    files = list(dict.fromkeys(match[1] if match else "" for match, _ in found))
    found.sort(key=lambda item: (files.index(item[0][1]), int(item[0][2] or 0)) if item[0] else (0, 0))
    return [problem for _, problem in found]


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    shape = {"format": int, "task_dir": str, "config": dict, "references": list}
    if isinstance(document, dict) and isinstance(document.get("format"), int) and document["format"] > FORMAT:
        found = document["format"]
        raise ConfigError(f"stored configuration: format {found} is newer than this crowdcore; update crowdcore")
    if not isinstance(document, dict) or not all(isinstance(document.get(k), t) for k, t in shape.items()):
        raise ConfigError("stored configuration: cannot be read, it is not what crowdcore stores")
    return document


def _changeable(section: Any, prefix: Key) -> list[Key]:
    found: list[Key] = []
    for name, info in fields_of(type(section)).items():
        value = getattr(section, name)
        if info.meta.get("changeable"):
            found.append((*prefix, name))
        elif dataclasses.is_dataclass(value):
            found += _changeable(value, (*prefix, name))
    return found


def _replaced(section: Any, path: Key, depth: int, value: Any, reading: Reading) -> Any:
    """The section with the option at `path[depth:]` read anew."""
    name = path[depth]
    if depth + 1 < len(path):
        new = _replaced(getattr(section, name), path, depth + 1, value, reading)
    else:
        info = fields_of(type(section))[name]
        given = None if value in ("", "null") and optional(info.annotation) else value
        new = convert(info.annotation, given, reading, path, info.meta)
    if reading.problems:
        return section
    try:
        return dataclasses.replace(section, **{name: new})
    except ValueError as error:
        reading.problem(path, str(error))
        return section


def to_json(value: Any) -> Any:
    """JSON of option values: money and paths as text, dataclasses as objects without their secrets."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        stored = [item.name for item in dataclasses.fields(value) if item.init and not item.metadata.get("secret")]
        return {name: to_json(getattr(value, name)) for name in stored}
    if isinstance(value, Mapping):
        return {str(name): to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, Path) else value


def _choice_json(choice: Any) -> dict[str, Any]:
    """A chosen plugin as task.yaml writes it: its own options beside the common ones."""
    common = to_json(choice)
    options = common.pop("options")
    return {**common, **options}
