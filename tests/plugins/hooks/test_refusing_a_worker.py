"""`worker_can_do_unit` decides over HTTP who gets which unit; a refused worker reads the plugin's own words."""

from __future__ import annotations

from typing import Any

from crowdcore import Refusal, Unit, Worker, hookimpl
from crowdcore.testing import Browserless, until
from tests.plugins.hooks.conftest import Served

TEXT = "You translated this text yourself, so you can't judge it."


class Translators:
    """Worker x did the first item, worker y both."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    @hookimpl
    def worker_can_do_unit(self, worker: Worker, unit: Unit) -> Refusal | None:
        number = unit.assignment.item["n"]
        self.asked.append((worker.name, number))
        return Refusal(TEXT) if worker.name == "y" or (worker.name == "x" and number == 0) else None


def test_a_refused_worker_reads_the_text_and_others_work(served: Served) -> None:
    run = served(Translators(), units=2)
    y = Browserless(run.url, worker_id="y").enter()
    assert (y.reply.status_code, y.code, y.reply.json()["detail"]) == (403, "not_qualified", TEXT)
    assert Browserless(run.url, worker_id="z").enter().document["init"] == {"n": 0}


def test_a_refusal_concerns_one_unit(served: Served) -> None:
    run = served(Translators(), units=2)
    assert Browserless(run.url, worker_id="x").enter().document["init"] == {"n": 1}


def test_whoever_did_all_they_may_reads_why_the_rest_is_not_for_them(served: Served) -> None:
    run = served(Translators(), units=2)
    Browserless(run.url, worker_id="x", assignment_id="1").enter().submit({"text": "good"})
    for visit in ("2", "3", "4"):
        again = Browserless(run.url, worker_id="x", assignment_id=visit).enter()
        assert (again.code, again.reply.json()["detail"]) == ("not_qualified", TEXT)


def test_a_worker_finds_the_one_unit_for_them_among_many(served: Served) -> None:
    class Picky:
        asked = 0

        @hookimpl
        def worker_can_do_unit(self, unit: Unit) -> bool:
            self.asked += 1
            return bool(unit.assignment.item["n"] == 119)

    rule = Picky()
    run = served(rule, units=120)
    worker = Browserless(run.url, worker_id="x")
    for asked in (50, 100):  # one request asks about so many at most; the page comes back, and the search goes on
        assert worker.enter().code == "no_available_units"
        assert worker.reply.json()["retry_after"] == 1
        assert rule.asked == asked
    assert worker.enter().document["init"] == {"n": 119}
    assert rule.asked == 120


def test_any_plugin_may_refuse(served: Served) -> None:
    class Willing:
        @hookimpl
        def worker_can_do_unit(self) -> bool:
            return True

    run = served(Translators(), Willing(), units=1)
    assert Browserless(run.url, worker_id="y").enter().code == "not_qualified"
    assert Browserless(run.url, worker_id="z").enter().document["phase"] == "work"


def test_a_gate_of_a_plugin_refuses_before_any_unit_is_looked_at(served: Served) -> None:
    rule = Translators()

    class Closed:
        name = "office hours"

        def check(self, run: Any, worker: Worker) -> Refusal | None:
            return Refusal("We open at nine.") if worker.name == "early" else None

    class Hours:
        @hookimpl
        def register_gates(self) -> list[Any]:
            return [Closed()]

    run = served(rule, Hours())
    early = Browserless(run.url, worker_id="early").enter()
    assert (early.code, early.reply.json()["detail"]) == ("not_qualified", "We open at nine.")
    assert rule.asked == []


def test_nothing_is_stored_for_a_refused_worker(served: Served) -> None:
    run = served(Translators(), units=1)
    Browserless(run.url, worker_id="y").enter()
    until(lambda: run.counters.units["launched"] == 1)
    assert sum(run.counters.agents.values()) == 0
