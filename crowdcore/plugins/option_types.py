"""The types that options may have: how a value becomes one, and how each is called in plain words.

Every `to_*` takes a value and, where it was written in a file, its source text (`0.30`, `yes`, `007`),
and raises ValueError with a message that starts with "expected".
"""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from crowdcore.base.quantities import (
    DURATION_HINT,
    MONEY_HINT,
    SIZE_HINT,
    format_duration,
    format_size,
    parse_duration,
    parse_money,
    parse_size,
)

_INT: Final = re.compile(r"[+-]?[0-9]{1,19}")
_WORDS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_LARGEST: Final = 2**63 - 1  # what both databases and JSON readers hold

Kind = Literal["scalar", "choice", "list", "dict", "union", "section", "any"]


@dataclasses.dataclass(frozen=True)
class FieldInfo:
    """One option of a dataclass: its annotation, its metadata, whether it must be given."""

    name: str
    annotation: Any
    required: bool
    default: Any
    meta: Mapping[str, Any]


def fields_of(cls: type) -> dict[str, FieldInfo]:
    """The options that `cls`, a dataclass, takes, in order; not fields with the metadata `hidden`.

    TypeError if `cls` is no dataclass or its annotations cannot be read.
    """
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise TypeError(f"{cls!r} is not a dataclass")
    try:
        hints = get_type_hints(cls, include_extras=True)
    except Exception as error:  # whatever an author's annotations raise
        raise TypeError(f"the types of {cls.__qualname__} cannot be read: {error}") from error
    found = {}
    for item in dataclasses.fields(cls):
        if not item.init or item.metadata.get("hidden"):
            continue
        default = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
        required = bool(item.metadata.get("required")) or default is dataclasses.MISSING
        found[item.name] = FieldInfo(item.name, hints[item.name], required, default, item.metadata)
    return found


def faults_of(cls: Any, prefix: str = "", seen: tuple[Any, ...] = ()) -> list[str]:
    """Why `cls` cannot hold options, a line for each fault; nothing if it can."""
    try:
        fields = fields_of(cls)
    except TypeError as error:
        more = "" if dataclasses.is_dataclass(cls) else "; write @dataclass(frozen=True, kw_only=True) above it"
        return [f"{prefix}{error}{more}"]
    except Exception as error:  # a default_factory may raise anything
        return [f"{prefix}a default cannot be made: {type(error).__name__}: {error}"]
    found = []
    for name, info in fields.items():
        try:
            for section in _sections(info.annotation):
                if section not in seen:
                    found += faults_of(section, f"{prefix}{name}.", (*seen, cls, section))
        except TypeError as error:
            found.append(f"{prefix}{name}: {error}")
    return found


def _sections(annotation: Any) -> list[Any]:
    """The sections of options within a type; TypeError for a type within it that options cannot have."""
    kind = kind_of(annotation)
    if kind == "union":
        return [section for member in members(annotation) for section in _sections(member)]
    if kind in ("list", "dict"):
        return _sections(element_type(annotation))
    if kind == "scalar":
        _scalar(annotation)
    return [annotation] if kind == "section" else []


def kind_of(annotation: Any) -> Kind:
    """What sort of type an annotation is; TypeError for one that options cannot have."""
    origin = get_origin(annotation)
    if annotation in _SCALARS or origin is Annotated or annotation is Path:
        return "scalar"
    if annotation in (Any, object, None, types.NoneType):
        return "any"
    if origin is Literal:
        return "choice"
    if origin in (Union, types.UnionType):
        return "union"
    if annotation in (list, tuple) or origin in (list, tuple, Sequence):
        return "list"
    if annotation is dict or origin in (dict, Mapping):
        return "dict"
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return "section"
    raise TypeError(f"options cannot have the type {annotation!r}")


def members(annotation: Any) -> list[Any]:
    """The alternatives of a union without None; of any other type, the type alone."""
    if kind_of(annotation) != "union":
        return [annotation]
    return [member for member in get_args(annotation) if member is not types.NoneType]


def optional(annotation: Any) -> bool:
    """Whether the type allows None."""
    if annotation in (Any, object):
        return True
    return kind_of(annotation) == "union" and types.NoneType in get_args(annotation)


def element_type(annotation: Any) -> Any:
    """The type of a list's items or a dict's values; Any when it is not said."""
    args = get_args(annotation)
    if not args:
        return Any
    return args[1] if kind_of(annotation) == "dict" else args[0]


def choices_of(annotation: Any) -> tuple[Any, ...]:
    """The choices of a Literal (or of an optional or listed one), else nothing."""
    for member in members(annotation):
        kind = kind_of(member)
        if kind == "choice":
            return get_args(member)
        if kind == "list":
            return choices_of(element_type(member))
    return ()


def to_text(value: Any, text: str | None) -> str:
    """Text; a number or a word such as yes keeps the spelling it was written with."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float) and text is not None:
        return text
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError("expected text")


def to_int(value: Any, _text: str | None) -> int:
    """A whole number of 64 bits; neither true nor 3.0 is one."""
    if isinstance(value, str) and _INT.fullmatch(value.strip().replace("_", "")):
        value = int(value.strip().replace("_", ""))
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected a whole number")
    if abs(value) > _LARGEST:
        raise ValueError("expected a whole number of at most 64 bits")
    return value


def to_float(value: Any, _text: str | None) -> float:
    """A finite number."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise ValueError("expected a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number")
    if not abs(value) <= _LARGEST:  # also refuses NaN
        raise ValueError("expected a finite number")
    return float(value)


