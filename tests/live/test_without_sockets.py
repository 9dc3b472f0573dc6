"""Where something lets no WebSocket through, a page does the same over HTTP; the operator learns of it once."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from crowdcore.server.polling import ABSENT
from crowdcore.testing import until
from tests.live.conftest import Stage
from tests.live.polled import PolledPerson


@pytest.fixture
def polled(stage: Stage) -> Iterator[PolledPerson]:
    """Somebody whose sockets are refused, in a run for two."""
    stage.launch(blueprint={"num_assignments": 2}, pairing={"disconnect_grace": "20s", "timeout": "10m"})
    person = PolledPerson(stage.run.url, "poll")
    yield person
    person.quiet()


def test_they_are_paired_and_talk(stage: Stage, polled: PolledPerson) -> None:
    polled.listen().wait("status", status="waiting")
    other = stage.person("socket")
    for person in (polled, other):
        person.wait("status", status="in_task")
    assert polled.say({"text": "over HTTP"}, "m1").json() == {"taken": 1}
    assert other.wait("message", data={"text": "over HTTP"})["sender"] == "Person 1"
    polled.wait("ack", id="m1")
    other.say({"text": "over a socket"})
    polled.wait("message", data={"text": "over a socket"})
    polled.say({"text": "over HTTP"}, "m1")  # a repeat counts once
    other.say({"text": "last"})
    polled.wait("message", data={"text": "last"})
    texts = [f["data"]["text"] for f in polled.frames if f["type"] == "message"]
    assert texts == ["over HTTP", "over a socket", "last"]


def test_a_lost_answer_loses_no_frame(polled: PolledPerson) -> None:
    first = polled.poll(wait=10.0)
    again = polled.poll(got=0)
    assert first["frames"]
    assert again["frames"][: len(first["frames"])] == first["frames"]
    assert polled.poll()["frames"] == []


def test_who_polls_no_more_has_closed_the_connection(stage: Stage, polled: PolledPerson) -> None:
    polled.poll(wait=10.0)
    until(lambda: stage.agent(polled)["conversation_id"] is not None)
    stage.clock.advance(ABSENT + 1)
    until(lambda: stage.agent(polled)["conversation_id"] is None)
    assert stage.agent(polled)["status"] == "waiting"
    polled.listen()
    until(lambda: stage.agent(polled)["conversation_id"] is not None)


def test_nobody_is_paired_with_somebody_who_stopped_polling(stage: Stage, polled: PolledPerson) -> None:
    polled.poll(wait=10.0)
    until(lambda: stage.agent(polled)["conversation_id"] is not None)
    other = stage.person("socket")
    other.wait("status", status="waiting")
    assert stage.agent(polled)["conversation_id"] is None


def test_the_code_of_the_end_comes_with_the_last_frames(stage: Stage, polled: PolledPerson) -> None:
    polled.listen().wait("status", status="waiting")
    stage.crowd("worker", "block", "poll", "--reason", "test")
    until(lambda: polled.closed is not None)
    assert polled.closed == {"code": 1000, "reason": ""}
    assert "do not accept work" in polled.wait("status", status="ended")["note"]
    assert polled.say({"text": "more"}, "m9").status_code == 409


def test_a_stop_holds_up_nobody_who_waits(stage: Stage, polled: PolledPerson) -> None:
    polled.listen(wait=10.0).wait("status", status="waiting")
    stage.run.stop()  # a poll that is cut off would end the thread otherwise
    until(lambda: polled.closed is not None or polled.refused)
    assert polled.refused or polled.closed == {"code": 1012, "reason": "restarts"}


def test_the_operator_is_told_once(stage: Stage, polled: PolledPerson, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "crowdcore.live"):
        polled.poll()
        PolledPerson(stage.run.url, "second").poll()
        polled.poll()
    told = [record.getMessage() for record in caplog.records if "sockets are refused" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("t-1: 1 person's sockets are refused")


def test_who_has_not_connected_is_told_until_when_to(stage: Stage, polled: PolledPerson) -> None:
    stated = polled.page.document["waiting"]["connect_by"]
    assert stated == pytest.approx(stage.clock.now() + 20, abs=1)
    polled.listen().wait("status", status="waiting")
    assert polled.page.call("GET", "").json()["waiting"]["connect_by"] is None
    polled.quiet()
    stage.clock.advance(ABSENT + 1)
    until(lambda: polled.page.call("GET", "").json()["waiting"]["connect_by"] is not None)
    stage.pass_time(21)
    until(lambda: stage.agent(polled)["status"] == "ended")
    assert stage.agent(polled)["end_reason"] == "left"


@pytest.mark.parametrize(
    "body",
    [{"connection": ""}, {"connection": 1}, {"wait": 11}, {"wait": "1"}, {"got": -1}, {"after": 1.5}, {"wait": True}],
)
def test_what_is_no_poll_is_invalid(polled: PolledPerson, body: dict[str, object]) -> None:
    reply = polled.post("poll", **{"wait": 0, **body})
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")


def test_one_piece_of_work_has_so_many_connections(polled: PolledPerson) -> None:
    codes = [polled.post("poll", connection=f"c{n}", wait=0).status_code for n in range(9)]
    assert codes == [200] * 8 + [429]
