"""The table of what the worker application answers, for its OpenAPI document."""

from __future__ import annotations

from typing import Any

from crowdcore.server.http.openapi import PATH, Operation, document

_ONE = "/api/v1/agents/{agent}"
_JSON = "application/json"
_FORM = "multipart/form-data"
_SCHEME = "agentToken"

_SAYS = """What a task's page says to the server that gave it. The client for pages is /crowd.js.

A worker's page sends its URL parameters to `POST /api/v1/agents` and gets a document with a token, which signs all
further calls for that agent: `Authorization: Bearer TOKEN`. Errors are RFC 9457 documents with a stable `code`; texts
with NUL or half of a surrogate pair, NaN, numbers that overflow and JSON deeper than 64 levels are `invalid`. A method
that an address does not know is 405 with `Allow`. Answers are never a redirect to another host and never a 500.

The live part of a task is a WebSocket at `/api/v1/agents/{agent}/live?token=TOKEN&after=SEQ`. Every frame to the page
that counts has a `seq` of this agent's own; those after SEQ are sent again on connecting. A refusal is accepted first,
then an `error` frame with the code comes, and the connection is closed with 4000 + the HTTP status (4401 bad_token,
4404 no_live or not_found, 4422 invalid). Frames are JSON texts of at most 1 MB.

Where something on the way lets no WebSocket through, `poll` and `frames` do the same. A page names a connection of its
own and polls, one call after the other: `got` is the `next` of the answer before (a repeat after a lost answer loses
nothing), `after` as above. `closed` has the code that a WebSocket would be closed with. The connection stays open while
it is polled, and for 8 s more (1 s after a poll that is broken off)."""

_READ = {503: "busy"}
_SIGNED = {401: "bad_token", 404: "unknown_agent not_found", 422: "invalid", 429: "too_fast", 502: "task_error"} | _READ
_BODY = {408: "timeout", 413: "too_large", 415: "unsupported_media_type", 422: "invalid"}
_CLOSED = {403: "blocked", 409: "already_submitted expired not_acceptable_now"}


def _signed(method: str, word: str, name: str, says: str, answers: dict[int, str | None],
            body: dict[str, str] | None = None, more: dict[int, str] | None = None) -> Operation:  # fmt: skip
    refusals = _SIGNED | (_BODY if body else {}) | (more or {})
    return Operation(method, _ONE + word, name, says, answers, refusals, body or {}, signed=_SCHEME)


OPERATIONS = [
    Operation("GET", "/", "page", "The task's page. Its URL parameters are the provider's.", {200: "text/html"}, _READ),
    Operation("GET", "/leave", "leave", "The page that posts the end of a visit to its platform.", {200: "text/html"}),
    Operation("GET", "/crowd.js", "client", "The client, an ES module.", {200: "text/javascript", 304: None}),
    Operation("GET", "/task/{file}", "file", "A file of the task's front end, or the range of it that was asked for.",
              {200: "*/*", 206: "*/*", 304: None, 400: "text/plain", 416: "text/plain"}, {404: "not_found"}),
    Operation("GET", "/healthz", "health", "Whether the server answers, and its background loops go on.",
              {200: "Health", 503: "Trouble"}),
    Operation("GET", "/metrics", "metrics", "Numbers for Prometheus.", {200: "text/plain"}),
    Operation("GET", PATH, "openapi", "This document.", {200: "OpenApi"}),
    Operation(
        "POST", "/api/v1/agents", "enter",
        "Ask for work, with the page's URL parameters. 201: new work. 200: the preview, work that is open already, or "
        "how it ended.",
        {200: "Document", 201: "Document"},
        _BODY | {401: "bad_token", 403: "not_qualified blocked refused", 429: "too_fast address_full",
                 502: "task_error", 409: "no_available_units too_many_units too_many_open run_over expired"} | _READ,
        {_JSON: "Enter"},
    ),
    _signed("GET", "", "document", "The agent's document again, for a reload.", {200: "Document"}),
    _signed("GET", "/state", "state", "Where the work is, in short: pages ask every few seconds.", {200: "State"}),
    _signed("PUT", "/draft", "draft", "Keep what is not submitted yet: any JSON.", {204: None}, {_JSON: "Any"},
            _CLOSED),
    _signed("POST", "/files/{field}", "upload", "Keep one file. Its id is named in a draft or in `data`.",
            {200: "Uploaded"}, {_FORM: "Upload"}, _CLOSED),
    _signed("POST", "/submit", "submit",
            "Submit. Answered after it is safe; a repeat gets the first answer. Exactly one of `next` and `completion` "
            "is set.", {200: "Submitted"}, {_JSON: "Submit", _FORM: "SubmitForm"}, _CLOSED),
    _signed("POST", "/call/{procedure}", "call", "Call a procedure of the task on the server.", {200: "Result"},
            {_JSON: "Call"}, _CLOSED | {404: "unknown_agent unknown_procedure not_found",
                                        424: "procedure_failed timeout"}),
    _signed("POST", "/return", "giveBack", "Give the work back.", {204: None}, None, _CLOSED),
    _signed("POST", "/error", "reportError", "Tell the operator that the page broke.", {204: None},
            {_JSON: "PageError"}),
    _signed("POST", "/feedback", "feedback", "A word to the author, or a tip for other workers, where asked for.",
            {204: None}, {_JSON: "Note"}),
    _signed("POST", "/poll", "poll", "Open a live connection without a WebSocket, or wait for its next frames.",
            {200: "Polled"}, {_JSON: "Poll"}, {404: "unknown_agent not_found no_live"}),
    _signed("POST", "/frames", "say", "Send frames on such a connection.", {200: "Taken"}, {_JSON: "Frames"},
            {409: "not_connected"}),
    Operation("GET", _ONE + "/live", "live", "The live part, a WebSocket (see above).", {101: None},
              {404: "not_found", 429: "too_fast"},
              query={"token": ({"type": "string"}, True), "after": ({"type": "integer", "minimum": 0}, False)}),
]  # fmt: skip


def worker_document() -> dict[str, Any]:
    """The OpenAPI document of the worker application."""
    scheme = {"type": "http", "scheme": "bearer", "description": "The `token` of the agent's document."}
    return document("crowdcore: worker API", _SAYS, OPERATIONS, {_SCHEME: scheme})
