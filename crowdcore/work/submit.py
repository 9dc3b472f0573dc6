"""A submission: validated by hooks, stored in one transaction, then acknowledged."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from crowdcore.errors import CrowdError, RequestError
from crowdcore.plugins.state_code import IN_PLACE
from crowdcore.state import AgentState, canonical
from crowdcore.store.queries import agents, events, reviews, uploads
from crowdcore.work import documents, gates, visits
from crowdcore.work.documents import Document, completion_of
from crowdcore.work.gates import Judgement
from crowdcore.work.submission import Incoming, Submission, keep, settle

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.types import Agent, Completion
    from crowdcore.work.context import RunContext
    from crowdcore.work.documents import Building

T = TypeVar("T")
log = logging.getLogger("crowdcore.work")

SUBMITTED = ("submitted", "approved", "rejected")
"""Statuses of visits whose submissions are all there."""
LATE_REASONS = ("timed_out", "left", "expired")


@dataclass(frozen=True)
class SubmitAnswer:
    """Exactly one of `next` (a new document) and `completion` is set; `repeat` marks a second answer."""

    status: str
    feedback: Any
    next: Document | None
    completion: Completion | None
    repeat: bool = False


async def submit(
    context: RunContext, row: AgentRow, data: Any, incoming: list[Incoming], size: int = 0
) -> SubmitAnswer:
    """See Work.submit. Raises RequestError: invalid with `errors`, expired."""
    if row.status == "completed":
        return await _repeat(context, row)
    gates.blocked(row.blocked)
    if row.status == "ended" and (row.end_reason not in LATE_REASONS or row.unit is None or row.conversation_id):
        raise _expired(row)
    if row.status == "waiting" or row.conversation_status == "live":
        raise RequestError(409, "not_acceptable_now", "This can be sent when the part that you do with others is over.")
    if row.kind == "after_task":
        return await _submit_form(context, row, data, size)
    if not isinstance(data, dict) and incoming:
        raise RequestError(422, "invalid", "Files need data that is an object.", errors={})
    new_files = _name(data, incoming)
    building = await documents.Building.of(context, row)
    uploads_of = await _uploads(context, row, data, size) + [f for f, _ in new_files]
    state = await building.run(building.state)
    agent = documents.agent_of(context, row, state)
    used = await _aside(size, lambda: named_files(data, uploads_of))
    errors = await context.hooks.blueprint_validate(agent, data, {f["field"]: _meta(f) for f in used})
    if errors:
        raise RequestError(422, "invalid", "Please check your answers.", errors=errors)
    text = await building.run(lambda: _taken(building, state, data, used), size)
    judgement = Judgement(None)
    if row.kind in gates.JUDGED:
        judgement = await gates.judge(
            context.hooks, context.config, context.gates, documents.submitted(agent, state), size
        )
    return await _store(context, row, agent, Submission(context, row, text, new_files, judgement))


def _taken(building: Building, state: AgentState, data: Any, files: list[dict[str, Any]]) -> str:
    """The state with what was submitted, as it is stored."""
    with building.code.method("update_submit"):
        state.update_submit(data, files)
    return building.code.saved(state)


async def _aside(size: int, job: Callable[[], T]) -> T:
    """What `job` answers, which goes through `size` bytes of JSON."""
    return job() if size <= IN_PLACE else await asyncio.to_thread(job)


async def conclude(context: RunContext, row: AgentRow) -> None:
    """What was done with others is over, and its page sends nothing more: the draft is its submission, and it is paid.

    Nobody is there to be asked again, so it is not validated, and what plugins cannot do is done without. The visit
    ends.
    """
    kept, draft = row.state or AgentState().save_data(), row.draft or documents.NULL
    agent: Agent | None = None
    try:
        building = await documents.Building.of(context, row)
        state = await building.run(building.state)
        agent = documents.agent_of(context, row, state)
        kept = await building.run(lambda: building.code.saved(state))
        data = await _aside(len(draft), lambda: json.loads(draft))
        used = named_files(data, await _uploads(context, row, data, len(draft)))
        kept = await building.run(lambda: _taken(building, state, data, used), len(draft))
    except CrowdError as failure:
        log.warning("%s: agent %d ends without its draft: %s", context.name, row.id, failure)
    submission = Submission(context, row, kept, [], Judgement(None), ends_visit=True, actor="service")
    if await context.db.awrite(submission.store) == "stored":
        await visits.complete(context, row, agent or documents.agent_of(context, row, AgentState()))


def _name(data: Any, incoming: list[Incoming]) -> list[tuple[dict[str, Any], Incoming]]:
    """Give each file an id and put the ids into `data` under the file's field (a list for several)."""
    named: list[tuple[dict[str, Any], Incoming]] = []
    for one in incoming:
        key = "f_" + secrets.token_urlsafe(12)
        named.append((
            {"file": key, "field": one.field, "name": one.name, "type": one.media_type,
             "size": one.stored.size, "sha256": one.stored.sha256}, one,
        ))  # fmt: skip
    for field in dict.fromkeys(one.field for one in incoming):
        keys = [f["file"] for f, _ in named if f["field"] == field]
        data[field] = keys[0] if len(keys) == 1 else keys
    return named


async def _uploads(context: RunContext, row: AgentRow, data: Any, size: int) -> list[dict[str, Any]]:
    """The agent's uploads, if `data` may name any."""
    if not await _aside(size, lambda: any(_ids(data))):
        return []
    return await context.db.aread(lambda c: uploads.of_agent(c, row.id))


