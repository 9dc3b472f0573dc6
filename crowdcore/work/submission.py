"""The one transaction of a submission: the answer, its files and grants, the moves, what is owed, the event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crowdcore.errors import RequestError
from crowdcore.state import canonical
from crowdcore.store.queries import agents, budgets, events, outbox, qualifications, units, uploads, workers
from crowdcore.work import gates, match, take

if TYPE_CHECKING:
    from crowdcore.store import Conn, IncomingFile, StoredFile
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.work.context import RunContext
    from crowdcore.work.gates import Judgement


@dataclass(frozen=True)
class Incoming:
    """A file that came with a request: its bytes are on the disk, and get their name when all else is checked."""

    field: str
    name: str
    media_type: str
    stored: StoredFile
    upload: IncomingFile


async def keep(files: Iterable[Incoming]) -> None:
    """Give files their names, before the transaction that names them. StoreError if the disk is full."""
    for one in files:
        await asyncio.to_thread(one.upload.keep)


async def settle(context: RunContext, files: Iterable[Incoming], *, named: bool) -> None:
    """After that transaction: it named the files, or it did not and they are deleted. If it failed, nobody knows."""
    chosen = [one.upload for one in files]

    def is_named(sha256: str) -> bool:
        return context.db.read(lambda c: uploads.is_named(c, sha256))

    def each() -> None:
        for upload in chosen:
            if named:
                upload.settle()
            else:
                upload.give_up(is_named)

    if chosen:
        await asyncio.to_thread(each)


@dataclass
class Submission:
    """The transaction that makes a submission last."""

    context: RunContext
    row: AgentRow
    state: str
    new_files: list[tuple[dict[str, Any], Incoming]]
    judgement: Judgement
    ends_visit: bool = False
    completion: str | None = None
    """How the visit ends in the worker's browser, where that is known already (JSON text)."""
    actor: str = "worker"
    kept: bool = False
    """Whether what came late is kept by this very submission."""

    def store(self, conn: Conn) -> str:
        """stored, repeat (another request was faster), blocked, late (somebody else has it; kept), no_room (caps or
        budget) or too late (one that came late is kept already)."""
        row, now, self.kept = self.row, self.context.clock.now(), False
        status, visit_status = agents.statuses(conn, row.id)
        if status == "completed":
            return "repeat"
        if self.actor == "worker" and workers.blocked(conn, row.worker.id) is not None:
            return "blocked"  # meanwhile: nothing of it is owed
        refused = self._no_room(conn) if status == "ended" else ""
        before = None if refused else self._take_unit(conn, status)
        if before is None:
            if agents.set_late(conn, row.id, canonical({"at": now, "state": self.state})):
                for file, one in self.new_files:
                    self._add_file(conn, file, one, now)
                told = {"reason": refused} if refused else {}
                events.append(conn, row.run_id, now, "late_submission", "worker", [], agent=row.id, **told)
                self.kept = True
            return "no_room" if refused else "late" if self.kept else "too late"
        for file, one in self.new_files:
            self._add_file(conn, file, one, now)
        judgement = replace(self.judgement)  # a transaction may run twice
        if row.kind in gates.JUDGED:
            gates.apply(conn, self.context.config, row, judgement, now)
            self._tell_platform(conn, judgement, now)
        answer = None if self.completion is None else f'{{"completion":{self.completion}}}'
        agents.complete(conn, row.id, status, self.state, answer, now, judgement.passed)
        moves: list[events.Move] = [("agent", row.id, status, "completed")]
        if row.unit is not None:
            moves.append(("unit", row.unit.id, before, "completed"))
            self._owe(conn, row.unit.id, now)
        if self.ends_visit:
            if status == "ended":
                workers.visit_submitted_late(conn, row.visit.id, now, self.completion)
            else:
                workers.end_visit(conn, row.visit.id, "submitted", now, self.completion)
            moves.append(("visit", row.visit.id, visit_status, "submitted"))
        facts: dict[str, Any] = {} if row.unit is None else {"unit": row.unit.id}
        if row.kind in gates.JUDGED:
            facts |= {"gate": row.kind, "passed": judgement.passed, "granted": judgement.granted}
        if row.unit is not None and row.unit.assignment.kind != "real":
            facts["special"] = row.kind
        events.append(
            conn, row.run_id, now, "onboarding_submitted" if row.unit is None else "unit_submitted", self.actor, moves,
            agent=row.id, worker=row.worker.id, visit=row.visit.id, simulated=row.worker.simulated, **facts,
        )  # fmt: skip
        return "stored"

    def _tell_platform(self, conn: Conn, judgement: Judgement, now: float) -> None:
        """The grants that a platform mirrors; a gate's own records stay here."""
        if "qualify" not in self.context.delivers:
            return
        for name, value in judgement.granted.items():
            if name.rpartition(".")[2] not in qualifications.RECORDS:
                outbox.intend(
                    conn, run_id=self.row.run_id, kind="qualify", key=f"qualify:agent:{self.row.id}:{name}", now=now,
                    worker_id=self.row.worker.id, payload=canonical({"name": name, "value": value}),
                )  # fmt: skip

    def _no_room(self, conn: Conn) -> str:
        """Why a late answer is one too many ("caps", "budget"); "" if it is not."""
        context, row = self.context, self.row
        if row.unit is None:
            return ""
        workers.lock(conn, row.worker.id)
        try:
            gates.room_for_late(conn, take.asked(conn, context, row.worker), row.kind)
        except RequestError:
            return "caps"
        budget, status = context.config.task.budget, units.get(conn, row.unit.id).status
        if budget is None or not context.pay_micros or status != "expired":  # what is launched is promised already
            return ""
        return "" if context.pay_micros <= budgets.micros_left(conn, context.run_id, budget) else "budget"

    def _take_unit(self, conn: Conn, status: str) -> str | None:
        """The unit's status before it became completed; None if a late submission lost it."""
        row = self.row
        if row.unit is None:
            return ""
        if status != "ended":
            return units.complete(conn, row.unit.id, row.worker.id, ("assigned",))
        if match.had(conn, row.unit.assignment.id, row.worker.id):
            return None
        return units.complete(conn, row.unit.id, row.worker.id, ("launched", "expired"))

    def _add_file(self, conn: Conn, file: dict[str, Any], one: Incoming, now: float) -> None:
        uploads.record(
            conn, key=file["file"], agent_id=self.row.id, field=one.field, name=one.name,
            media_type=one.media_type, size=one.stored.size, sha256=one.stored.sha256, now=now,
        )  # fmt: skip

    def _owe(self, conn: Conn, unit_id: int, now: float) -> None:
        """The reward is owed from this moment; the key makes it payable once."""
        pay = self.context.pay_micros
        if pay:
            outbox.intend(
                conn, run_id=self.row.run_id, kind="reward", key=f"reward:agent:{self.row.id}", now=now,
                worker_id=self.row.worker.id, visit_id=self.row.visit.id, unit_id=unit_id,
                amount_micros=pay, currency=self.context.currency,
            )  # fmt: skip
