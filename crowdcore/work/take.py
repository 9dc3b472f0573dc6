"""The one transaction of a claim: it asks the gates again and takes a unit, or makes what comes before one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.store.queries import agents, budgets, conversations, events, known_items, qualifications, units, workers
from crowdcore.work import gates, match

if TYPE_CHECKING:
    from crowdcore.status import AgentStatus
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.known_items import Known
    from crowdcore.store.queries.units import Free
    from crowdcore.types import Identity, Worker
    from crowdcore.work.context import RunContext
    from crowdcore.work.gates import Piece

AUTO = "auto-"
"""How the names of visits begin that the provider has no name for."""


@dataclass(frozen=True)
class Claim:
    """Who wants work, from which network address (None: none is counted), and on which visit (an open visit's id when
    its session goes on)."""

    who: Identity
    simulated: bool = False
    visit_id: int | None = None
    address: str | None = None


@dataclass(frozen=True)
class Taken:
    """The agent, and the unit of the task's data that it has."""

    agent: AgentRow
    unit: Free | None


@dataclass(frozen=True)
class Offer:
    """What was found out before the transaction: units that plugins approved of (None: they are not asked), and
    the next screening item."""

    approved: list[Free] | None = None
    screening: Known | None = None


_BEGAN = {True: "live_arrived", False: "unit_assigned"}


class Changed(Exception):
    """The gates say something else than before: ask again."""


def take(conn: Conn, context: RunContext, wish: Claim, worker: Worker, offer: Offer) -> Taken | None:
    """One transaction: gates, a unit (or what comes before one), the visit, the agent, the event."""
    workers.lock(conn, worker.id)
    visit_id, already = visit_of(conn, context, wish, worker)
    if already is not None:
        return Taken(already, None)
    piece = gates.walk(conn, asked(conn, context, worker), gates.FIRST if context.gates.plain else gates.ALL)
    if is_real(context, piece):
        if offer.approved is None and context.hooks.has("worker_can_do_unit"):
            raise Changed
        if context.live is not None:
            found = _any_seat(conn, context, worker, offer.approved)
            return _begin(conn, context, wish, worker, visit_id, piece, None) if found else None
        free = _first_free(conn, context, worker, offer.approved)
        return None if free is None else _begin(conn, context, wish, worker, visit_id, piece, free)
    assert piece is not None
    after = context.positions.get(worker.id)
    if next(match.candidates(conn, context.run_id, worker.id, after), None) is None:
        return None  # nothing would come after it
    if piece.kind == "onboarding":
        return _begin(conn, context, wish, worker, visit_id, piece, None)
    known = piece.known or offer.screening
    if known is None:
        raise Changed
    if not _affordable(conn, context):
        return None
    free = known_items.seat(conn, context.run_id, piece.kind, known, context.pay_micros)
    units.take(conn, free.id, worker.id)
    return _begin(conn, context, wish, worker, visit_id, piece, free)


def _any_seat(conn: Conn, context: RunContext, worker: Worker, approved: Iterable[Free] | None) -> bool:
    """Whether a unit is free that this worker may do with others; their seat is taken when their page connects."""
    if approved is None:
        approved = match.candidates(conn, context.run_id, worker.id, context.positions.get(worker.id))
    return any(not conversations.had(conn, free.assignment_id, worker.id) for free in approved)


def _begin(
    conn: Conn, context: RunContext, wish: Claim, worker: Worker, visit_id: int | None, piece: Piece | None,
    free: Free | None,
) -> Taken:  # fmt: skip
    """The agent of what was found, in the worker's visit or a new one, and the event."""
    now, kind = context.clock.now(), "unit" if piece is None else piece.kind
    real = free is not None and is_real(context, piece)
    live = context.live is not None and (kind != "onboarding" or context.live.onboarding)
    status: AgentStatus = "waiting" if live else "in_task"
    moves: list[events.Move] = []
    if free is not None:
        moves = [("unit", free.id, None, "launched")] if not real else []
        moves.append(("unit", free.id, "launched", "assigned"))
    if visit_id is None:
        external = wish.who.visit_id or f"{AUTO}{secrets.token_hex(8)}"
        visit_id = workers.open_visit(conn, context.run_id, worker.id, external, dict(wish.who.params), now)
        moves.append(("visit", visit_id, None, "open"))
    agent_id = agents.create(
        conn, run_id=context.run_id, visit_id=visit_id, worker_id=worker.id,
        unit_id=None if free is None else free.id, kind=kind,
        deadline=context.service.now() + context.config.task.assignment_duration, now=now, status=status,
    )  # fmt: skip
    moves.append(("agent", agent_id, None, status))
    ids = {"agent": agent_id, "worker": worker.id, "visit": visit_id} | ({} if free is None else {"unit": free.id})
    more: dict[str, object] = {}
    if not context.gates.plain:
        more["gates"] = gates.passed_before(context.config, context.gates, kind)
    if free is not None and not real:
        more["special"] = kind
    events.append(
        conn, context.run_id, now, "onboarding_began" if kind == "onboarding" else _BEGAN[live], "worker", moves,
        **ids, **more,
    )  # fmt: skip
    row = agents.get(conn, agent_id)
    assert row is not None
    return Taken(row, free if real else None)


def _affordable(conn: Conn, context: RunContext) -> bool:
    """Whether the budget has room for a unit made on demand; if need be, a free unit of the task gives way."""
    budget, pay = context.config.task.budget, context.pay_micros
    if budget is None or not pay:
        return True
    if pay <= budgets.micros_left(conn, context.run_id, budget):
        return True
    now = context.clock.now()
    return bool(units.expire_free(conn, context.run_id, now, reason="its money pays a check", limit=1))


def visit_of(conn: Conn, context: RunContext, wish: Claim, worker: Worker) -> tuple[int | None, AgentRow | None]:
    """The visit to work in (None: a new one) and its open agent, if a request at the same time made one."""
    if wish.visit_id is not None:
        return wish.visit_id, agents.open_of_visit(conn, wish.visit_id)
    if wish.who.visit_id is None:
        return None, agents.open_of_worker(conn, context.run_id, worker.id)
    visit = workers.find_visit(conn, context.run_id, worker.id, wish.who.visit_id)
    if visit is None:
        return None, None
    if visit.status != "open":
        return visit.visit.id, agents.last_of_visit(conn, visit.visit.id)
    return visit.visit.id, agents.open_of_visit(conn, visit.visit.id)


def _first_free(conn: Conn, context: RunContext, worker: Worker, approved: Iterable[Free] | None) -> Free | None:
    if approved is None:
        after = context.positions.get(worker.id)
        approved = match.candidates(conn, context.run_id, worker.id, after)
        return next((f for f in approved if units.take(conn, f.id, worker.id)), None)
    for free in approved:
        if not match.had(conn, free.assignment_id, worker.id) and units.take(conn, free.id, worker.id):
            return free
    return None


def asked(conn: Conn, context: RunContext, worker: Worker) -> gates.Asked:
    """What the gates are asked of this worker, here and now."""
    grants = {} if context.gates.plain else qualifications.of_worker(conn, worker.id)
    return gates.Asked(
        context.config, context.gates, context.run_id, context.task_id, worker, grants, context.clock.now()
    )


def is_real(context: RunContext, piece: Piece | None) -> bool:
    """Whether a unit of the task's data is wanted."""
    return piece is None or (piece.kind == "screening" and context.gates.screening is None)
