"""Whatever a page sends, the others go on talking, and it is told what was wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from crowdcore.live import frames
from crowdcore.testing import until
from tests.live.conftest import Stage

DEEP = json.loads("[" * 70 + "]" * 70)


def message(data: Any = "x", id: Any = "a", **more: Any) -> str:
    return json.dumps({"type": "message", "id": id, "data": data, **more})


INVALID: list[str | bytes] = [
    "", "nonsense", "{", "null", "7", '"text"', "[]", "{}", b"\x00\x01", b'{"type": "typing"}',
    '{"type": "shout"}', '{"type": 7}', '{"type": ["message"]}', '{"type": {"a": 1}}', '{"type": "MESSAGE", "id": "a"}',
    '{"type": "message"}', '{"type": "message", "data": 1}', '{"type": "message", "id": "a"}',
    message(id=""), message(id=7), message(id=None), message(id=["a"]), message(id="x" * 65),
    message("a\0b"), '{"type": "message", "id": "a", "data": "\\ud800"}',
    '{"type": "message", "id": "\\udc00", "data": 1}',
    '{"type": "message", "id": "a", "data": NaN}', '{"type": "message", "id": "a", "data": Infinity}',
    '{"type": "message", "id": "a", "data": 1e999}', message(DEEP), '{"type": "message", "id": "a\\u0000", "data": 1}',
]  # fmt: skip


def test_what_is_no_frame_is_answered_with_an_error_and_changes_nothing(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    for number, frame in enumerate(INVALID, 1):
        one.send(frame)
        until(lambda n=number: len([f for f in one.frames if f["type"] == "error"]) == n)
        assert one.frames[-1]["code"] == "invalid", frame
        assert one.frames[-1]["detail"], frame
    assert stage.rows("SELECT 1 FROM journal") == []
    one.say("still here")
    assert two.wait("message")["data"] == "still here"


def test_a_frame_of_64_kb_is_taken_and_a_larger_one_or_one_of_too_many_values_is_not(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    room = frames.MOST_BYTES - len(message("", id="most").encode())
    one.send(message("x" * room, id="most"))
    assert len(two.wait("message", id="most")["data"]) == room
    one.send(message("x" * (room + 1), id="more"))
    assert one.wait("error")["code"] == "too_large"
    one.send(message([[]] * 6000, id="many"))
    assert one.wait("error")["code"] == "too_large"
    one.send(json.dumps({"type": "message", "id": "é", "data": "é" * (room // 2)}, ensure_ascii=False))
    assert two.wait("message", id="é")["data"] == "é" * (room // 2)
    one.send(json.dumps({"type": "message", "id": "e", "data": "é" * room}, ensure_ascii=False))
    assert one.wait("error")["code"] == "too_large"
    assert len(two.texts()) == 2


def test_a_megabyte_closes_the_connection_and_nobody_else_notices(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    with suppress(ConnectionClosed):  # it is cut off while it still sends, or right after
        one.send(message("x" * 1_100_000))
    assert one.closed() in (1006, 1009)
    two.say("hello")
    two.wait("message")
    one.connect()
    assert one.wait("message")["data"] == "hello"


def test_two_hundred_a_second_are_too_many(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    ids = [one.say(n) for n in range(200)]
    until(lambda: len([f for f in one.frames if f["type"] in ("ack", "error")]) == 200)
    refused = [f for f in one.frames if f["type"] == "error"]
    assert {f["code"] for f in refused} == {"too_fast"}
    assert [f["id"] for f in refused] == ids[int(frames.BURST) :]  # its page knows which to send again
    stage.clock.advance(1)
    assert one.say("again", id=ids[-1])
    one.wait("ack", id=ids[-1])
    two.wait("message", data="again")
    assert two.texts() == [*range(int(frames.BURST)), "again"]


def test_who_never_slows_down_is_cut_off(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    with suppress(ConnectionClosed):
        for n in range(100_000):
            one.say(n)
    assert one.closed() == 4429
    two.say("hello")
    two.wait("message", data="hello")
    one.connect()
    one.wait("message", data="hello")


@pytest.mark.parametrize("data", [None, True, 0, -1.5, "", "é\u2028", [], {}, {"": ""}, [[[]]], {"do": ["end"]}])
def test_any_json_is_a_message(stage: Stage, data: Any) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say(data)
    assert two.wait("message")["data"] == data


def test_finish_is_refused_while_nobody_is_missing(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.send({"type": "finish"})
    assert one.wait("error")["code"] == "invalid"
    two.say("on we go")
    one.wait("message")


def test_nothing_but_a_socket_with_the_right_token_hears_anything(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    tokens = {"another's": two.document["token"], "none": "x", "cut": one.document["token"][:-1]}
    for token in tokens.values():
        stranger = stage.person("one", connected=False)
        stranger.connect(token=token)
        assert (stranger.wait("error")["code"], stranger.closed()) == ("bad_token", 4401)
        assert [f["type"] for f in stranger.frames] == ["error"]
    one.say("hello")
    two.wait("message")
    assert one.code is None


def test_an_after_that_nobody_can_have_seen_does_no_harm(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    two.say("hello")
    one.wait("message")
    one.connect(after=999_999_999)
    one.wait("status")
    two.say("more")
    assert one.wait("message")["data"] == "more"
