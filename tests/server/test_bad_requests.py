"""Whatever a client sends: a problem document with the right code, never a 500, and the work goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from crowdcore import RunHandle
from crowdcore.testing import Browserless
from crowdcore.testing.patience import PATIENCE
from tests import web

NewWorker = Callable[[], Browserless]
MB = 1024 * 1024
JSON = "application/json"
FORM = "multipart/form-data; boundary=x"


def problem(reply: httpx.Response) -> tuple[int, str]:
    assert reply.headers["content-type"] == "application/problem+json"
    document = reply.json()
    assert document["status"] == reply.status_code
    assert document["title"]
    assert "Traceback" not in reply.text
    return reply.status_code, document["code"]


def post(worker: Browserless, path: str, body: Any, media: str = JSON) -> httpx.Response:
    """Bytes as they are, with the worker's token."""
    url = worker.reply.url.join(f"/api/v1/agents/{worker.document['agent']}{path}")
    headers = {"Content-Type": media, "Authorization": f"Bearer {worker.document['token']}"}
    return web.post(url, content=body, headers=headers)


def send(new_worker: NewWorker, body: bytes, media: str = JSON) -> httpx.Response:
    worker = new_worker()
    reply = post(worker, "/submit", body, media)
    assert worker.submit({"text": "it goes on"}).status_code == 200
    return reply


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'"\xff"', b"[1]", b"7", b"{}", rb'{"data": {"text": "a\u0000b"}}', rb'{"data": {"text": "\ud800"}}',
     b'{"data": {"text": NaN}}', b'{"data": {"text": 1e999}}', b'{"data":' * 70 + b"1" + b"}" * 70],
    ids=["empty", "broken", "not UTF-8", "a list", "a number", "without data", "NUL", "surrogate", "NaN",
         "infinite", "deep"],
)  # fmt: skip
def test_a_body_that_cannot_be_data_is_invalid(new_worker: NewWorker, body: bytes) -> None:
    assert problem(send(new_worker, body)) == (422, "invalid")


def test_proto_is_harmless_and_kept(new_worker: NewWorker) -> None:
    reply = send(new_worker, b'{"data": {"text": "ab", "__proto__": {"isAdmin": true}}}')
    assert reply.status_code == 200


def test_another_type_than_json_or_form_is_415(new_worker: NewWorker) -> None:
    assert problem(send(new_worker, b"text=ab", "application/x-www-form-urlencoded"))[0] == 415
    assert problem(send(new_worker, b"{}", "text/plain"))[0] == 415


def test_ten_megabytes_of_text_are_fine_and_too_much_is_413(new_worker: NewWorker) -> None:
    worker = new_worker()
    assert problem(worker.submit({"text": "a" * (16 * MB)})) == (413, "too_large")
    assert worker.submit({"text": "ä" * (5 * MB)}).status_code == 200


def test_a_body_that_only_claims_to_be_small_is_counted(new_worker: NewWorker) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"data": "'
        for _ in range(20):
            yield b"a" * MB

    worker = new_worker()
    reply = post(worker, "/submit", pieces())
    assert problem(reply) == (413, "too_large")
    assert worker.submit({"text": "it goes on"}).status_code == 200


def test_a_file_over_the_limit_is_413_and_leaves_nothing_behind(run: RunHandle, new_worker: NewWorker) -> None:
    worker = new_worker()
    reply = worker.call("POST", "/files/doc", files={"file": ("big", b"\0" * (101 * MB))})
    assert problem(reply) == (413, "too_large")
    assert worker.submit({"text": "it goes on"}).status_code == 200


