"""The OpenAPI 3.1 documents of both applications, made when they are asked for.

`openapi_worker` and `openapi_admin` hold the tables of operations, `openapi_schemas` what the JSON looks like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from crowdcore.server.http.openapi_schemas import SCHEMAS

PATH = "/api/v1/openapi.json"
_PLACE = re.compile(r"{(\w+)}")
_AGENT = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^/\\x00-\\x1f\\x7f]+$"}


@dataclass(frozen=True)
class Operation:
    """One method at one path.

    `answers`: status → the name of a schema for JSON, a media type, or None for no body. `refusals`: status → the
    codes of its problem documents. `body`: media type → schema; `query`: name → (schema, whether it is needed).
    `signed` is the security scheme, None for what is open to all.
    """

    method: str
    path: str
    name: str
    says: str
    answers: Mapping[int, str | None]
    refusals: Mapping[int, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[Mapping[str, Any], bool]] = field(default_factory=dict)
    signed: str | None = None


def document(
    title: str, says: str, operations: Sequence[Operation], schemes: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The OpenAPI document of the operations. `schemes`: the security schemes by name."""
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    used = _reached(paths)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version("crowdcore"), "description": says},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": {name: SCHEMAS[name] for name in sorted(used)}, "securitySchemes": dict(schemes)},
    }


def _operation(one: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": one.name, "description": one.says, "responses": _responses(one)}
    parameters = [_parameter("path", name, _AGENT if name == "agent" else _NAME) for name in _PLACE.findall(one.path)]
    parameters += [_parameter("query", name, schema, needed) for name, (schema, needed) in one.query.items()]
    if parameters:
        made["parameters"] = parameters
    if one.body:
        content = {media: {"schema": _ref(schema)} for media, schema in one.body.items()}
        made["requestBody"] = {"required": True, "content": content}
    if one.signed:
        made["security"] = [{one.signed: []}]
    return made


def _parameter(place: str, name: str, schema: Mapping[str, Any], needed: bool = True) -> dict[str, Any]:
    return {"name": name, "in": place, "required": needed, "schema": schema}


def _responses(one: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status, kind in one.answers.items():
        made[str(status)] = {"description": _SAYS.get(status, "Done.")}
        if kind is not None:
            is_media = "/" in kind
            media = kind if is_media else "application/json"
            schema: dict[str, Any] = {"type": "string"} if is_media else _ref(kind)
            made[str(status)]["content"] = {media: {"schema": schema}}
    for status, codes in one.refusals.items():
        page = {} if "/api/" in one.path else {"text/html": {"schema": {"type": "string"}}}  # for who asks for pages
        stated = {"properties": {"status": {"const": status}, "code": {"enum": codes.split()}}}
        schema = {"allOf": [_ref("Problem"), stated]}
        made[str(status)] = {
            "description": f"Refused: {', '.join(codes.split())}.",
            "content": {"application/problem+json": {"schema": schema}, **page},
        }
    return dict(sorted(made.items()))


_SAYS = {101: "The connection is a WebSocket now.", 201: "Made.", 204: "Done; there is nothing to say.",
         303: "Done; look there.",
         304: "Not changed.", 400: "The range that was asked for is none.", 401: "The page that says how to log in.",
         416: "There is no such range."}  # fmt: skip


def _ref(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _reached(root: Any) -> set[str]:
    """The names of all schemas that `root` refers to, however deep."""
    found: set[str] = set()
    todo = [root]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).removeprefix("#/components/schemas/")
            if name and name not in found:
                found.add(name)
                todo.append(SCHEMAS[name])
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)
    return found
