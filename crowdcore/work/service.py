"""What a worker may do, one method per call of the worker API. The server calls these and nothing else.

Hooks are asked outside of transactions; each operation is one transaction that checks again what it
relies on. Refusals are RequestErrors with the codes of the worker API.
"""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crowdcore.errors import HookFailed, RequestError
from crowdcore.plugins import results
from crowdcore.state import canonical
from crowdcore.store.queries import agents, events, reviews, units, workers
from crowdcore.types import Identity, Refusal
from crowdcore.work import documents, feedback, gates
from crowdcore.work.call import Calls
from crowdcore.work.claim import Claim, claim, refused
from crowdcore.work.documents import Document
from crowdcore.work.preview import preview
from crowdcore.work.submit import Incoming, SubmitAnswer, submit

if TYPE_CHECKING:
    from crowdcore.store import Conn, StoredFile
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.workers import VisitRow
    from crowdcore.types import Worker
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.work")

MAX_FILES = 100
"""Uploads of one agent, at most."""

__all__ = ["Entered", "Incoming", "SubmitAnswer", "Work"]


@dataclass(frozen=True)
class Entered:
    """The answer to a worker who arrives: `created` is False for work they already had."""

    created: bool
    document: Document


class Work:
    """The work of one served run."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self._calls = Calls(context)

    async def enter(self, params: dict[str, str], *, simulated: bool = False) -> Entered:
        """A worker comes with the provider's URL parameters: the preview, their open work, or new work."""
        who = await self._identify(params, simulated)
        if who.worker_name is None:
            return Entered(False, await preview(self.context))
        found = await self.context.db.aread(lambda c: self._find(c, who))
        if isinstance(found, _Known):
            await self._blocked(found)
            if found.agent is not None:
                return Entered(False, await documents.document(self.context, found.agent))
            if found.visit is not None and found.visit.status != "open":
                return Entered(False, await self._ended(found.visit))
        row = await claim(self.context, Claim(who, simulated))
        return Entered(True, await documents.document(self.context, row))

    async def _identify(self, params: dict[str, str], simulated: bool) -> Identity:
        if simulated:  # proven by a token of this machine; the provider has never heard of them
            return Identity(params.get("worker_id"), params.get("assignment_id"), params)
        hooks = self.context.hooks
        try:
            who = results.identity(
                hooks, await results.answer(hooks, "provider_identify", hooks.provider_identify(params))
            )
        except HookFailed as failure:
            log.error("%s", failure, exc_info=failure.__cause__)
            raise RequestError(503, "busy", "We could not look you up just now. Please try again.") from failure
        if isinstance(who, Refusal):
            raise RequestError(403, "refused", who.text)
        if who.worker_name is not None and not 0 < len(who.worker_name) <= 200:
            raise RequestError(422, "invalid", "The worker's name must have 1 to 200 characters.")
        return who

    def _find(self, conn: Conn, who: Identity) -> _Known | None:
        context = self.context
        assert who.worker_name is not None
        known = workers.find(conn, context.provider, who.worker_name)
        if known is None:
            return None
        worker, blocked = known
        if who.visit_id is None:
            return _Known(worker, blocked, None, agents.open_of_worker(conn, context.run_id, worker.id))
        visit = workers.find_visit(conn, context.run_id, worker.id, who.visit_id)
        agent = None if visit is None else agents.open_of_visit(conn, visit.visit.id)
        return _Known(worker, blocked, visit, agent)

    async def _blocked(self, found: _Known) -> None:
        try:
            gates.blocked(found.blocked)
        except gates.Refused as refusal:
            await refused(self.context, found.worker, refusal)
            raise

    async def _ended(self, visit: VisitRow) -> Document:
        row = await self.context.db.aread(lambda c: agents.last_of_visit(c, visit.visit.id))
        assert row is not None
        return documents.done(self.context, row)

    async def document(self, agent_id: int) -> Document:
        """The agent's document, as for a reload."""
        return await documents.document(self.context, await self._agent(agent_id))

    async def _agent(self, agent_id: int) -> AgentRow:
        row = await self.context.db.aread(lambda c: agents.get(c, agent_id))
        if row is None or row.run_id != self.context.run_id:
            raise unknown_agent()
        return row

    async def save_draft(self, agent_id: int, draft: str) -> None:
        """Keep what the page saved (canonical JSON text)."""
        if not await self.context.db.awrite(lambda c: agents.set_draft(c, agent_id, draft)):
            raise closed(await self._agent(agent_id))

    async def open_for_upload(self, agent_id: int, field: str) -> None:
        """Refuse an upload before its bytes are read, if the agent is not open or has too many."""
        row = await self._agent(agent_id)
        if row.status not in ("waiting", "in_task"):
            raise closed(row)
        if await self.context.db.aread(lambda c: agents.file_count(c, agent_id)) >= MAX_FILES:
            raise RequestError(413, "too_large", f"At most {MAX_FILES} files can be sent with one piece of work.")

    async def add_file(
        self, agent_id: int, field: str, name: str, media_type: str, stored: StoredFile
    ) -> dict[str, Any]:
        """Record an upload whose bytes are safe: {"file", "name", "size", "sha256"}."""
        key = "f_" + secrets.token_urlsafe(12)
        now = self.context.clock.now()
        added = await self.context.db.awrite(
            lambda c: agents.add_file(
                c, key=key, agent_id=agent_id, field=field, name=name, media_type=media_type,
                size=stored.size, sha256=stored.sha256, now=now,
            )
        )  # fmt: skip
        if not added:
            raise closed(await self._agent(agent_id))
        return {"file": key, "name": name, "size": stored.size, "sha256": stored.sha256}

    async def submit(self, agent_id: int, data: Any, files: list[Incoming]) -> SubmitAnswer:
        """Validate and store a submission; acknowledged after its commit, a repeat gets the first answer."""
        row = await self._agent(agent_id)
        answer = await submit(self.context, row, data, files)
        if self.context.live is not None and row.conversation_id is not None:
            await self.context.live.submitted(row)
        return answer

    async def call(self, agent_id: int, procedure: str, args: Any, request_id: str) -> Any:
        """Call a server procedure of the blueprint; a repeat of `request_id` gets the first answer."""
        return await self._calls.call(await self._agent(agent_id), procedure, args, request_id)

    async def give_back(self, agent_id: int) -> None:
        """The worker gives the work back; giving it back twice is as good as once."""
        row = await self._agent(agent_id)
        if row.status == "ended" and row.end_reason == "returned":
            return
        if row.status == "completed":
            raise closed(row)
        await end_agent(self.context, row, "returned", actor="worker")

    async def write_note(self, agent_id: int, kind: object, text: object) -> None:
        """Keep what the worker writes to the author (`feedback`) or for other workers (`tip`), also afterwards."""
        await feedback.write(self.context, await self._agent(agent_id), kind, text)

    async def report_error(self, agent_id: int, error: Any) -> None:
        """Keep a page's error as an event for the operator; it never ends the work."""
        await self._agent(agent_id)
        text = canonical(error)[:4000]
        now, run_id = self.context.clock.now(), self.context.run_id
        await self.context.db.awrite(
            lambda c: events.append(c, run_id, now, "page_error", "worker", [], agent=agent_id, error=text)
        )


