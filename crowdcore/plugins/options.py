"""Reading a documented dataclass from what people write, with every problem collected.

    @dataclass(frozen=True, kw_only=True)
    class Options:
        data_json: Path | None = option(None, help="Items, a JSON list", path=True)
        colour: Literal["red", "blue"] = option("red", help="Colour of the button")
        pause: Duration = option(30.0, help="Rest between two units", min=0)
        api_key: str = option(help="Key of the service", secret=True)

Types: str, int, float, bool, Decimal (money: whole cents of the run's currency), Price (may be finer), Duration,
ByteSize, Path, Literal, Any, list, dict, optional ones and unions of those, and nested dataclasses. A ValueError from
`__post_init__` becomes a problem of the section. A plain `dataclasses.field(metadata={"help": …})` works as well as
`option`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, get_args

from crowdcore.base.faults import hide
from crowdcore.base.quantities import ByteSize as ByteSize
from crowdcore.base.quantities import Duration as Duration
from crowdcore.base.quantities import whole_money
from crowdcore.plugins.option_types import (
    FieldInfo,
    choices_of,
    default_text,
    element_type,
    expected,
    fields_of,
    kind_of,
    members,
    optional,
    scalar,
    to_choice,
    to_path,
    type_name,
)

T = TypeVar("T")
Key = tuple[str, ...]
_BAD: Any = object()  # the value of what could not be read; its problem has been noted


def option(
    default: Any = MISSING,
    *,
    factory: Any = MISSING,
    help: str,
    secret: bool = False,
    required: bool = False,
    path: bool = False,
    must_exist: bool = True,
    min: float | None = None,
    max: float | None = None,
    changeable: bool = False,
    python: bool = False,
) -> Any:
    """A dataclass field that documents itself; without `default` and `factory` it is required.

    `secret` keeps the value out of the stored configuration, `required` refuses a missing value although
    there is a default, `path` makes text an absolute path (relative ones start at the folder of the
    file they are written in) that exists unless `must_exist=False`, `min` and `max` bound numbers,
    `changeable` lets `crowd set` change it while a run is open, `python` says that the path is a Python file of the
    task: the plugin's `load_python(module)` loads it before a launch with `module(path)`, later `run.module(path)`
    does, and the run keeps it with what it imports from beside it.
    """
    metadata = {
        "help": help, "secret": secret, "required": required, "path": path, "must_exist": must_exist,
        "min": min, "max": max, "changeable": changeable, "python": python,
    }  # fmt: skip
    if factory is not MISSING:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Origin:
    """Where a value was written: `where` starts its messages (`task.yaml:12`), `text` is what stood there.

    `base` is the folder that relative paths start at; `reference` is the text a hidden value came from
    (`${oc.env:KEY}`): messages and the stored configuration hold it in place of the value.
    """

    where: str
    text: str | None = None
    base: Path | None = None
    reference: str | None = None
    file: Path | None = None


@dataclass
class Reading:
    """One reading of values: where they come from, and the problems found so far (one line each).

    `labels` names plugins by their section: `{("provider",): "provider 'mturk'"}`; `broken` holds the keys
    whose value could not even be looked up, so that one fault is told once, and `kept` those of hidden
    values that are not looked up: they keep the text they are stored as. Money is whole in `currency`; while that
    is None nobody asks: it is not known yet, or what is read is stored and was asked before.
    """

    default: Origin
    origins: dict[Key, Origin] = field(default_factory=dict)
    labels: dict[Key, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    broken: set[Key] = field(default_factory=set)
    kept: set[Key] = field(default_factory=set)
    check_files: bool = True
    currency: str | None = None

    def origin(self, key: Key) -> Origin:
        """The origin of `key`, else of the nearest section around it."""
        for end in range(len(key), 0, -1):
            if key[:end] in self.origins:
                found = self.origins[key[:end]]
                return found if end == len(key) else dataclasses.replace(found, text=None)
        return self.default

    def problem(self, key: Key, message: str, where: str | None = None) -> None:
        """Note `file:line: dotted.key: message`; an option of a plugin also names the plugin."""
        for end in range(len(key) - 1, 0, -1):
            if key[:end] in self.labels:
                message = f"{self.labels[key[:end]]} option '{dotted(key[end:])}': {message}"
                break
        name = f"{dotted(key)}: " if key else ""
        self.problems.append(f"{where or self.origin(key).where}: {name}{message}")

    def fail(self, key: Key, message: str, where: str | None = None) -> None:
        """Note a problem of a value that cannot be looked up at all."""
        self.problem(key, message, where)
        self.broken.add(key)

    def refuse(self, key: Key, message: str, value: Any, secret: bool = False) -> Any:
        """Note a problem that shows the value, or the reference it came from, or nothing of a secret."""
        origin = self.origin(key)
        written = value if isinstance(value, str) or origin.text is None else _Bare(origin.text)
        got = origin.reference or ("a secret value" if secret else _shown(written))
        self.problem(key, f"{message}, got {got}")
        return _BAD


def dotted(key: Key) -> str:
    """`("task", "name")` → `task.name`; what cannot be printed is escaped."""
    return ".".join(part if part.isprintable() and part else repr(part) for part in key)


class _Bare(str):
    """Text that was written without quotes, such as a number, and is shown without."""

    def __repr__(self) -> str:
        return str(self)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else _one_line(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _one_line(value: Any) -> str:
    """repr on one line; a number too long to print is said to be one."""
    try:
        return repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "a very long number"


def unknown(name: str, known: list[str]) -> str:
    """What to tell of a key that does not exist: the one that was probably meant, else all there are."""
    from difflib import get_close_matches  # only needed to tell of a mistake

    close = get_close_matches(name, known, n=1)
    if close:
        return f"unknown, did you mean '{close[0]}'?"
    return f"unknown, known here: {', '.join(known) or 'nothing'}"


def read(
    cls: type[T], data: Mapping[str, Any], reading: Reading, key: Key = (), given: Mapping[str, Any] | None = None
) -> T | None:
    """An instance of the dataclass `cls` from `data`; None after noting problems in `reading`.

    `key` is where the section stands (`("gates", "gold")`), `given` holds fields that are converted
    already. Unknown keys, wrong values and missing required ones are all noted; only a `cls` that is no
    readable dataclass raises (TypeError).
    """
    fields = fields_of(cls)
    before = len(reading.problems)
    values = dict(given or {})
    for name in data:
        if name not in fields:
            reading.problem((*key, name), unknown(name, list(fields)))
    for name, info in fields.items():
        here = (*key, name)
        if name in values or here in reading.broken:
            continue
        if _is_given(data, name, info):
            values[name] = convert(info.annotation, data[name], reading, here, info.meta)
        elif info.required:
            hint = f" ({info.meta['help']})" if info.meta.get("help") else ""
            in_section = name in data or len(key) > 1  # the line of the key, or of the section that lacks it
            reading.problem(here, f"is required{hint}", None if in_section else reading.default.where)
    if len(reading.problems) > before or any(at[:-1] == key for at in reading.broken):
        return None
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:
        reading.problem(key, " ".join(str(error).split()))
        return None


def _is_given(data: Mapping[str, Any], name: str, info: FieldInfo) -> bool:
    """A key without a value counts as left out where a value is required and for whole sections."""
    if name not in data:
        return False
    return data[name] is not None or not (info.required or kind_of(info.annotation) == "section")


def convert(annotation: Any, value: Any, reading: Reading, key: Key, meta: Mapping[str, Any]) -> Any:
    """`value` as `annotation` says; after noting a problem in `reading`, a value without meaning."""
    if key in reading.broken:
        return _BAD
    if key in reading.kept:
        return value
    kind = kind_of(annotation)
    if value is None and optional(annotation):
        return None
    if value is None:
        return reading.refuse(key, f"expected {expected(annotation, bool(meta.get('path')))}", value)
    if kind == "any":
        return value
    if kind == "union":
        return _convert_union(annotation, value, reading, key, meta)
    if kind == "section":
        if not isinstance(value, Mapping):
            return reading.refuse(key, "expected a section of options", value)
        return read(annotation, value, reading, key)
    if kind == "list":
        if isinstance(value, Mapping):
            return reading.refuse(key, "expected a list", value)
        items = list(_items(annotation, value))
        of = element_type(annotation)
        return [convert(of, item, reading, (*key, str(at)), meta) for at, item in enumerate(items)]
    if kind == "dict":
        if not isinstance(value, Mapping):
            return reading.refuse(key, "expected a mapping", value)
        of = element_type(annotation)
        return {name: convert(of, item, reading, (*key, name), meta) for name, item in value.items()}
    return _convert_scalar(annotation, value, reading, key, meta)


def _items(annotation: Any, value: Any) -> Iterator[Any]:
    """The items of a list; text is split at commas, and one item alone is a list of one."""
    if isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, str) and kind_of(element_type(annotation)) in ("scalar", "choice"):
        yield from (part.strip() for part in value.split(",") if part.strip())
    else:
        yield value


def _convert_union(annotation: Any, value: Any, reading: Reading, key: Key, meta: Mapping[str, Any]) -> Any:
    tries: list[list[str]] = []
    plain = {**meta, "path": False} if Path in members(annotation) else meta  # Path | list[str]: text is text
    hint = ""
    for member in members(annotation):
        if isinstance(value, str) and Path in members(annotation) and kind_of(member) == "list":
            hint = f"; a list stands in brackets: [{value}]" if len(value) <= 60 else "; a list stands in brackets"
            continue  # a file that is missing must not pass for a list of one name
        trial = dataclasses.replace(reading, problems=[])
        converted = convert(member, value, trial, key, meta if member is Path else plain)
        if not trial.problems:
            return converted
        if isinstance(value, Mapping) == (kind_of(member) in ("section", "dict")):
            tries.append(trial.problems)
    if len(tries) == 1:
        reading.problems.extend(problem + hint for problem in tries[0])
        return _BAD
    return reading.refuse(
        key, f"expected {expected(annotation, bool(meta.get('path')))}", value, meta.get("secret", False)
    )


def _convert_scalar(annotation: Any, value: Any, reading: Reading, key: Key, meta: Mapping[str, Any]) -> Any:
    origin = reading.origin(key)
    try:
        if kind_of(annotation) == "choice":
            return to_choice(get_args(annotation), value, origin.text)
        if annotation is Path or (annotation is str and meta.get("path")):
            base = origin.base or reading.default.base or Path.cwd()
            path = to_path(value, origin.text, base, reading.check_files and meta.get("must_exist", True))
            return path if annotation is Path else str(path)
        converted = scalar(annotation)(value, origin.text)
        if annotation is Decimal and reading.currency is not None:
            whole_money(converted, reading.currency)
        if meta.get("secret"):
            hide(converted)
    except FileNotFoundError as error:
        reading.problem(key, str(error))
        return _BAD
    except ValueError as error:
        return reading.refuse(key, str(error), value, meta.get("secret", False))
    low, high = meta.get("min"), meta.get("max")
    if isinstance(converted, str) or ((low is None or converted >= low) and (high is None or converted <= high)):
        return converted
    bound = f"at least {low:g}" if high is None else f"at most {high:g}" if low is None else f"{low:g} to {high:g}"
    return reading.refuse(key, f"expected {bound}", value, meta.get("secret", False))


@dataclass(frozen=True)
class OptionDoc:
    """One option in words: its dotted name, type, default and choices as a user writes them."""

    name: str
    type: str
    default: str
    choices: tuple[str, ...]
    help: str
    required: bool
    secret: bool = False


def describe(cls: type, prefix: str = "") -> list[OptionDoc]:
    """Every option of the dataclass `cls`, nested ones by their dotted name (`gold.every`)."""
    docs: list[OptionDoc] = []
    for name, info in fields_of(cls).items():
        here = f"{prefix}{name}"
        path = bool(info.meta.get("path"))
        nested = [(here, member) for member in members(info.annotation) if kind_of(member) == "section"]
        nested += [
            (f"{here}[]", element_type(member))
            for member in members(info.annotation)
            if kind_of(member) == "list" and kind_of(element_type(member)) == "section"
        ]
        docs.append(
            OptionDoc(
                name=here,
                type=type_name(info.annotation, path),
                default="" if nested else default_text(info.annotation, info.default),
                choices=tuple(map(str, choices_of(info.annotation))),
                help=info.meta.get("help", ""),
                required=info.required,
                secret=bool(info.meta.get("secret")),
            )
        )
        for at, section in nested:
            docs += describe(section, f"{at}.")
    return docs
