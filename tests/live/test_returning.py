"""Giving the work back, in every phase; and the platform's word that somebody did."""

from __future__ import annotations

from crowdcore import Run, hookimpl
from crowdcore.testing import until
from tests.live.conftest import Stage


def test_while_waiting_the_seat_is_free_again(stage: Stage) -> None:
    stage.launch(blueprint={"units_per_assignment": 3})
    one, two = stage.person("one"), stage.person("two")
    two.wait("status", status="waiting")
    assert two.leave().status_code == 204
    assert two.wait("status", status="ended")["phase"] == "done"
    assert two.closed() == 1000
    assert until(lambda: one.frames[-1]["waiting"]["present"] == 1)
    row = stage.agent(two)
    assert (row["end_reason"], row["unit_id"], row["visit"]) == ("returned", None, "returned")
    assert two.leave().status_code == 204


def test_before_the_page_connected(stage: Stage) -> None:
    stage.launch()
    one = stage.person("one", connected=False)
    assert one.leave().status_code == 204
    assert stage.agent(one)["end_reason"] == "returned"


def test_in_the_conversation_the_unit_expires(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    assert two.leave().status_code == 204
    row = stage.agent(two)
    assert (row["end_reason"], row["unit"], row["unit_reason"]) == ("returned", "expired", "partner_left")
    one.wait("status", status="partner_left", phase="finish")


def test_after_the_conversation_only_that_person_is_not_paid(stage: Stage) -> None:
    stage.launch()
    one, two = stage.pair()
    one.say({"do": "end"})
    for person in (one, two):
        person.wait("status", phase="finish")
    assert two.leave().status_code == 204
    one.submit({"text": "done"})
    row = stage.agent(two)
    assert (row["end_reason"], row["unit"]) == ("returned", "expired")
    assert stage.owed() == {"one": ["0.50"]}
    reply = two.page.submit({"text": "after all"})
    assert (reply.status_code, reply.json()["code"]) == (409, "expired")


class Platform:
    """A platform that says who gave their work back."""

    def __init__(self) -> None:
        self.returned: list[str] = []

    @hookimpl
    def provider_sync(self, run: Run) -> None:
        """Pass it on."""
        while self.returned:
            run.visit_returned(self.returned.pop())


def test_the_platforms_word_counts_as_the_workers_own(stage: Stage) -> None:
    platform = Platform()
    stage.launch([platform])
    one, two = stage.person("one", assignment_id="A1"), stage.person("two", assignment_id="A2")
    one.wait("status", status="in_task")
    platform.returned.append("A2")

    def noticed() -> bool:
        stage.clock.advance(5)
        return bool(stage.agent(two)["status"] == "ended")

    assert until(noticed)
    assert stage.agent(two)["end_reason"] == "returned"
    one.wait("status", status="partner_left", phase="finish")
