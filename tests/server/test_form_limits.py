"""What a form with files may hold: so many parts, files and bytes of text."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from crowdcore.testing import Browserless
from tests import web

NewWorker = Callable[[], Browserless]
MB = 1024 * 1024


def send(worker: Browserless, parts: list[bytes]) -> httpx.Response:
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {worker.document['token']}"}
    url = worker.reply.url.join(f"/api/v1/agents/{worker.document['agent']}/submit")
    return web.post(url, content=body, headers=headers)


def outcome(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def test_texts_of_a_form_are_counted_together(new_worker: NewWorker) -> None:
    worker = new_worker()
    parts = [b'name="part%d"\r\n\r\n' % n + b"a" * MB for n in range(17)]
    reply = send(worker, parts)
    assert outcome(reply) == (413, "too_large")
    assert reply.json()["limit"] == 16 * MB
    assert worker.submit({"text": "it goes on"}).status_code == 200


def test_a_form_has_so_many_files(new_worker: NewWorker) -> None:
    worker = new_worker()
    data = b'name="data"\r\n\r\n{"text": "ab"}'
    files = [b'name="doc"; filename="f%d"\r\n\r\nx' % n for n in range(101)]
    assert outcome(send(worker, [data, *files])) == (413, "too_large")
    assert send(worker, [data, *files[:100]]).status_code == 200


def test_a_form_has_so_many_parts(new_worker: NewWorker) -> None:
    worker = new_worker()
    empty = b'name="doc"; filename=""\r\n\r\n'
    parts = [b'name="part%d"\r\n\r\nx' % n for n in range(1001)]
    assert outcome(send(worker, parts)) == (413, "too_large")
    assert send(worker, [b'name="data"\r\n\r\n{"text": "ab"}', *[empty] * 99]).status_code == 200


def test_an_agent_has_so_many_uploads(new_worker: NewWorker) -> None:
    worker = new_worker()
    with web.Client(base_url=worker.reply.url.join("/")) as page:
        path = f"api/v1/agents/{worker.document['agent']}/files/doc"
        headers = {"Authorization": f"Bearer {worker.document['token']}"}
        replies = []
        while len(replies) <= 100:
            reply = page.post(path, files={"file": ("a.txt", b"x")}, headers=headers)
            if reply.status_code != 429:  # a quick machine has to wait for its rate
                replies.append(reply)
    assert {reply.status_code for reply in replies[:100]} == {200}
    assert outcome(replies[100]) == (413, "too_large")
    assert worker.submit({"text": "it goes on"}).status_code == 200
