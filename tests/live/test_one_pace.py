"""What one agent may send, leave unread and keep waiting is bounded for the agent, not for each of its connections."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from crowdcore.live import frames
from crowdcore.live.hub import Hub
from crowdcore.testing import LivePerson, ManualClock, until
from tests.live.conftest import Stage


def answers(person: LivePerson, ids: list[str]) -> list[str]:
    """What each of these messages was answered with: "ack" or an error's code."""

    def known() -> dict[str, str]:
        return {f["id"]: f.get("code", f["type"]) for f in person.frames if f["type"] in ("ack", "error") and "id" in f}

    until(lambda: all(id in known() for id in ids))
    return [known()[id] for id in ids]


def test_a_new_connection_does_not_begin_a_new_pace(stage: Stage) -> None:
    stage.launch()
    one, _ = stage.pair()
    assert set(answers(one, [one.say(n) for n in range(int(frames.BURST))])) == {"ack"}
    for _ in range(3):
        one.connect()
        assert set(answers(one, [one.say("more") for _ in range(5)])) == {"too_fast"}
    stage.clock.advance(1)
    one.connect()
    sent = [one.say("again") for _ in range(int(frames.RATE) + 5)]
    assert answers(one, sent) == ["ack"] * int(frames.RATE) + ["too_fast"] * 5


def test_who_was_cut_off_for_its_pace_may_come_back_after_a_rest() -> None:
    clock = ManualClock()
    pace = frames.Pace(clock)
    while pace.over <= frames.PATIENCE:
        pace.take()
    assert not pace.is_fresh
    clock.advance((frames.PATIENCE + frames.BURST) / frames.RATE + 1)
    assert pace.is_fresh


def test_so_much_may_wait_for_a_blueprint_that_does_not_listen(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    assert answers(one, [one.say({"do": "hang"})]) == ["ack"]
    large = [one.say("x" * 60_000) for _ in range(30)]
    got = answers(one, large)
    taken = got.count("ack")
    assert 10 <= taken <= 20, "a megabyte"
    assert got == ["ack"] * taken + ["too_fast"] * (30 - taken)
    one.frames.clear()
    assert answers(one, [one.say("x" * 60_000, id=large[0])]) == ["ack"], "what is stored is acknowledged again"
    assert answers(two, [two.say("hello")]) == ["ack"], "the other one has room"
    small: list[str] = []
    for _ in range(12):
        stage.clock.advance(1)
        small += answers(two, [two.say(n) for n in range(20)])
    assert small == ["ack"] * 199 + ["too_fast"] * 41, "and 200 messages"
    assert len(stage.rows("SELECT 1 FROM journal WHERE kind = 'message'")) == 1 + taken + 200


class Stuck:
    """A reader that takes nothing until it is told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed: int | None = None
        self.reads = asyncio.Event()

    async def receive(self) -> str | bytes | None:
        return None

    async def send(self, text: str) -> None:
        await self.reads.wait()
        self.sent.append(text)

    async def answers(self) -> bool:
        return True

    async def close(self, code: int, reason: str = "") -> None:
        self.closed = code


def test_what_waits_for_a_connection_that_was_taken_over_waits_no_longer() -> None:
    async def test() -> None:
        db: Any = None
        hub, older = Hub(db, ManualClock()), Stuck()
        connection = hub.attach(1, older)
        for n in range(500):
            connection.send(json.dumps({"n": n}))
        await asyncio.sleep(0)
        hub.attach(1, Stuck())
        older.reads.set()
        while older.closed is None:
            await asyncio.sleep(0)
        assert older.closed == 4409
        assert len(older.sent) <= 2, "the frame that was under way, and why it ends"
        assert json.loads(older.sent[-1])["code"] == "taken_over"

    asyncio.run(test())
