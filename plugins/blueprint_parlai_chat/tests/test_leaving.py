"""Who is gone raises in `act` what worlds expect; a world that lets it pass ends, and who stayed finishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crowdcore.testing import ManualClock, until

if TYPE_CHECKING:
    from crowdcore.testing import LivePerson

Play = Callable[..., tuple["LivePerson", "LivePerson"]]

TELL = """
    try:
        b.act(timeout=1000)
    except AbsentAgentError as error:
        say(a, (type(error).__name__, str(error)))
        raise
"""


def test_a_lost_connection_is_an_agent_disconnected(play: Play) -> None:
    clock = ManualClock()
    one, two = play(TELL, clock=clock, pairing={"disconnect_grace": 20})
    one.wait("turn")
    two.cut()
    one.wait("presence", name="Person 2", present=False)
    clock.advance(21)
    assert one.wait("message")["data"]["text"] == "('AgentDisconnectedError', 'Person 2: left')"
    one.wait("status", phase="finish")
    assert one.submit({}).status_code == 200


def test_who_gives_the_work_back_is_an_agent_returned(play: Play) -> None:
    one, two = play(TELL)
    one.wait("turn")
    two.leave()
    assert one.wait("message")["data"]["text"] == "('AgentReturnedError', 'Person 2: gave the work back')"
    one.wait("status", phase="finish")
    assert one.submit({}).status_code == 200


def test_it_is_raised_to_a_world_that_waits_for_somebody_else(play: Play) -> None:
    one, two = play(TELL.replace("b.act", "a.act"))
    one.wait("turn")
    two.leave()
    assert one.wait("message")["data"]["text"] == "('AgentReturnedError', 'Person 2: gave the work back')"


def test_who_says_nothing_in_time_is_an_agent_timeout(play: Play) -> None:
    clock = ManualClock()
    one, _ = play("""
        b.agent_id = "Seller"
        try:
            b.act(timeout=30)
        except AgentTimeoutError as error:
            say(a, (error, error.timeout, error.agent_id))
        done()
    """, clock=clock)  # fmt: skip
    one.wait("turn")
    until(lambda: clock.advance(31) or one.texts())
    assert one.texts() == ["(AgentTimeoutError('Seller: did not act within 30 s'), 30, 'Seller')"]
    one.wait("status", status="completed")


def test_a_timeout_that_is_not_caught_ends_the_work_of_that_person_alone(play: Play) -> None:
    clock = ManualClock()
    one, two = play("b.act(timeout=30)", clock=clock)
    one.wait("turn")
    until(lambda: clock.advance(31) or one.frames[-1].get("phase") == "finish")
    one.wait("status", status="partner_left", phase="finish")
    assert one.submit({}).status_code == 200
    assert two.wait("status", status="ended")["phase"] == "done"


def test_a_world_may_say_goodbye_and_keep_what_it_has(chats) -> None:
    chats.world("""
        from blueprint_parlai_chat.worlds import AbsentAgentError, CrowdTaskWorld

        class World(CrowdTaskWorld):
            def parley(self):
                try:
                    self.agent[1].act(timeout=1000)
                except AbsentAgentError:
                    self.agent[0].observe({"text": "You are alone now."})
                    self.episodeDone = True

            def get_custom_task_data(self):
                return "half of it"

        def make_world(opt, agents):
            return World(opt, agents)
    """)
    run = chats.launch()
    one, two = chats.pair(run)
    one.wait("turn")
    two.leave()
    assert one.wait("message")["data"] == {"text": "You are alone now."}
    one.wait("status", phase="finish")
    assert one.submit({}).status_code == 200
    kept = chats.kept(run, one)
    assert kept["world"] == {"custom_data": "half of it", "worker_data": {}}
    assert [message["text"] for message in kept["messages"]] == ["You are alone now."]
