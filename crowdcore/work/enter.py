"""A worker comes: the preview, the work they have open, or new work."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.errors import HookFailed, RequestError
from crowdcore.plugins import results
from crowdcore.store.queries import agents, workers
from crowdcore.types import Identity, Refusal
from crowdcore.work import documents, gates
from crowdcore.work.claim import claim, refused
from crowdcore.work.documents import Document
from crowdcore.work.preview import preview
from crowdcore.work.take import Claim
from crowdcore.work.url_params import UrlParams

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.workers import VisitRow
    from crowdcore.types import Worker
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.work")


@dataclass(frozen=True)
class Entered:
    """The answer to a worker who arrives: `created` is False for work they already had."""

    created: bool
    document: Document


@dataclass(frozen=True)
class _Known:
    worker: Worker
    blocked: str | None
    visit: VisitRow | None
    agent: AgentRow | None


async def enter(
    context: RunContext, params: dict[str, str], *, simulated: bool = False, address: str | None = None
) -> Entered:
    """A worker comes with the provider's URL parameters: the preview, their open work, or new work.

    What is open at `address` together with others is limited; None is never counted.
    """
    who = await _identify(context, params, simulated)
    if who.worker_name is None:
        return Entered(False, await preview(context))
    found = await context.db.aread(lambda c: _find(c, context, who))
    if isinstance(found, _Known):
        await _blocked(context, found)
        if found.agent is not None:
            return Entered(False, await documents.document(context, found.agent))
        if found.visit is not None and found.visit.status != "open":
            return Entered(False, await _ended(context, found.visit))
    known = (found.worker, found.blocked) if isinstance(found, _Known) else None
    async with context.addresses.place(context, address) as took:
        row = await claim(context, Claim(who, simulated, address=address), known)
        took(row.worker.id)
    return Entered(True, await documents.document(context, row))


async def _identify(context: RunContext, params: dict[str, str], simulated: bool) -> Identity:
    given = UrlParams(params)
    if simulated:  # proven by a token of this machine; the provider has never heard of them
        return context.kept.of(Identity(params.get("worker_id"), params.get("assignment_id"), given), given)
    hooks = context.hooks
    try:
        who = results.identity(hooks, await results.answer(hooks, "provider_identify", hooks.provider_identify(given)))
    except HookFailed as failure:
        log.error("%s", failure, exc_info=failure.__cause__)
        raise RequestError(503, "busy", "We could not look you up just now. Please try again.") from failure
    if isinstance(who, Refusal):
        raise RequestError(403, "refused", who.text)
    if who.worker_name is not None and not 0 < len(who.worker_name) <= 200:
        raise RequestError(422, "invalid", "The worker's name must have 1 to 200 characters.")
    return context.kept.of(who, given)


def _find(conn: Conn, context: RunContext, who: Identity) -> _Known | None:
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


async def _blocked(context: RunContext, found: _Known) -> None:
    try:
        gates.blocked(found.blocked)
    except gates.Refused as refusal:
        await refused(context, found.worker, refusal)
        raise


async def _ended(context: RunContext, visit: VisitRow) -> Document:
    row = await context.db.aread(lambda c: agents.last_of_visit(c, visit.visit.id))
    assert row is not None
    return documents.done(context, row)
