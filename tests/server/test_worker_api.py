"""The worker API over HTTP: every call, its answer, and the code of each refusal."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from crowdcore import RunHandle
from crowdcore.testing import Browserless
from tests import web

NewWorker = Callable[[], Browserless]


def test_a_worker_gets_work_with_a_token(new_worker: NewWorker) -> None:
    worker = new_worker()
    assert worker.reply.status_code == 201
    document = worker.document
    assert set(document) == {
        "agent", "token", "key", "phase", "status", "live", "init", "draft", "deadline", "completion", "provider",
        "frontend", "form", "notice", "tips", "asks", "waiting",
    }  # fmt: skip
    assert (document["phase"], document["status"], document["live"]) == ("work", "in_task", False)


def test_the_same_visit_gets_its_agent_back(new_worker: NewWorker) -> None:
    worker = new_worker()
    agent = worker.document["agent"]
    assert worker.enter().reply.status_code == 200
    assert worker.document["agent"] == agent


def test_nobody_in_particular_sees_the_preview(run: RunHandle) -> None:
    visitor = Browserless(run.url).enter()
    assert visitor.reply.status_code == 200
    assert (visitor.document["phase"], visitor.document["agent"], visitor.document["token"]) == ("preview", None, None)


def test_a_reload_shows_the_draft(new_worker: NewWorker) -> None:
    worker = new_worker()
    assert worker.call("PUT", "/draft", json={"text": "half", "n": [1.5, None]}).status_code == 204
    assert worker.call("GET", "").json()["draft"] == {"text": "half", "n": [1.5, None]}


def test_a_submission_ends_the_visit_and_a_repeat_gets_the_first_answer(new_worker: NewWorker) -> None:
    worker = new_worker()
    first = worker.submit({"text": "one"})
    assert first.status_code == 200
    assert first.json()["completion"]["kind"] == "thanks"
    assert first.json()["next"] is None
    assert worker.submit({"text": "two"}).json() == first.json()
    assert worker.submit({"text": "two"}, [("doc", ("a.txt", b"a"))]).json() == first.json()
    assert worker.enter().document["phase"] == "done"


def test_refused_answers_come_with_errors_by_field_and_may_be_sent_again(new_worker: NewWorker) -> None:
    worker = new_worker()
    assert worker.submit({"text": "x"}).status_code == 422
    assert worker.code == "invalid"
    assert worker.reply.json()["errors"] == {"text": ["say more"]}
    assert worker.submit({"text": "xx"}).status_code == 200


def test_after_the_submission_other_calls_are_refused(new_worker: NewWorker) -> None:
    worker = new_worker()
    worker.submit({"text": "done"})
    for method, path, body in (("PUT", "/draft", {}), ("POST", "/return", {}),
                               ("POST", "/call/echo", {"args": 1, "request_id": "a"})):  # fmt: skip
        assert worker.call(method, path, json=body).status_code == 409
        assert worker.code == "already_submitted"


def test_uploads_are_named_by_an_id_of_this_agent(new_worker: NewWorker) -> None:
    worker = new_worker()
    reply = worker.call("POST", "/files/doc", files={"file": ("../../x.txt", b"hello", "text/plain")})
    assert reply.status_code == 200
    assert reply.json()["name"] == "x.txt"
    assert reply.json()["size"] == 5
    assert reply.json()["sha256"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert worker.submit({"text": "with a file", "doc": reply.json()["file"]}).status_code == 200


def test_a_form_with_files_is_one_submission(new_worker: NewWorker) -> None:
    worker = new_worker()
    files = [("doc", ("a.txt", b"a")), ("doc", ("b.txt", b"b")), ("one", ("c.txt", b"c"))]
    assert worker.submit({"text": "several"}, files).status_code == 200


def test_a_procedure_answers_and_its_own_failure_is_not_shown(new_worker: NewWorker) -> None:
    worker = new_worker()
    reply = worker.call("POST", "/call/echo", json={"args": {"a": 1}, "request_id": "r1"})
    assert reply.json() == {"result": {"echo": {"a": 1}}}
    reply = worker.call("POST", "/call/broken", json={"args": None, "request_id": "r2"})
    assert (reply.status_code, worker.code) == (424, "procedure_failed")
    assert "SECRET" not in reply.text


def test_work_can_be_given_back_twice(new_worker: NewWorker) -> None:
    worker = new_worker()
    assert [worker.call("POST", "/return").status_code for _ in range(2)] == [204, 204]
    assert worker.submit({"text": "too late"}).status_code == 409
    assert worker.code == "expired"


def test_page_errors_are_taken_and_end_nothing(new_worker: NewWorker) -> None:
    worker = new_worker()
    assert worker.call("POST", "/error", json={"message": "x is undefined"}).status_code == 204
    assert worker.submit({"text": "still here"}).status_code == 200


def test_a_refused_worker_reads_why(run: RunHandle) -> None:
    worker = Browserless(run.url, worker_id="mallory", assignment_id="1").enter()
    assert worker.reply.status_code in (403, 409)
    assert worker.reply.headers["content-type"] == "application/problem+json"
    assert worker.code in ("not_qualified", "no_available_units", "refused")


def test_numbers_for_prometheus(run: RunHandle, new_worker: NewWorker) -> None:
    new_worker().submit({"text": "counted"})
    text = web.get(run.url + "metrics").text
    assert 'crowd_units{run="edges-1",status="launched"}' in text
    assert 'crowd_agents{run="edges-1",status="completed"}' in text
    assert 'crowd_submissions_total{run="edges-1"}' in text
    assert 'crowd_request_seconds_bucket{le="+Inf",route="/api/v1/agents/{agent}/submit",' in text
    assert "crowd_loop_lag_seconds_count" in text


def test_healthz_and_head_and_options(run: RunHandle) -> None:
    assert web.get(run.url + "healthz").json() == {"status": "ok"}
    assert httpx.head(run.url).status_code == 200
    assert httpx.options(run.url + "api/v1/agents").headers["allow"] == "POST, OPTIONS"
    wrong = web.delete(run.url + "api/v1/agents")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST, OPTIONS")
