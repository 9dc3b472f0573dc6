"""A world that fails ends in bounded time: the operator reads where it failed, people finish and are paid."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from crowdcore.testing import ManualClock, until

if TYPE_CHECKING:
    from crowdcore.testing import LivePerson

Play = Callable[..., tuple["LivePerson", "LivePerson"]]


def finishes(*people: LivePerson) -> None:
    for person in people:
        person.wait("status", phase="finish")
        assert person.submit({}).status_code == 200


@pytest.mark.parametrize(
    ("parley", "told"),
    [
        ("raise KeyError('topic')", "worlds.py:16: KeyError: 'topic' (in parley)"),
        ("import sys; sys.exit(3)", "worlds.py:16: SystemExit: 3 (in parley)"),
        ("raise StopIteration", "worlds.py:16: StopIteration (in parley)"),
        ("a.observe('hello')", "worlds.py:16: what was observed is no act: an act is a dict with 'text', not a str"),
        ("a.observe(None)", "worlds.py:16: what was observed is no act: an act is a dict with 'text', not None"),
        ("a.observe({'text': 7})", "worlds.py:16: what was observed is no act: the field 'text' of an act is text"),
        ("say(a, 1, task_data={'x': object()})", "worlds.py:11: what was observed is no act: the field 'task_data'"),
        ("done({1, 2})", "worlds.py: prep_save_data gave what is not JSON"),
        ("done(); self.shutdown = lambda: 1 / 0", "worlds.py:16: ZeroDivisionError: division by zero (in shutdown)"),
    ],
)
def test_what_a_world_raises_is_told_with_its_file_and_line(
    play: Play, parley: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    finishes(*play(parley))
    assert told in caplog.text
    assert "Traceback" in caplog.text or "gave what" in told


def test_make_world_that_gives_no_world_is_told(chats, caplog: pytest.LogCaptureFixture) -> None:
    chats.world("def make_world(opt, agents): return {'agents': agents}")
    finishes(*chats.pair(chats.launch()))
    assert "worlds.py: make_world gave a dict, which has no parley, episode_done, shutdown" in caplog.text


def test_a_world_that_raises_while_it_is_made_is_told(chats, caplog: pytest.LogCaptureFixture) -> None:
    chats.world("def make_world(opt, agents):\n    return opt['missing']")
    finishes(*chats.pair(chats.launch()))
    assert "worlds.py:2: KeyError: 'missing' (in make_world)" in caplog.text


def test_a_world_that_never_ends_is_ended_after_max_duration(play: Play) -> None:
    clock = ManualClock()
    people = play("a.act(timeout=30)", clock=clock, pairing={"max_duration": 100})
    people[0].wait("turn")
    clock.advance(25)
    people[0].say({"text": "still here"})
    people[0].wait("turn")
    clock.advance(80)
    finishes(*people)


def is_alive(thread: str) -> bool:
    return thread in {str(found.native_id) for found in threading.enumerate()}


@pytest.mark.parametrize("parley", ["pass", "import time; time.sleep(0.2)"], ids=["busy", "asleep"])
def test_a_world_that_hangs_is_stopped_and_told(play: Play, parley: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    hang = f"say(a, __import__('threading').get_native_id())\nwhile True:\n    {parley}"
    people = play(hang, clock=clock, pairing={"max_duration": 100})
    thread = people[0].wait("message")["data"]["text"]
    assert is_alive(thread)
    clock.advance(101)
    until(lambda: clock.advance(0.1) or "is left alone" in caplog.text)
    finishes(*people)
    until(lambda: not is_alive(thread))
    assert re.search(r"conversation \d+: worlds.py:1[78] still runs after its end; it is stopped", caplog.text)


def test_a_world_that_catches_everything_is_stopped_too(play: Play) -> None:
    clock = ManualClock()
    people = play("""
        say(a, __import__("threading").get_native_id())
        while True:
            try:
                a.act(timeout=1000)
            except Exception:
                pass
    """, clock=clock, pairing={"max_duration": 100})  # fmt: skip
    thread = people[0].wait("message")["data"]["text"]
    people[0].wait("turn")
    clock.advance(101)
    finishes(*people)
    until(lambda: not is_alive(thread))


def test_a_world_that_asks_without_a_pause_takes_little_of_the_machine(play: Play) -> None:
    one, _ = play("""
        import time
        begun = time.monotonic()
        for _ in range(20):
            assert a.act() is None
        say(a, time.monotonic() - begun); done()
    """)
    assert float(one.wait("message")["data"]["text"]) > 0.5


def test_shutdown_is_called_once_however_it_ends(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    people = play("""
        self.shutdown = lambda: say(a, "shut down")
        1 / 0
    """)
    finishes(*people)
    assert people[0].texts() == ["shut down"]
    assert "ZeroDivisionError" in caplog.text
