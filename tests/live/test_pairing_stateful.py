"""Arrivals, leavings, reloads, talk, time-outs, crashes and jumping clocks in any order leave every rule intact.

`CROWD_STATEFUL_EXAMPLES=200 CROWD_STATEFUL_STEPS=60` looks longer, `CROWD_STATEFUL_SEED=7` elsewhere.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crowdcore import LiveAssignment, Refusal, hookimpl, launch, resume
from crowdcore.store import open_database
from crowdcore.testing import ManualClock, until
from crowdcore.testing.patience import PATIENCE
from crowdcore.types import Unit, Worker
from tests.chaos.checks import unkept
from tests.live.pairing_rules import Person, World, broken
from tests.live.tab import Tab

WORKERS = [f"w{n}" for n in range(6)]
ITEMS = 3
TIMEOUT, GRACE, DURATION, TOGETHER, FINISH = 60.0, 10.0, 400.0, 150.0, 600.0
HEARTBEAT = 2.0
PASSING = (1.0, GRACE / 2, GRACE + 1, TIMEOUT - GRACE, TIMEOUT + 1, TOGETHER + 1, FINISH + 1)
STEPS: list[tuple[str, Any]] = [
    *[("say", "hello")] * 4, *[("say", "bye")] * 3, *[("submit", None)] * 4, *[("pass_time", s) for s in PASSING],
    ("leave", True), ("leave", False), ("come_back", True), ("come_back", False), ("second_tab", None),
    ("give_back", None), ("jump", -3600.0), ("jump", 3600.0), ("crash", 0.0), ("crash", GRACE + 1),
    ("crash", TIMEOUT + 1), ("restart", 0.0), ("restart", 3600.0),
]  # fmt: skip
_WHERE = "SELECT c.status FROM agent g LEFT JOIN conversation c ON c.id = g.conversation_id WHERE g.id = :id"


def can(worker: str, n: int) -> bool:
    """The last two workers may not do every item."""
    return (worker, n) not in {("w4", 0), ("w5", 1), ("w5", 2)}


class Rules:
    """The task: everything said goes to everybody, until somebody says bye."""

    @hookimpl
    async def blueprint_live(self, assignment: LiveAssignment) -> None:
        """Pass on."""
        while True:
            message = await assignment.receive()
            await assignment.send(None, message.data, sender=message.sender, id=message.id)
            if message.data == "bye":
                return

    @hookimpl(nonblocking=True)
    def worker_can_do_unit(self, worker: Worker, unit: Unit) -> Refusal | None:
        """As `can` says."""
        return None if can(worker.name, unit.assignment.item["n"]) else Refusal("not this one")


class Pairing(RuleBasedStateMachine):
    """Six workers, three assignments; what happens to whom is drawn."""

    seats = 2

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.crashes = 0
        self.tabs = {worker: Tab(worker) for worker in WORKERS}
        self.served_before = self.started = 0.0

    @initialize(
        on_timeout=st.sampled_from(["release", "launch_reduced", "stand_in", "requeue", "wait"]),
        on_partner_left=st.sampled_from(["end_and_pay", "stand_in", "wait", "requeue"]),
        most=st.sampled_from([0, 0, 1]),
    )
    def launch(self, on_timeout: str, on_partner_left: str, most: int) -> None:
        """Serve a run."""
        self.world = World(
            self.seats, TIMEOUT, GRACE, on_timeout, on_partner_left, most, Decimal("0.50"), Decimal("0.05"), can
        )
        config = {
            "task": {"name": "t", "reward": "0.50", "assignment_duration": DURATION},
            "blueprint": {"type": "mock", "num_assignments": ITEMS, "units_per_assignment": self.seats},
            "provider": {"type": "inhouse"}, "architect": {"type": "local", "port": 0},
            "pairing": {
                "timeout": TIMEOUT, "on_timeout": on_timeout, "on_partner_left": on_partner_left, "waiting_pay": "0.05",
                "max_duration": TOGETHER, "disconnect_grace": GRACE, "max_conversations": most,
                "stand_in": {"type": "echo"},
            },
        }  # fmt: skip
        self.data = self.folder / "data-0"
        self.run = launch(config, data_dir=self.data, hooks=[Rules()], clock=self.clock)
        self.run.launched()
        self._opened()

    @rule(what=st.sampled_from(STEPS), worker=st.sampled_from(WORKERS))
    def step(self, what: tuple[str, Any], worker: str) -> None:
        """One thing that happens; who is not there arrives instead, who is done talking submits instead."""
        name, how = what
        if name in ("pass_time", "jump", "crash", "restart"):
            getattr(self, name)(how)
        elif name == "say" and self.tabs[worker].over:
            self.submit(worker, None)
        elif self.tabs[worker].there or name == "submit":
            getattr(self, name)(worker, how)
        else:
            self.arrive(worker)

    def arrive(self, worker: str) -> None:
        """Open the page, or load it again."""
        tab = self.tabs[worker]
        status = tab.enter()
        assert status in (200, 201, 403, 409), tab.reply.text
        if status < 300 and tab.document["phase"] != "done":
            self._open(worker)

    def leave(self, worker: str, cleanly: bool) -> None:
        """Close the tab, or lose the network."""
        self._close(worker, cleanly=cleanly)

    def come_back(self, worker: str, cleanly: bool) -> None:
        """The socket breaks and is opened again at once."""
        self._close(worker, cleanly=cleanly)
        self._open(worker)

    def second_tab(self, worker: str, _: None) -> None:
        """The newer tab takes over; the older one's end is nobody's leaving."""
        older = self.tabs[worker].handed_over()
        self._open(worker)
        assert older.closed_with() in (4409, 1000)

    def give_back(self, worker: str, _: None) -> None:
        """Return the work."""
        tab = self.tabs[worker]
        status = tab.call("POST", "/return").status_code
        assert status in (204, 409), tab.reply.text
        if status == 204:
            self.world.people[tab.agent].gave_back = True

    def say(self, worker: str, what: str) -> None:
        """Say something; it is acknowledged, or refused because nobody is there to hear it."""
        before = self._value(_WHERE, id=self.tabs[worker].agent)
        answer = self.tabs[worker].say(what)
        assert answer == "ack" or before != "live" or answer == "closed", answer

    def submit(self, worker: str, _: None) -> None:
        """Submit, if it is time for it; too early it is refused."""
        tab = self.tabs[worker]
        if not tab.document:
            return
        before = self._value(_WHERE, id=tab.agent)
        status = tab.submit({"text": worker}).status_code
        assert status in (200, 409), tab.reply.text
        if before in ("waiting", "live") and status == 409:
            assert tab.code in ("not_acceptable_now", "expired")
        elif before in ("waiting", "live"):
            assert self._value("SELECT status FROM agent WHERE id = :id", id=tab.agent) == "completed"

    def pass_time(self, seconds: float) -> None:
        """Let time pass; whatever falls due happens."""
        self.clock.advance(seconds)

    def jump(self, seconds: float) -> None:
        """Somebody sets the machine's clock."""
        self.clock.jump(seconds)

    def crash(self, seconds: float) -> None:
        """The process dies while things fall due: what it had committed goes on elsewhere."""
        self.clock.advance(seconds)
        self._look_around()
        for tab in self.tabs.values():
            tab.deaf = True
        self.crashes += 1
        data = self.folder / f"data-{self.crashes}"
        shutil.copytree(self.data, data, ignore=shutil.ignore_patterns("crowd.db*", "lock*"))
        before, after = (sqlite3.connect(folder / "crowd.db") for folder in (self.data, data))
        with closing(before), closing(after):
            before.backup(after)
        self._stop()
        self.data = data
        self.world.slack += HEARTBEAT
        self._resume()

    def restart(self, seconds: float) -> None:
        """Stopped in an orderly way, and resumed."""
        self._stop()
        self.clock.advance(seconds)
        self._resume()

    def _resume(self) -> None:
        self.run = resume("t-1", data_dir=self.data, hooks=[Rules()], clock=self.clock)
        self.run.launched()
        self._opened()

    def _opened(self) -> None:
        self.database = open_database(None, self.data)
        self.started = self.clock.ticks()
        self.served_before = self._value("SELECT service_time FROM run")
        for person in self.world.people.values():
            if person.gone_since is not None:
                person.gone_since = self.now  # everybody gets a full grace
        for tab in self.tabs.values():
            tab.moved(self.run.url)

    def _stop(self) -> None:
        self.database.close()
        self.run.stop()
        for worker in WORKERS:
            self._gone(worker)
            self.tabs[worker].lost()

    @property
    def now(self) -> float:
        """Service seconds."""
        return self.served_before + self.clock.ticks() - self.started

    def _open(self, worker: str) -> None:
        tab = self.tabs[worker]
        if not tab.open():
            return
        person = self.world.people.setdefault(tab.agent, Person(worker))
        self._judge(person)
        person.there, person.gone_since = True, None
        person.came = self.now if person.came is None else person.came

    def _close(self, worker: str, *, cleanly: bool = True) -> None:
        if self.tabs[worker].there:
            self.tabs[worker].close(cleanly=cleanly)
            self._gone(worker)
            self._known_to_be_gone(self.tabs[worker].agent)

    def _known_to_be_gone(self, agent: int) -> None:
        """The server has noticed it, so that time may pass."""

        async def there(supervisor: Any) -> bool:
            return bool(supervisor.context.live.hub.present(agent))

        until(lambda: not self.run._host.ask(there))

    def _gone(self, worker: str) -> None:
        person = self.world.people.get(self.tabs[worker].agent)
        if person is not None and person.there:
            person.there, person.gone_since = False, self.now

    def _look_around(self) -> None:
        """Who is there still: the server closes the socket of whoever has nothing more to wait for."""
        for tab in self.tabs.values():
            person = self.world.people.get(tab.agent)
            if person is not None and person.there and not tab.there:
                person.there = False
        for person in self.world.people.values():
            self._judge(person)

    def _judge(self, person: Person) -> None:
        if person.gone_since is not None and self.now - person.gone_since >= GRACE:
            person.away_too_long = True

    def _value(self, sql: str, **params: Any) -> Any:
        return self.database.read(lambda c: c.value(sql, **params))

    @precondition(lambda self: hasattr(self, "database"))
    @invariant()
    def rules_hold(self) -> None:
        """Nothing is broken, or still is after a moment."""
        end = time.monotonic() + PATIENCE
        while True:
            self._look_around()
            faults = self.database.read(lambda c: list(broken(c, self.world, self.now)))
            if not faults:
                break
            assert time.monotonic() < end, "\n".join([str(self.world), *faults])
            time.sleep(0.01)
        for tab in self.tabs.values():
            assert tab.faults == []
            assert unkept(self.database, tab.acknowledged) == []

    def teardown(self) -> None:
        """Stop the run."""
        for tab in self.tabs.values():
            tab.lost()
        if hasattr(self, "database"):
            with suppress(Exception):
                self.database.close()
            self.run.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Threes(Pairing):
    """Three seats."""

    seats = 3


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("machine", [Pairing, Threes], ids=["two_seats", "three_seats"])
def test_every_rule_holds_whatever_people_do(machine: Callable[[], Pairing]) -> None:
    drawn = os.environ.get("CROWD_STATEFUL_SEED")
    limits = settings(
        max_examples=int(os.environ.get("CROWD_STATEFUL_EXAMPLES", "12")),
        stateful_step_count=int(os.environ.get("CROWD_STATEFUL_STEPS", "30")),
        phases=(Phase.generate,), deadline=None, derandomize=drawn is None,
        suppress_health_check=list(HealthCheck), database=None,
    )  # fmt: skip
    if drawn is None:
        run_state_machine_as_test(machine, settings=limits)
    else:
        run_state_machine_as_test(seed(int(drawn))(machine), settings=limits)
