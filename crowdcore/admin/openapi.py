"""The table of what the admin application answers, for its OpenAPI document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crowdcore.server.http.openapi import PATH, Operation, document

_SCHEME = "adminToken"
_SAYS = """For the people who run tasks. It is never on the workers' port. Programs send `Authorization: Bearer TOKEN`
with a token of `crowd admin token`; a browser logs in with a link of `crowd admin login`, once, within 10 minutes."""

_SIGNED = {401: "bad_token", 429: "too_fast", 503: "busy"}

_FORM = {403: "refused", 408: "timeout", 413: "too_large", 415: "unsupported_media_type"}
_EVERYWHERE = {421: "wrong_host"}

_OPERATIONS = [
    Operation("GET", "/", "page", "The page of runs; 401 is the page that says how to log in.",
              {200: "text/html", 401: "text/html"}),
    Operation("GET", "/login", "login", "Log in with the token of a link. 401: it is old, used or not ours.",
              {200: "text/html", 401: "text/html"}, {429: "too_fast"}, query={"token": ({"type": "string"}, False)}),
    Operation("POST", "/logout", "logout", "Log out, from a form of the admin pages.", {303: None},
              _SIGNED | _FORM, {"application/x-www-form-urlencoded": "Logout"}, signed=_SCHEME),
    Operation("GET", "/access", "access", "Which sessions and tokens are good; for owners.", {200: "text/html"},
              _SIGNED | {403: "refused"}, signed=_SCHEME),
    Operation("POST", "/access/end", "end_access", "End one, from a form of the admin pages; for owners.",
              {303: None}, _SIGNED | _FORM | {404: "not_found"},
              {"application/x-www-form-urlencoded": "EndAccess"}, signed=_SCHEME),
    Operation("GET", "/healthz", "health", "Whether the server answers.", {200: "Health"}),
    Operation("GET", PATH, "openapi", "This document.", {200: "OpenApi"}, _SIGNED, signed=_SCHEME),
    Operation("GET", "/api/v1/runs", "runs", "The newest 100 runs, newest first.", {200: "Runs"}, _SIGNED,
              signed=_SCHEME),
    Operation("GET", "/api/v1/runs/{run}", "run", "One run, with its latest events.", {200: "RunPage"},
              _SIGNED | {404: "unknown_run not_found"}, signed=_SCHEME),
]  # fmt: skip
OPERATIONS = [
    one if one.path == "/healthz" else replace(one, refusals={**one.refusals, **_EVERYWHERE}) for one in _OPERATIONS
]


def admin_document() -> dict[str, Any]:
    """The OpenAPI document of the admin application."""
    scheme = {"type": "http", "scheme": "bearer", "description": "A token of `crowd admin token`."}
    return document("crowdcore: admin API", _SAYS, OPERATIONS, {_SCHEME: scheme})
