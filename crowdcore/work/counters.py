"""Counters of a run, in memory: one GROUP BY at the start, then from committed events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore.store.queries import agents, events, outbox, units

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.store.queries.events import Event


BESIDES = ("waiting_micros", "bonus_micros", "paid_micros")
"""Members of events that change `besides`: people waited in vain, got a bonus, were paid for what was rejected then."""


@dataclass
class Counters:
    """Units and agents by status, submissions, all of one run; `event` is the last event counted.

    `special` are units made on demand (golds, screening items): they cost money, and are not the task's data.
    `simulated` are units that simulated workers submitted and nobody rejected.
    `besides` is money that no unit accounts for, see `outbox.besides`.
    """

    run: str
    pay: Decimal
    currency: str
    event: int = 0
    exhausted: bool = False
    units: Counter[str] = field(default_factory=Counter)
    special: Counter[str] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    submissions: int = 0
    simulated: int = 0
    besides: Decimal = Decimal(0)
    last_submission: float | None = None

    @classmethod
    def start(cls, conn: Conn, run_id: int, run: str, pay: Decimal, currency: str) -> Counters:
        """Count the run as it stands in one snapshot."""
        counters = cls(run=run, pay=pay, currency=currency, event=events.last_id(conn, run_id))
        counters.exhausted = bool(conn.value("SELECT exhausted FROM run WHERE id = :id", id=run_id))
        counters.units.update(units.counts(conn, run_id))
        counters.special.update(units.special_counts(conn, run_id))
        counters.agents.update(agents.counts(conn, run_id))
        counters.submissions = agents.submitted_count(conn, run_id)
        counters.simulated = agents.simulated_count(conn, run_id)
        counters.besides = outbox.besides(conn, run_id)
        return counters

    def apply(self, event: Event) -> None:
        """Count one more event; events must come in order and once."""
        self.event = event.id
        self.exhausted = self.exhausted or bool(event.data.get("exhausted"))
        if event.kind == "units_launched":
            self.units["launched"] += event.data["count"]
        elif event.kind == "units_expired":
            self.units["launched"] -= event.data["count"]
            self.units["expired"] += event.data["count"]
        elif event.kind == "unit_submitted":
            self.submissions += 1
            self.last_submission = event.at
            self.simulated += bool(event.data.get("simulated"))
        elif event.kind == "unit_reviewed" and event.data.get("simulated"):
            self.simulated += _rejections(event, source=True) - _rejections(event, source=False)
        self.besides += Decimal(sum(event.data.get(name, 0) for name in BESIDES)) / units.MICROS
        counted = self.special if event.data.get("special") else self.units
        for kind, _id, source, target in event.data.get("moves", ()):
            counter = counted if kind == "unit" else self.agents if kind == "agent" else None
            if counter is not None:
                counter[target] += 1
                if source is not None:
                    counter[source] -= 1

    @property
    def done(self) -> int:
        """Units with a submission, reviewed or not."""
        return sum(self.units[s] for s in ("completed", "accepted", "soft_rejected", "rejected"))

    @property
    def open(self) -> int:
        """Units that somebody may still work on or is working on."""
        return sum(self.units[s] for s in ("created", "launched", "assigned"))

    @property
    def promised(self) -> Decimal:
        """Money that is or may still be earned, in `currency`; nobody owes it to simulated workers."""
        return self.owed + self.pay * (self.open + self.special["assigned"])

    @property
    def owed(self) -> Decimal:
        """Money earned by submitted work that was not rejected, and besides, in `currency`."""
        special = sum(self.special[s] for s in ("completed", "accepted", "soft_rejected"))
        return self.besides + self.pay * (self.done + special - self.units["rejected"] - self.simulated)

    @property
    def places(self) -> int:
        """Places that the run has needed on its platform so far."""
        return sum(self.units.values()) + sum(self.special.values())

    def document(self) -> dict[str, Any]:
        """All of it as JSON values; money as text."""
        return {
            "run": self.run, "units": {k: v for k, v in self.units.items() if v},
            "agents": {k: v for k, v in self.agents.items() if v}, "submissions": self.submissions,
            "promised": str(self.promised), "currency": self.currency,
        }  # fmt: skip


def _rejections(event: Event, *, source: bool) -> int:
    """How many units the event takes out of rejected (`source`), or into it."""
    place = 2 if source else 3
    return sum(1 for move in event.data["moves"] if move[0] == "unit" and move[place] == "rejected")
