"""JSON as instances of dataclasses, strictly: nothing is converted that the annotation does not say."""

from __future__ import annotations

import types
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_SCALARS = {str: "a text", bool: "true or false", int: "a whole number", float: "a number", type(None): "null"}


def typed(cls: type[T], value: Any, where: str = "value") -> T:
    """`value` (JSON) as an instance of the dataclass `cls`.

    Fields may be str, int, float, bool, None, Any, Literal, list, dict, unions of these and further dataclasses.
    ValueError, one line that names the place: `args.points[3].x: expected a number, not a text`.
    """
    made: T = _object(cls, value, where)
    return made


def _read(annotation: Any, value: Any, where: str) -> Any:
    origin = get_origin(annotation)
    if annotation is Any:
        return value
    if origin in (Union, types.UnionType):
        return _union(get_args(annotation), value, where)
    if origin is Literal:
        if not any(value == choice and type(value) is type(choice) for choice in get_args(annotation)):
            choices = ", ".join(map(repr, get_args(annotation)))
            raise ValueError(f"{where}: expected one of {choices}, not {value!r:.60}")
        return value
    if is_dataclass(annotation):
        return _object(annotation, value, where)
    if annotation is list or origin is list:
        return _list(annotation, value, where)
    if annotation is dict or origin is dict:
        return _dict(annotation, value, where)
    return _scalar(annotation, value, where)


def _scalar(annotation: Any, value: Any, where: str) -> Any:
    if annotation is None:
        annotation = type(None)
    if annotation not in _SCALARS:
        raise TypeError(f"{where}: {annotation!r} cannot be read from JSON")
    if annotation is float and type(value) is int:
        return float(value)
    if type(value) is not annotation:
        raise ValueError(f"{where}: expected {_SCALARS[annotation]}, not {_kind(value)}")
    return value


def _union(members: tuple[Any, ...], value: Any, where: str) -> Any:
    faults = []
    for member in members:
        try:
            return _read(member, value, where)
        except ValueError as error:
            faults.append(str(error))
    raise ValueError(max(faults, key=len))  # the one that went deepest


def _list(annotation: Any, value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{where}: expected a list, not {_kind(value)}")
    (of,) = get_args(annotation) or (Any,)
    return value if of is Any else [_read(of, each, f"{where}[{at}]") for at, each in enumerate(value)]


def _dict(annotation: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, not {_kind(value)}")
    of = (get_args(annotation) or (str, Any))[1]
    return {name: _read(of, each, f"{where}.{name}") for name, each in value.items()}


def _object(cls: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, not {_kind(value)}")
    known: dict[str, Field[Any]] = {each.name: each for each in fields(cls) if each.init}
    extra = [name for name in value if name not in known]
    if extra:
        raise ValueError(f"{where}: has no {extra[0]!r:.60}; it may have {', '.join(known) or 'nothing'}")
    lacking = [n for n, f in known.items() if n not in value and f.default is MISSING and f.default_factory is MISSING]
    if lacking:
        raise ValueError(f"{where}: lacks {', '.join(lacking)}")
    hints = get_type_hints(cls)
    return cls(**{name: _read(hints[name], each, f"{where}.{name}") for name, each in value.items()})


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else _SCALARS.get(type(value), type(value).__name__)