def _ids(data: Any) -> Iterator[tuple[str, str]]:
    """Texts of top-level fields, alone or in a list, that look like ids of uploads, each with its field."""
    for field, value in data.items() if isinstance(data, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one.startswith("f_"):
                yield field, one


def named_files(data: Any, files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The uploads that `data` names by id in a top-level field (alone or in a list), under that field."""
    by_key = {f["file"]: f for f in files}
    return [{**by_key[key], "field": field} for field, key in _ids(data) if key in by_key]


def _meta(file: dict[str, Any]) -> dict[str, Any]:
    return {k: file[k] for k in ("name", "size", "sha256", "type")}


async def _store(context: RunContext, row: AgentRow, agent: Agent, submission: Submission) -> SubmitAnswer:
    """Store, acknowledge, go on. A visit of one unit ends in the same transaction."""
    several = context.config.gates.units_per_session > 1 or context.gates.after_task is not None
    completion = None
    submission.ends_visit = row.status == "ended" or (row.unit is not None and not several)  # late: its session is over
    if submission.ends_visit and visits.prompt(context):
        completion = await visits.completion_for(context, row, agent)
        submission.completion = canonical(completion.document())
    files = [one for _, one in submission.new_files]
    await keep(files)
    outcome = await context.db.awrite(submission.store)
    await settle(context, files, named=outcome == "stored" or submission.kept)
    if outcome == "repeat":
        return await _repeat(context, row)
    if outcome == "blocked":
        raise gates.is_blocked()
    if outcome == "no_room":
        raise RequestError(409, "expired", "The time for this work was over, and it is not needed any more. What you "
                           "sent is kept, and the people who run the task can see it.")  # fmt: skip
    if outcome != "stored":
        raise _expired(row, kept=outcome == "late")
    if submission.ends_visit:
        return SubmitAnswer("completed", None, None, completion or await visits.complete(context, row, agent))
    return await _go_on(context, row, agent, submission.judgement.passed)


async def _go_on(context: RunContext, row: AgentRow, agent: Agent, passed: bool | None) -> SubmitAnswer:
    judged = replace(agent, passed=passed)
    feedback = documents.feedback(context) if row.kind == "onboarding" and passed is False else None
    then = await visits.go_on(context, row, judged, passed, feedback)
    return SubmitAnswer("completed", feedback if then.next is not None else None, then.next, then.completion)


async def _repeat(context: RunContext, row: AgentRow) -> SubmitAnswer:
    """The first answer again; a session that broke off between two units goes on here."""
    fresh = await context.db.aread(lambda c: agents.at_work(c, row.id))
    assert fresh is not None
    if fresh.answer is None:
        return await _answer_now(context, row)
    answer = json.loads(fresh.answer)
    if "next" in answer:
        after = await context.db.aread(lambda c: agents.at_work(c, answer["next"], draft=True))
        assert after is not None
        document = await documents.document(context, after)
        return SubmitAnswer("completed", answer.get("feedback"), document, None, repeat=True)
    completion = completion_of(json.dumps(answer["completion"]))
    return SubmitAnswer("completed", None, None, completion, repeat=True)


async def _answer_now(context: RunContext, row: AgentRow) -> SubmitAnswer:
    """What was stored and not answered yet: the process died, or something was busy."""
    fresh = await context.db.aread(lambda c: agents.get(c, row.id))
    assert fresh is not None
    agent = await documents.view(context, fresh)
    if fresh.visit_status in SUBMITTED and fresh.completion is None and fresh.unit is not None:
        ending = await visits.complete(context, fresh, agent)  # nobody had said yet how the visit ends
        return SubmitAnswer("completed", None, None, ending, repeat=True)
    return await _go_on(context, fresh, agent, fresh.passed)


async def _submit_form(context: RunContext, row: AgentRow, data: Any, size: int) -> SubmitAnswer:
    """The after-task form: checked by its own rules; the visit ends as was decided when it was shown."""
    form = context.gates.after_task
    errors = {} if form is None else await _aside(size, lambda: form.faults(data))
    if errors:
        raise RequestError(422, "invalid", "Please check your answers.", errors=errors)
    assert row.answer is not None
    answer, now = row.answer, context.clock.now()
    completion = json.loads(answer)["completion"]
    state = await _aside(size, AgentState(data=data).save_data)

    def store(conn: Conn) -> None:
        current = agents.get(conn, row.id)
        assert current is not None
        if current.status == "completed":
            return
        agents.complete(conn, row.id, current.status, state, answer, now)
        moves: list[events.Move] = [("agent", row.id, current.status, "completed")]
        moves += reviews.end_visit(conn, row.visit.id, "submitted", now, canonical(completion))
        events.append(
            conn, row.run_id, now, "after_task_submitted", "worker", moves,
            agent=row.id, worker=row.worker.id, visit=row.visit.id,
        )  # fmt: skip

    await context.db.awrite(store)
    return SubmitAnswer("completed", None, None, completion_of(json.dumps(completion)))


def _expired(row: AgentRow, *, kept: bool = False) -> RequestError:
    if row.kind == "onboarding":
        return RequestError(409, "expired", "The time for this was over. Please start again.")
    if not kept:
        return RequestError(409, "expired", "This work is over, and nothing more can be sent for it.")
    return RequestError(409, "expired", "The time for this work was over and somebody else has it now. "
                        "What you sent is kept, and the people who run the task can see it.")  # fmt: skip