@dataclass(frozen=True)
class _Known:
    worker: Worker
    blocked: str | None
    visit: VisitRow | None
    agent: AgentRow | None


def unknown_agent() -> RequestError:
    """There is no such piece of work in this run."""
    return RequestError(404, "unknown_agent", "This piece of work is not known here.")


def closed(row: AgentRow) -> RequestError:
    """The refusal of anything but a submission, once the agent's work is over."""
    if row.status == "completed":
        return RequestError(409, "already_submitted", "This work has been submitted.")
    return RequestError(409, "expired", "The time for this work is over, or it was given back.")


class _Seated(Exception):
    """The agent waits in a seat."""


async def end_agent(context: RunContext, row: AgentRow, reason: str, *, actor: str) -> bool:
    """End an open agent without a submission: its unit is free again (and expires with the rest, if the run drains).

    Who waits for others gives the seat up first. In a conversation, and after it, the unit is nobody's any more.
    """
    now = context.clock.now()

    def txn(conn: Conn) -> AgentRow | None:
        fresh = agents.get(conn, row.id)
        assert fresh is not None
        if fresh.status == "waiting" and fresh.conversation_id is not None:
            raise _Seated
        return fresh if _end(conn, fresh, reason, actor, now, expire=fresh.conversation_id is not None) else None

    while True:
        try:
            ended = await context.db.awrite(txn)
            break
        except _Seated:
            if context.live is None:
                return False
            await context.live.unseat(row.id)
    if ended is None:
        return False
    if ended.unit is not None and ended.unit.assignment.kind == "real" and ended.conversation_id is None:
        context.positions.freed(ended.unit.seat, ended.unit.id)
    if context.live is not None:
        await context.live.ended(ended, reason)
    return True


VISIT_AFTER = {"returned": "returned", "timed_out": "timed_out", "expired": "timed_out", "left": "timed_out"}


def _end(conn: Conn, row: AgentRow, reason: str, actor: str, now: float, *, expire: bool) -> bool:
    before = agents.end(conn, row.id, reason, now)
    if before is None:
        return False
    moves: list[events.Move] = [("agent", row.id, before, "ended")]
    special = row.unit is not None and row.unit.assignment.kind != "real"  # made for this worker alone
    if row.unit is not None and row.kind != "bot":
        lost = reason if row.conversation_id is None else "partner_left"
        after = units.release(conn, row.unit.id, expire=expire or special, reason=lost)
        moves.append(("unit", row.unit.id, "assigned", after))
    visit_after, completion = VISIT_AFTER[reason], None
    if row.kind == "after_task":  # the work itself is done
        assert row.answer is not None
        visit_after, completion = "submitted", canonical(json.loads(row.answer)["completion"])
    moves += reviews.end_visit(conn, row.visit.id, visit_after, now, completion)
    unit_id = None if row.unit is None else row.unit.id
    events.append(
        conn, row.run_id, now, "agent_ended", actor, moves,
        agent=row.id, worker=row.worker.id, visit=row.visit.id, unit=unit_id, reason=reason,
        **({"special": row.kind} if special else {}),
    )  # fmt: skip
    return True


def expire_agent(conn: Conn, row: AgentRow, now: float) -> None:
    """Inside a transaction of a command: the agent's run is over and nobody serves it."""
    _end(conn, row, "expired", "operator", now, expire=True)