def to_bool(value: Any, _text: str | None) -> bool:
    """true or false, also as the words yes, no, on, off."""
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    if isinstance(value, bool):
        return value
    raise ValueError("expected true or false")


def _spelled(value: Any, text: str | None, parse: Callable[[str], Any], expected: str) -> Any:
    """Parse the source text of a number, so that 0.30 never goes through a binary float."""
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected {expected}")
    return parse(text if text is not None else repr(value))


def to_money(value: Any, text: str | None) -> Decimal:
    """A decimal amount; whether it is whole in the run's currency is asked where that is known."""
    if text is not None and not isinstance(value, str):
        text = text.replace("_", "")  # 1_000 is how YAML writes a number; as text, '1_000' is none
    amount: Decimal = _spelled(value, text, parse_money, MONEY_HINT)
    return amount


def to_duration(value: Any, text: str | None) -> float:
    """Seconds."""
    if isinstance(value, float):
        text = f"{Decimal(repr(value)):f}" if 0 <= value < 1e12 else repr(value)
    seconds: float = _spelled(value, text, parse_duration, DURATION_HINT)
    return seconds


def to_size(value: Any, text: str | None) -> int:
    """Bytes."""
    size: int = _spelled(value, text, parse_size, SIZE_HINT)
    return size


def to_choice(choices: tuple[Any, ...], value: Any, text: str | None) -> Any:
    """One of the choices of a Literal; a number or yes/no is compared by its spelling."""
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return choice
    spelled = value if isinstance(value, str) else text
    for choice in choices:
        if spelled is not None and str(choice) == spelled:
            return choice
    raise ValueError(f"expected {'one of ' if len(choices) > 1 else ''}{', '.join(map(str, choices))}")


def to_path(value: Any, text: str | None, base: Path, must_exist: bool) -> Path:
    """An absolute path; a relative one starts at the folder `base`."""
    written = to_text(value, text)
    if not written.strip() or "\0" in written or written.splitlines() != [written]:
        raise ValueError("expected a path")
    try:
        path = base / Path(written).expanduser()
        if must_exist and not path.exists():
            raise FileNotFoundError(f"no such file: {path}")
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError) as error:  # no permission, name too long, unknown ~user
        raise ValueError(f"cannot be read: {error}") from None
    return Path(*path.parts)


_SCALARS: Final[dict[Any, tuple[Callable[[Any, str | None], Any], str, str]]] = {
    # annotation: reader, short name for tables, plain words
    str: (to_text, "text", "text"),
    int: (to_int, "integer", "a whole number"),
    float: (to_float, "number", "a number"),
    bool: (to_bool, "true/false", "true or false"),
    Decimal: (to_money, "money", MONEY_HINT),
}
_NAMED: Final = {
    "duration": (to_duration, "duration", DURATION_HINT),
    "bytes": (to_size, "size", SIZE_HINT),
    "price": (to_money, "price", "a price such as 0.0025"),
}


def scalar(annotation: Any) -> Callable[[Any, str | None], Any]:
    """The reader of a scalar type."""
    return _scalar(annotation)[0]


def _scalar(annotation: Any) -> tuple[Callable[[Any, str | None], Any], str, str]:
    if annotation is Path:
        return to_text, "path", "a path"
    if get_origin(annotation) is Annotated:
        for note in get_args(annotation)[1:]:
            if isinstance(note, str) and note in _NAMED:
                return _NAMED[note]
        return _scalar(get_args(annotation)[0])
    if annotation not in _SCALARS:
        raise TypeError(f"options cannot have the type {annotation!r}")
    return _SCALARS[annotation]


def type_name(annotation: Any, path: bool = False) -> str:
    """A short name for tables: `text`, `list of integer`, `path or list of text`."""
    kind = kind_of(annotation)
    if kind == "union":
        path = path and Path not in members(annotation)
        return " or ".join(dict.fromkeys(type_name(member, path) for member in members(annotation)))
    if kind in ("list", "dict"):
        of = element_type(annotation)
        return f"{'list' if kind == 'list' else 'mapping'}{'' if of is Any else f' of {type_name(of, path)}'}"
    if kind == "scalar":
        return "path" if path and annotation is str else _scalar(annotation)[1]
    return {"choice": "choice", "section": "section"}.get(kind, "any")


def expected(annotation: Any, path: bool = False) -> str:
    """Plain words for a type: `a whole number or a list`."""
    kind = kind_of(annotation)
    if kind == "union":
        return " or ".join(dict.fromkeys(expected(member, path) for member in members(annotation)))
    if kind == "choice":
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    if kind == "scalar":
        return "a path" if path and annotation is str else _scalar(annotation)[2]
    return {"list": "a list", "dict": "a mapping", "section": "a section of options"}.get(kind, "a value")


def default_text(annotation: Any, default: Any) -> str:
    """A default as a user would write it: `30m`, `0.30`, `10MB`, `` for none."""
    if default is None or default is dataclasses.MISSING:
        return ""
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, list | tuple):
        return ", ".join(map(str, default))
    notes = [note for member in members(annotation) for note in get_args(member)[1:] if get_origin(member) is Annotated]
    if "duration" in notes:
        return format_duration(default)
    if "bytes" in notes:
        return format_size(default)
    return f"{default:f}" if isinstance(default, Decimal) else str(default)
