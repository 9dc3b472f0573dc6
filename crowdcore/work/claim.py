"""A worker gets a unit: gates, candidates, and one transaction that takes it.

(a) Gates that need no unit; they may say that something else comes first: onboarding, screening, a gold.
(b) Candidates; if a plugin judges eligibility it is asked here, outside any transaction. (c) One
transaction asks the gates again and takes the first candidate that is still free, or makes what comes
first. If all were lost to others, or the gates say something else by now, (a) again. Without gates (a) is
not asked: caps are counted in (c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.errors import CrowdError, HookFailed, RequestError
from crowdcore.store.queries import agents, events, units, workers
from crowdcore.store.queries.agents import AgentRow
from crowdcore.store.queries.units import START, Free
from crowdcore.types import Refusal
from crowdcore.work import documents, gates, match
from crowdcore.work.take import Changed, Claim, Offer, asked, is_real, take, visit_of

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.types import Worker
    from crowdcore.work.context import RunContext
    from crowdcore.work.gates import Piece

ROUNDS = 20
TOLD_AGAIN = 60.0
"""Seconds after which the same refusal of the same worker is an event again."""
MOST_TOLD = 10_000


async def claim(context: RunContext, wish: Claim, known: tuple[Worker, str | None] | None = None) -> AgentRow:
    """The worker's new agent (or the one another request of the same visit has just got).

    `known`: the worker and why they are blocked, if that has just been read.
    Raises RequestError: run_over, blocked, too_many_open, too_many_units, no_available_units, not_qualified.
    """
    worker, reason = await _admit(context, wish, known)
    try:
        gates.blocked(reason)
        if await gates.platform_blocks(context.hooks, context.gates, worker, context.clock.ticks()):
            raise gates.is_blocked()
        return await _find(context, wish, worker)
    except gates.Refused as refusal:
        await refused(context, worker, refusal)
        raise


async def _find(context: RunContext, wish: Claim, worker: Worker) -> AgentRow:
    judged = context.hooks.has("worker_can_do_unit")
    refusal: Refusal | None = None
    no_more = False
    for _round in range(ROUNDS):
        piece = await _due(context, wish, worker)
        if isinstance(piece, AgentRow):
            return piece
        offer, began = await _screening(context, piece), context.positions.get(worker.id)
        if judged and is_real(context, piece):
            approved, refusal = await _ask(context, worker)
            offer = Offer(approved)
        taken = None
        if offer.approved is None or offer.approved:
            try:
                taken = await context.db.awrite(lambda c, o=offer: take(c, context, wish, worker, o))  # type: ignore[misc]
            except Changed:
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
        if refusal is not None or no_more:
            break
        no_more = not await context.more_units()  # the last ones may have been made after we looked
    raise await _nothing(context, worker, refusal)


async def _admit(
    context: RunContext, wish: Claim, known: tuple[Worker, str | None] | None
) -> tuple[Worker, str | None]:
    """The worker, their row made when they come for the first time, and why they are blocked, if they are."""
    if not context.accepting:
        raise run_over()
    name = wish.who.worker_name
    assert name is not None
    known = known or await context.db.aread(lambda c: workers.find(c, context.provider, name))
    if known is not None:
        return known
    context.addresses.newcomer(context, wish.address)
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
        already = visit_of(conn, context, wish, worker)[1]
        if already is None:
            gates.walk(conn, asked(conn, context, worker), gates.FIRST)
        return already

    already = await context.db.aread(first)
    if already is not None:
        return already
    await gates.ask_added(context.extra_gates, context.facade_for, worker, context.gates.limiter)
    return await context.db.aread(lambda c: gates.walk(c, asked(c, context, worker), gates.LAST))


async def _screening(context: RunContext, piece: Piece | None) -> Offer:
    """The next screening item, if one is due and does not come from the task's own data."""
    pool = context.gates.screening
    if piece is None or piece.kind != "screening" or pool is None:
        return Offer()
    return Offer(screening=await context.gates.limiter.run(pool.take))


async def _ask(context: RunContext, worker: Worker) -> tuple[list[Free], Refusal | None]:
    """The next unit that every plugin lets this worker do, or the last refusal.

    Those refused are passed. Raises no_available_units when there are more than can be asked about at once: the
    page comes back, and the search goes on.
    """
    if context.live is not None:
        try:
            return await context.live.offer(worker)
        except HookFailed as failure:
            raise _undecided(failure) from None
    position = context.positions.get(worker.id)

    def next_page(conn: Conn) -> list[Free]:
        found = match.candidates(conn, context.run_id, worker.id, position)
        return [free for free, _ in zip(found, range(match.MAX_ASKED), strict=False)]

    page = await context.db.aread(next_page)
    refusal: Refusal | None = None
    unclear: HookFailed | None = None
    for free in page:
        unit = await context.db.aread(lambda c, f=free: units.get(c, f.id))  # type: ignore[misc]
        try:
            refusal = await context.hooks.worker_can_do_unit(worker, unit)
        except HookFailed as error:
            unclear = error
            if error.reason != "error":
                raise _undecided(error) from None
        else:
            if refusal is None:
                return [free], None
        context.positions.set(worker.id, (free.seat, free.id))
    if len(page) == match.MAX_ASKED:
        raise RequestError(409, "no_available_units", "We are still looking for work that suits you: this page "
                           "looks again by itself.", retry_after=1)  # fmt: skip
    if unclear is not None:  # about some of them nobody could tell: that is no refusal
        context.positions.forget(worker.id)
        raise _undecided(unclear)
    return [], refusal


def _undecided(failure: HookFailed) -> CrowdError:
    """What to raise when the plugins could not say: nothing is kept against the worker."""
    return gates.unchecked() if failure.reason == "error" else failure


async def _started(context: RunContext, row: AgentRow) -> AgentRow:
    """Keep the first state if making it again could give another; an onboarding's always."""
    if row.status == "waiting" and context.live is not None:
        context.live.expect(row.id)
    kept = row.kind == "onboarding" or documents.keeps_init(context)
    if row.state is not None or row.status != "in_task" or not kept:
        return row
    building = await documents.Building.of(context, row)
    state = await building.run(building.first)
    await context.db.awrite(lambda c: agents.set_state(c, row.id, state))
    fresh = await context.db.aread(lambda c: agents.get(c, row.id))
    assert fresh is not None
    return fresh


async def _nothing(context: RunContext, worker: Worker, refusal: Refusal | None) -> RequestError:
    if refusal is not None:
        return gates.Refused("worker_can_do_unit", 403, "not_qualified", refusal.text)
    left = await context.db.aread(lambda c: match.something_left(c, context.run_id, worker.id))
    if left or await context.more_units() is not False:
        return gates.come_back()
    done = await context.db.aread(lambda c: agents.task_count(c, context.task_id, worker.id))
    return gates.share_done() if done else run_over()


def run_over() -> RequestError:
    """No new work is handed out any more."""
    return RequestError(409, "run_over", "This task is over: no more work is handed out. Thank you for coming.")