def test_an_announced_flood_is_refused_before_it_comes(run: RunHandle, new_worker: NewWorker) -> None:
    worker = new_worker()
    address = urlsplit(run.url)
    head = (
        f"POST /api/v1/agents/{worker.document['agent']}/submit HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {worker.document['token']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {100 * 1024 * MB}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"nothing like a form", FORM),
        (b"--x\r\n", FORM),
        (b"--x--\r\n", "multipart/form-data"),
        (b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"text": "cut', FORM),
        (b"--x\r\nContent-Type: text/plain\r\n\r\nnameless\r\n--x--\r\n", FORM),
        (b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n', FORM),
        (b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n[1]\r\n--x--\r\n', FORM),
        (b'--x\r\nContent-Disposition: form-data; name="d\xff"; filename="f"\r\n\r\n1\r\n--x--\r\n',
         FORM),
        (b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{}\r\n'
         b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{}\r\n--x--\r\n', FORM),
    ],
    ids=["no form", "only a start", "no boundary", "cut", "nameless", "unknown", "list", "name not UTF-8", "twice"],
)  # fmt: skip
def test_a_broken_form_is_invalid(new_worker: NewWorker, body: bytes, kind: str) -> None:
    assert problem(send(new_worker, body, kind)) == (422, "invalid")


def test_file_parts_that_nobody_filled_in_are_no_files(new_worker: NewWorker) -> None:
    worker = new_worker()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"text": "ab"}\r\n'
        b'--x\r\nContent-Disposition: form-data; name="doc"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )
    reply = post(worker, "/submit", body, FORM)
    assert reply.status_code == 200


def test_tokens_missing_wrong_foreign_and_garbled_are_401(run: RunHandle, new_worker: NewWorker) -> None:
    one, two = new_worker().document, new_worker().document
    url = f"{run.url}api/v1/agents/{one['agent']}"
    for header in (None, "", "Bearer", "Bearer x", "Bearer x.y.z", f"Bearer {two['token']}", f"Basic {one['token']}",
                   f"Bearer {one['token'][:-1]}"):  # fmt: skip
        reply = web.get(url, headers={} if header is None else {"Authorization": header})
        assert problem(reply) == (401, "bad_token"), header
        assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["", "/draft/x", "/submit/", "/nothing", "/call", "/files", "/call/a/b", "//"])
def test_calls_that_do_not_exist_are_refused_as_such(run: RunHandle, path: str) -> None:
    reply = web.get(f"{run.url}api/v1/agents/0x7{path}", headers={"Authorization": "Bearer x"})
    assert reply.status_code in (401, 404, 405)
    problem(reply)


@pytest.mark.parametrize(
    "params", [[], {"a": 1}, {"a": None}, {"a": ["x"]}, {"a": "x" * 5000}, {str(n): "x" for n in range(101)}, "x", None]
)
def test_url_parameters_are_texts(run: RunHandle, params: object) -> None:
    reply = web.post(run.url + "api/v1/agents", json={"params": params})
    assert problem(reply) == (422, "invalid")


def test_nobody_marks_themselves_as_simulated(run: RunHandle) -> None:
    reply = web.post(run.url + "api/v1/agents", json={"params": {}}, headers={"X-Crowd-Simulated": "1"})
    assert problem(reply) == (401, "bad_token")


@pytest.mark.parametrize("request_id", [None, "", 7, "x" * 101, ["a"]])
def test_a_procedure_needs_a_request_id(new_worker: NewWorker, request_id: object) -> None:
    reply = new_worker().call("POST", "/call/echo", json={"args": 1, "request_id": request_id})
    assert problem(reply) == (422, "invalid")


@pytest.mark.parametrize("name", ["%00", "a%0Ab", "x" * 201])
def test_names_in_addresses_are_plain(new_worker: NewWorker, name: str) -> None:
    worker = new_worker()
    assert problem(worker.call("POST", f"/call/{name}", json={"request_id": "1"})) == (422, "invalid")
    assert problem(worker.call("POST", f"/files/{name}", files={"file": ("a", b"a")})) == (422, "invalid")


def test_not_exactly_one_file_is_invalid(new_worker: NewWorker) -> None:
    worker = new_worker()
    two = [("file", ("a", b"a")), ("file", ("b", b"b"))]
    assert problem(worker.call("POST", "/files/doc", files=two)) == (422, "invalid")
    assert problem(worker.call("POST", "/files/doc", json={}))[0] == 415


def test_a_worker_who_calls_too_fast_is_told_when_to_come_back(run: RunHandle, new_worker: NewWorker) -> None:
    worker = new_worker()
    for _ in range(400):
        if worker.call("GET", "").status_code != 200:
            break
    assert problem(worker.reply) == (429, "too_fast")
    assert int(worker.reply.headers["retry-after"]) >= 1
    assert new_worker().reply.status_code == 201


@pytest.mark.parametrize("path", ["task/../x", "task/%2e%2e/%2e%2e/crowd.db", "task/..%2f..%2fcrowd.db", "crowd/../x"])
def test_no_path_leads_out_of_the_task(run: RunHandle, path: str) -> None:
    address = urlsplit(run.url)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
        connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(20).startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))


@pytest.mark.parametrize("query", ["", "?worker_id=%ff%00&x=%", "?" + "&".join(f"a{n}=1" for n in range(500))])
def test_the_page_answers_whatever_its_address_says(run: RunHandle, query: str) -> None:
    assert web.get(run.url + query).status_code == 200


def test_people_get_a_page_and_programs_a_document_for_what_is_not_there(run: RunHandle) -> None:
    page = web.get(run.url + "nothing", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "There is nothing at this address" in page.text
    assert problem(web.get(run.url + "nothing")) == (404, "not_found")
    assert problem(web.get(run.url + "task/nothing.js")) == (404, "not_found")


def test_a_deep_error_report_is_invalid_too(new_worker: NewWorker) -> None:
    worker = new_worker()
    assert problem(worker.call("POST", "/error", json=["not an object"])) == (422, "invalid")
    assert post(worker, "/error", json.dumps({"message": "x" * 60_000})).status_code == 204
    assert problem(post(worker, "/error", json.dumps({"message": "x" * 100_000}))) == (413, "too_large")
