"""What the JSON of the worker API and of the admin API looks like, as JSON schemas by name."""

from __future__ import annotations

from typing import Any


def _object(needed: str, more: bool = True, /, **properties: Any) -> dict[str, Any]:
    """An object with these properties, those named in `needed` always there."""
    return {
        "type": "object", "properties": properties, "required": needed.split(), "additionalProperties": more,
    }  # fmt: skip


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_null(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_COUNT = {"type": "integer", "minimum": 0}
_COUNTS = {"type": "object", "additionalProperties": _COUNT}
_ANY: dict[str, Any] = {}

_COMPLETION = _object(
    "kind url fields", kind={"enum": ["thanks", "redirect", "post"]}, url=_or_null("string"), fields={"type": "object"}
)
_DOCUMENT = _object(
    "agent token key phase status live init draft deadline completion provider frontend form notice tips asks",
    agent=_or_null("integer"),
    token=_or_null("string"),
    key=_or_null("string"),
    phase={"enum": ["preview", "onboarding", "waiting", "work", "finish", "done"]},
    status=_TEXT,
    live={"type": "boolean"},
    init=_ANY,
    draft=_ANY,
    deadline=_or_null("number"),
    completion={"anyOf": [_ref("Completion"), {"type": "null"}]},
    provider={"type": "object"},
    frontend={"type": "object"},
    form=_ANY,
    notice=_or_null("string"),
    tips=_list(_TEXT),
    asks=_list({"enum": ["feedback", "tip"]}),
    waiting=_or_null("object"),
)
_CONNECTION = {"type": "string", "minLength": 1, "maxLength": 64, "description": "New for each connection."}
_RUN: dict[str, Any] = {
    "name": _TEXT, "task": _TEXT, "status": _TEXT, "wanted": _ANY, "provider": _TEXT, "currency": _or_null("string"),
    "reason": _or_null("string"), "url": _or_null("string"), "created_at": _or_null("number"),
    "launched_at": _or_null("number"), "ended_at": _or_null("number"), "heartbeat_at": _or_null("number"),
    "served": {"type": "boolean"}, "units": _COUNTS, "agents": _COUNTS, "submissions": _COUNT, "page_errors": _COUNT,
    "promised": _TEXT, "earned": _TEXT,
}  # fmt: skip

SCHEMAS: dict[str, dict[str, Any]] = {
    "Any": _ANY,
    "Nothing": {"type": "object", "maxProperties": 0},
    "Problem": _object(
        "type title status code detail",
        type=_TEXT, title=_TEXT, status={"type": "integer"}, code=_TEXT, detail=_TEXT,
        retry_after={"type": "number", "description": "Seconds after which the same request may go through."},
        errors={"description": "By field.", "type": "object", "additionalProperties": _list(_TEXT)},
        limit={"type": "integer", "description": "The limit, in bytes."},
        allow=_list(_TEXT),
    ),
    "Enter": _object(
        "", params={
            "type": "object", "maxProperties": 100, "description": "The URL parameters of the page.",
            "additionalProperties": {"type": "string", "maxLength": 4096}, "propertyNames": {"maxLength": 4096},
        },
    ),
    "Completion": _COMPLETION,
    "Document": _DOCUMENT,
    "State": _object("phase deadline", phase=_TEXT, deadline=_or_null("number")),
    "Upload": {
        "type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}},
    },
    "Uploaded": _object(
        "file name size sha256", file={"type": "string", "pattern": "^f_"}, name=_TEXT, size=_COUNT,
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    ),
    "Submit": _object("data", data={"description": "The answers; of a form {field: value}."}),
    "SubmitForm": {
        "type": "object", "description": "`data` is JSON; every other part is a file of the field it is named by.",
        "properties": {"data": _TEXT}, "additionalProperties": {"type": "string", "format": "binary"},
    },
    "Submitted": _object(
        "status feedback next completion", status=_TEXT, feedback=_or_null("string"),
        next={"anyOf": [_ref("Document"), {"type": "null"}]},
        completion={"anyOf": [_ref("Completion"), {"type": "null"}]},
    ),
    "Call": _object("request_id", args=_ANY, request_id={
        "type": "string", "minLength": 1, "maxLength": 100,
        "description": "New for each call; the same again gets the same answer.",
    }),
    "Result": _object("result", result=_ANY),
    "PageError": {"type": "object", "description": "What the operator shall see; 4,000 characters are kept."},
    "Poll": _object(
        "connection", connection=_CONNECTION, after=_COUNT, got=_COUNT,
        wait={"type": "number", "minimum": 0, "maximum": 10, "default": 10, "description": "Seconds, at most."},
    ),
    "Polled": _object(
        "frames next closed", frames=_list({"type": "object"}), next=_COUNT,
        closed={"anyOf": [_object("code reason", code={"type": "integer"}, reason=_TEXT), {"type": "null"}]},
    ),
    "Frames": _object(
        "connection frames", connection=_CONNECTION, frames={"type": "array", "minItems": 1, "maxItems": 60},
    ),
    "Taken": _object("taken", taken=_COUNT),
    "Note": _object("text", kind={"enum": ["feedback", "tip"], "default": "feedback"},
                    text={"type": "string", "minLength": 1, "maxLength": 5000, "pattern": "\\S"}),
    "Health": _object("status", status={"const": "ok"}),
    "Trouble": _object("status waiting", status={"const": "trouble"}, waiting=_list(_TEXT)),
    "OpenApi": _object("openapi info paths", openapi={"const": "3.1.0"}, info={"type": "object"},
                       paths={"type": "object"}),
    "Run": _object("name task status served units agents", **_RUN),
    "Event": _object("id at kind actor data", id=_COUNT, at=_NUMBER, kind=_TEXT, actor=_TEXT, data=_ANY),
    "Runs": _object("now runs", now=_NUMBER, runs=_list(_ref("Run"))),
    "RunPage": _object("now name task status events", now=_NUMBER, events=_list(_ref("Event")), **_RUN),
    "Logout": _object("csrf", csrf=_TEXT),
    "EndAccess": _object("csrf id", csrf=_TEXT, id=_TEXT),
}  # fmt: skip
