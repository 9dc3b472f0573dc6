"""A worker gets a unit: gates, candidates, and one transaction that takes it.

(a) Gates that need no unit; they may say that something else comes first: onboarding, screening, a gold.
(b) Candidates; if a plugin judges eligibility it is asked here, outside any transaction. (c) One
transaction asks the gates again and takes the first candidate that is still free, or makes what comes
first. If all were lost to others, or the gates say something else by now, (a) again. Without gates (a) is
not asked: caps are counted in (c).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from crowdcore import authored, documents, gates, matching
from crowdcore.errors import RequestError
from crowdcore.store import agents, conversations, events, outbox, qualifications, special, units, workers
from crowdcore.store.agents import AgentRow
from crowdcore.store.units import START, Free
from crowdcore.types import Identity, Refusal

if TYPE_CHECKING:
    from crowdcore.context import RunContext
    from crowdcore.gates import Piece
    from crowdcore.status import AgentStatus
    from crowdcore.store import Conn
    from crowdcore.store.special import Known
    from crowdcore.types import Worker

ROUNDS = 20
TOLD_AGAIN = 60.0
"""Seconds after which the same refusal of the same worker is an event again."""
MOST_TOLD = 10_000
AUTO = "auto-"
"""How the names of visits begin that the provider has no name for."""


@dataclass(frozen=True)
class Claim:
    """Who wants work, and on which visit (an open visit's id when its session goes on)."""

    who: Identity
    simulated: bool = False
    visit_id: int | None = None


@dataclass(frozen=True)
class _Taken:
    agent: AgentRow
    unit: Free | None


@dataclass(frozen=True)
class _Offer:
    """What was found out before the transaction: units that plugins approved of (None: they are not asked), and
    the next screening item."""

    approved: list[Free] | None = None
    screening: Known | None = None


_BEGAN = {True: "live_arrived", False: "unit_assigned"}


class _Changed(Exception):
    """The gates say something else than before: ask again."""


async def claim(context: RunContext, wish: Claim) -> AgentRow:
    """The worker's new agent (or the one another request of the same visit has just got).

    Raises RequestError: run_over, blocked, too_many_open, too_many_units, no_available_units, not_qualified.
    """
    worker, reason = await _admit(context, wish)
    try:
        gates.blocked(reason)
        return await _find(context, wish, worker)
    except gates.Refused as refusal:
        await refused(context, worker, refusal)
        raise


async def _find(context: RunContext, wish: Claim, worker: Worker) -> AgentRow:
    judged = context.hooks.has("worker_can_do_unit")
    refusal: Refusal | None = None
    for _round in range(ROUNDS):
        piece = await _due(context, wish, worker)
        if isinstance(piece, AgentRow):
            return piece
        offer, began = await _screening(context, piece), context.positions.get(worker.id)
        if judged and _is_real(context, piece):
            approved, refusal = await _ask(context, worker)
            offer = _Offer(approved)
        taken = None
        if offer.approved is None or offer.approved:
            try:
                taken = await context.db.awrite(lambda c, o=offer: _take(c, context, wish, worker, o))  # type: ignore[misc]
            except _Changed:
                continue
        if taken is not None:
            if taken.unit is not None and not judged:
                context.positions.set(worker.id, (taken.unit.seat, taken.unit.id))
            return await _started(context, taken.agent)
        if offer.approved:
            continue  # lost to others meanwhile
        context.positions.forget(worker.id)
        if judged and refusal is None and began != START:
            continue  # what was passed on the way here was refused then: ask anew
        if refusal is not None or not await context.more_units():
            break
    raise await _nothing(context, worker, refusal)


async def _admit(context: RunContext, wish: Claim) -> tuple[Worker, str | None]:
    """The worker, their row made when they come for the first time, and why they are blocked, if they are."""
    if not context.accepting:
        raise run_over()
    name = wish.who.worker_name
    assert name is not None
    known = await context.db.aread(lambda c: workers.find(c, context.provider, name))
    if known is not None:
        return known
    now = context.clock.now()
    made = await context.db.awrite(
        lambda c: workers.ensure(c, context.provider, name, simulated=wish.simulated, now=now)
    )
    return made, None


async def refused(context: RunContext, worker: Worker, refusal: gates.Refused) -> None:
    """Keep a gate's refusal as an event; a page that is loaded again and again adds one a minute."""
    told, now = context.gates.told, context.clock.ticks()
    key = (worker.id, refusal.gate, refusal.code)
    if now - told.get(key, float("-inf")) < TOLD_AGAIN:
        return
    told.pop(key, None)
    told[key] = now  # the newest last
    if len(told) > MOST_TOLD:
        told.pop(next(iter(told)))
    run_id, at = context.run_id, context.clock.now()
    await context.db.awrite(
        lambda c: events.append(
            c, run_id, at, "gate_refused", "service", [], worker=worker.id, gate=refusal.gate, code=refusal.code
        )
    )


async def _due(context: RunContext, wish: Claim, worker: Worker) -> Piece | AgentRow | None:
    """What the gates want first; the visit's open work if a request at the same time made it; or Refused."""
    if context.gates.plain and not context.extra_gates:
        return None

    def first(conn: Conn) -> AgentRow | None:
        already = _visit(conn, context, wish, worker)[1]
        if already is None:
            gates.walk(conn, _asked(conn, context, worker), gates.FIRST)
        return already

    already = await context.db.aread(first)
    if already is not None:
        return already
    await gates.ask_added(context.extra_gates, context.facade_for, worker, context.gates.limiter)
    return await context.db.aread(lambda c: gates.walk(c, _asked(c, context, worker), gates.LAST))


def _asked(conn: Conn, context: RunContext, worker: Worker) -> gates.Asked:
    grants = {} if context.gates.plain else qualifications.of_worker(conn, worker.id)
    return gates.Asked(
        context.config, context.gates, context.run_id, context.task_id, worker, grants, context.clock.now()
    )


async def _screening(context: RunContext, piece: Piece | None) -> _Offer:
    """The next screening item, if one is due and does not come from the task's own data."""
    pool = context.gates.screening
    if piece is None or piece.kind != "screening" or pool is None:
        return _Offer()
    return _Offer(screening=await context.gates.limiter.run(pool.take))


def _is_real(context: RunContext, piece: Piece | None) -> bool:
    """Whether a unit of the task's data is wanted."""
    return piece is None or (piece.kind == "screening" and context.gates.screening is None)


async def _ask(context: RunContext, worker: Worker) -> tuple[list[Free], Refusal | None]:
    """The next unit that every plugin lets this worker do, or the last refusal.

    Those refused are passed. Raises no_available_units when there are more than can be asked about at once: the
    page comes back, and the search goes on.
    """
    if context.live is not None:
        return await context.live.offer(worker)
    position = context.positions.get(worker.id)

    def next_page(conn: Conn) -> list[Free]:
        found = matching.candidates(conn, context.run_id, worker.id, position)
        return [free for free, _ in zip(found, range(matching.MAX_ASKED), strict=False)]

    page = await context.db.aread(next_page)
    refusal: Refusal | None = None
    for free in page:
        unit = await context.db.aread(lambda c, f=free: units.get(c, f.id))  # type: ignore[misc]
        answer = await context.hooks.worker_can_do_unit(worker, unit)
        if answer is None:
            return [free], None
        refusal = answer
        context.positions.set(worker.id, (free.seat, free.id))
    if len(page) == matching.MAX_ASKED:
        raise RequestError(409, "no_available_units", "We are still looking for work that suits you: this page "
                           "looks again by itself.", retry_after=1)  # fmt: skip
    return [], refusal


def _take(conn: Conn, context: RunContext, wish: Claim, worker: Worker, offer: _Offer) -> _Taken | None:
    """One transaction: gates, a unit (or what comes before one), the visit, the agent, the event."""
    workers.lock(conn, worker.id)
    visit_id, already = _visit(conn, context, wish, worker)
    if already is not None:
        return _Taken(already, None)
    piece = gates.walk(conn, _asked(conn, context, worker), gates.FIRST if context.gates.plain else gates.ALL)
    if _is_real(context, piece):
        if offer.approved is None and context.hooks.has("worker_can_do_unit"):
            raise _Changed
        if context.live is not None:
            found = _any_seat(conn, context, worker, offer.approved)
            return _begin(conn, context, wish, worker, visit_id, piece, None) if found else None
        free = _first_free(conn, context, worker, offer.approved)
        return None if free is None else _begin(conn, context, wish, worker, visit_id, piece, free)
    assert piece is not None
    after = context.positions.get(worker.id)
    if next(matching.candidates(conn, context.run_id, worker.id, after), None) is None:
        return None  # nothing would come after it
    if piece.kind == "onboarding":
        return _begin(conn, context, wish, worker, visit_id, piece, None)
    known = piece.known or offer.screening
    if known is None:
        raise _Changed
    if not _affordable(conn, context):
        return None
    free = special.seat(conn, context.run_id, piece.kind, known, context.pay_micros)
    units.take(conn, free.id, worker.id)
    return _begin(conn, context, wish, worker, visit_id, piece, free)


def _any_seat(conn: Conn, context: RunContext, worker: Worker, approved: Iterable[Free] | None) -> bool:
    """Whether a unit is free that this worker may do with others; their seat is taken when their page connects."""
    if approved is None:
        approved = matching.candidates(conn, context.run_id, worker.id, context.positions.get(worker.id))
    return any(not conversations.had(conn, free.assignment_id, worker.id) for free in approved)


def _begin(
    conn: Conn, context: RunContext, wish: Claim, worker: Worker, visit_id: int | None, piece: Piece | None,
    free: Free | None,
) -> _Taken:  # fmt: skip
    """The agent of what was found, in the worker's visit or a new one, and the event."""
    now, kind = context.clock.now(), "unit" if piece is None else piece.kind
    real = free is not None and _is_real(context, piece)
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
    return _Taken(row, free if real else None)


def _affordable(conn: Conn, context: RunContext) -> bool:
    """Whether the budget has room for a unit made on demand; if need be, a free unit of the task gives way."""
    budget, pay = context.config.task.budget, context.pay_micros
    if budget is None or not pay:
        return True
    promised = units.promised(conn, context.run_id) + outbox.besides(conn, context.run_id)
    if promised + Decimal(pay) / units.MICROS <= budget:
        return True
    now = context.clock.now()
    return bool(units.expire_free(conn, context.run_id, now, reason="its money pays a check", limit=1))


def _visit(conn: Conn, context: RunContext, wish: Claim, worker: Worker) -> tuple[int | None, AgentRow | None]:
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
        approved = matching.candidates(conn, context.run_id, worker.id, after)
        return next((f for f in approved if units.take(conn, f.id, worker.id)), None)
    for free in approved:
        if not matching.had(conn, free.assignment_id, worker.id) and units.take(conn, free.id, worker.id):
            return free
    return None


async def _started(context: RunContext, row: AgentRow) -> AgentRow:
    """Keep the first state if making it again could give another; an onboarding's always."""
    if row.status == "waiting" and context.live is not None:
        context.live.expect(row.id)
    kept = row.kind == "onboarding" or documents.keeps_init(context)
    if row.state is not None or row.status != "in_task" or not kept:
        return row
    state = authored.saved(context.hooks, (await documents.view(context, row)).state)
    await context.db.awrite(lambda c: agents.set_state(c, row.id, state))
    fresh = await context.db.aread(lambda c: agents.get(c, row.id))
    assert fresh is not None
    return fresh


async def _nothing(context: RunContext, worker: Worker, refusal: Refusal | None) -> RequestError:
    if refusal is not None:
        return gates.Refused("worker_can_do_unit", 403, "not_qualified", refusal.text)
    left = await context.db.aread(lambda c: matching.something_left(c, context.run_id, worker.id))
    if left or await context.more_units() is not False:
        return gates.come_back()
    done = await context.db.aread(lambda c: agents.task_count(c, context.task_id, worker.id))
    return gates.share_done() if done else run_over()


def run_over() -> RequestError:
    """No new work is handed out any more."""
    return RequestError(409, "run_over", "This task is over: no more work is handed out. Thank you for coming.")
