"""Requests made from the OpenAPI documents, fitting and unfitting, with valid tokens and with hostile headers."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fuzz.servers import Server
from tests.fuzz.surface import narrowed, shares

TIMEOUT = 60.0
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SECURITY = ("content-security-policy", "x-content-type-options", "referrer-policy")
ONE_PERSON = 12  # cases; more would be too fast for one agent
ENDS = ("submit", "giveBack")
FITTING = 0.65

ODD_HEADERS: dict[str, list[str]] = {
    "Accept": ["text/html", "*/*;q=x", "a" * 4000, "text/html,application/json"],
    "Accept-Encoding": ["gzip;q=0", "*"],
    "Connection": ["Upgrade", "close", "keep-alive, x"],
    "Content-Encoding": ["gzip", "identity"],
    "Cookie": ["a=b; =;;", '"', "crowd_admin_80=x", "a" * 4000],
    "Expect": ["100-continue", "nothing"],
    "If-Modified-Since": ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"],
    "If-None-Match": ["*", 'W/"x"', '"'],
    "If-Range": ['"x"', "Thu, 01 Jan 1970 00:00:00 GMT"],
    "Origin": ["null", "https://elsewhere.example"],
    "Range": ["bytes=0-0", "bytes=-1", "bytes=9-1", "lines=1", "bytes=", "bytes=" + ",".join(["0-1"] * 500)],
    "Sec-Fetch-Site": ["cross-site", "same-origin"],
    "TE": ["trailers", "chunked"],
    "Upgrade": ["h2c", "x/y"],
    "X-Crowd-Simulated": ["1", "a.b"],
    "X-Forwarded-For": ["192.0.2.7", "::1, x", "no address", "2001:db8::1", ","],
    "X-Forwarded-Proto": ["https", "wss", "x y"],
}
_header = st.sampled_from(sorted(ODD_HEADERS)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(ODD_HEADERS[name]))
)
_plain = st.text("abcdefghij0123456789äß☃", min_size=1, max_size=100)


@dataclass(frozen=True)
class Spice:
    """What is done to a case besides what the document says."""

    headers: dict[str, str]
    wild: bool
    token: str | None
    answers: dict[str, Any]


_spice = st.builds(
    Spice,
    headers=st.one_of(st.just({}), st.just({}), st.lists(_header, max_size=4).map(dict)),
    wild=st.sampled_from([False, False, True]),
    token=st.sampled_from([None, None, None, "", "x", "1.2.3", "ÿ", "a" * 3000]),
    answers=st.fixed_dictionaries({"text": _plain}, optional={"number": st.integers(0, 100)}),
)


@dataclass
class Tally:
    """What was answered, by (where, operation), and what should not have been."""

    statuses: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def well(self, key: tuple[str, str]) -> int:
        """How often an operation succeeded."""
        return sum(n for status, n in self.statuses.get(key, Counter()).items() if status // 100 == 2 or status == 303)

    def lines(self) -> list[str]:
        """The histogram, one line for each operation."""
        rows = sorted(self.statuses.items())
        return [f"{where:6} {name:12} {self.well((where, name)):6} well   "
                + "  ".join(f"{status}: {n}" for status, n in sorted(counts.items()))
                for (where, name), counts in rows]  # fmt: skip


class Surface:
    """One application with its operations."""

    def __init__(self, where: str, server: Server, document: dict[str, Any], tally: Tally) -> None:
        self._where, self._server, self._tally = where, server, tally
        self._base = server.admin if where == "admin" else server.url
        self._wide = _operations(document)
        self._narrow = _operations(narrowed(document, server.name))
        self._session = requests.Session()
        self._person: dict[str, Any] = {}
        self._uses = 0

    def fuzz(self, name: str, cases: int, seeded: int) -> None:
        """So many cases of one operation."""
        fitting = round(cases * FITTING)
        done = self._run(name, self._narrow[name], GenerationMode.POSITIVE, fitting, seeded)
        done += self._run(name, self._wide[name], GenerationMode.NEGATIVE, cases - fitting, seeded)
        if done < cases:  # nothing about it can be unfitting: odd headers are
            self._run(name, self._narrow[name], GenerationMode.POSITIVE, cases - done, seeded + 1)

    def _run(self, name: str, operation: Any, mode: GenerationMode, cases: int, seeded: int) -> int:
        done = 0
        if not cases:
            return 0

        @seed(seeded)
        @settings(max_examples=cases, database=None, deadline=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode), spice=_spice)
        def every(case: Any, spice: Spice) -> None:
            nonlocal done
            done += 1
            self._one(name, case, spice, mode == GenerationMode.POSITIVE)

        try:
            every()
        except Unsatisfiable:
            return 0
        return done

    def _one(self, name: str, case: Any, spice: Spice, fits: bool) -> None:
        self._fill(name, case, spice, fits)
        wrong = self._where == "admin" and not fits and (spice.token is not None or name == "login")
        session = _stranger() if wrong else self._session
        counts = self._tally.statuses.setdefault((self._where, name), Counter())
        try:
            response = case.call(base_url=self._base, session=session, timeout=TIMEOUT, allow_redirects=False)
        except requests.Timeout:
            self._fault(name, case, f"no answer in {TIMEOUT:.0f} seconds")
            return
        except (requests.RequestException, UnicodeError, ValueError) as error:
            if isinstance(error, requests.ConnectionError):
                self._fault(name, case, f"the connection broke: {error}")
            return  # otherwise the client itself refused to send it
        counts[response.status_code] += 1
        if name in ENDS and response.status_code < 300:
            self._uses = ONE_PERSON
        missing = [header for header in SECURITY if header not in response.headers]
        if missing:
            self._fault(name, case, f"{response.status_code} without {', '.join(missing)}")
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseExceptionGroup as group:
            for error in group.exceptions:
                self._fault(name, case, f"{response.status_code}: {' '.join(str(error).split())[:600]}")

    def _fill(self, name: str, case: Any, spice: Spice, fits: bool) -> None:
        """Valid tokens, and what only this run knows; some of the unfitting cases keep their own."""
        case.headers.update(spice.headers)
        agent = (case.path_parameters or {}).get("agent")
        token = None
        if self._where == "admin":
            token = self._server.admin_token()
            if name == "login" and fits:
                case.query = {"token": self._server.login_token()}
            if name == "end_access" and fits:
                case.body = {"csrf": "", "id": self._server.pass_id()}
        elif agent is not None:
            person = self._at_work()
            token = person["token"]
            if fits or not spice.wild:
                case.path_parameters["agent"] = person["agent"]
        if not fits and spice.token is not None:
            token = spice.token
        known = name == "page" and not spice.wild  # the page says how to log in, to who is not
        if token is not None and (known or case.operation.definition.raw.get("security")):
            case.headers["Authorization"] = f"Bearer {token}"
        if fits and name == "submit" and case.media_type == "multipart/form-data":
            case.body = {**case.body, "data": json.dumps(spice.answers)}

    def _at_work(self) -> dict[str, Any]:
        if not self._person or self._uses >= ONE_PERSON:
            self._person, self._uses = self._server.enter(), 0
        self._uses += 1
        return self._person

    def _fault(self, name: str, case: Any, what: str) -> None:
        try:
            how = case.as_curl_command()
        except Exception as error:  # what cannot be shown is a fault all the same
            how = f"(no command: {error})"
        self._tally.faults.append(f"{self._where} {name}: {what}\n    {how[:1500]}")


class _From(HTTPAdapter):
    """Connects from an address of its own: wrong tokens of one address are counted, for all who come from there."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Bind before connecting."""
        number = next(_numbers)
        address = f"127.0.{number // 200 % 200 + 1}.{number % 200 + 1}"
        super().init_poolmanager(*args, source_address=(address, 0), **more)  # type: ignore[no-untyped-call]


_numbers = itertools.count()


def _stranger() -> requests.Session:
    session = requests.Session()
    session.mount("http://", _From())
    return session


def _operations(document: dict[str, Any]) -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(document)
    found = [result.ok() for result in schema.get_all_operations()]
    return {one.definition.raw["operationId"]: one for one in found}


def run(servers: dict[str, Server], documents: dict[str, dict[str, Any]], cases: int, seeded: int) -> Tally:
    """All operations of the form's run, `call` of the other one, and the admin pages."""
    tally = Tally()
    surfaces = {
        "form": Surface("form", servers["form"], documents["worker"], tally),
        "calls": Surface("calls", servers["calls"], documents["worker"], tally),
        "admin": Surface("admin", servers["form"], documents["admin"], tally),
    }
    for (where, name), count in shares(cases).items():
        surfaces[where].fuzz(name, count, seeded)
    return tally
