"""A page calls a server procedure: within limits, answered once per request, the answer kept.

How long one may take: 10 seconds (`crowdcore.base.limiter`), unless `blueprint_frontend` says `call_seconds`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crowdcore.errors import HookFailed, RequestError
from crowdcore.plugins import results
from crowdcore.state import canonical
from crowdcore.store.queries import calls, events
from crowdcore.work import documents

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.work.context import RunContext

MOST_BYTES = 256 * 1024
"""Of the arguments, and of the answer, as JSON."""
PER_SECOND = 20
"""Calls of one agent."""
FAILED = {
    "timeout": "The task's server took too long for this.",
    "procedure_failed": "This did not work. The people who run the task were told.",
}
"""What a page is told of failures that are kept: a repeat of the same request fails again."""
_FINAL = 424  # not 5xx: crowd.js would ask again, and get the same
_MOST_AGENTS = 10_000

log = logging.getLogger("crowdcore.calling")


@dataclass
class _Outcome:
    """What a call came to: a result, a failure that is kept, or a refusal that is not."""

    text: str | None = None
    failure: str | None = None
    refusal: RequestError | None = None

    def answer(self) -> str:
        """The result as JSON text; RequestError for everything else."""
        if self.refusal is not None:
            raise self.refusal
        if self.failure is not None:
            raise RequestError(_FINAL, self.failure, FAILED[self.failure])
        assert self.text is not None
        return self.text


class Calls:
    """The procedure calls of one served run."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        if "call_seconds" in context.frontend:
            context.hooks.limit("blueprint_call", float(context.frontend["call_seconds"]))
        self._going: dict[tuple[int, str], asyncio.Task[_Outcome]] = {}
        self._recent: dict[int, deque[float]] = {}

    async def call(self, row: AgentRow, procedure: str, args: Any, asked: str, request_id: str) -> str:
        """The answer (JSON text); a repeat of `request_id` gets the first one.

        `asked` is `args` as canonical JSON. RequestError with one of the codes of calls.
        """
        key = (row.id, request_id)
        task = self._going.get(key)
        if task is None:
            known = await self._context.db.aread(lambda c: calls.find(c, row.id, request_id))
            if known is not None:
                return _again(known, procedure)
            task = self._going.get(key)  # a twin may have begun meanwhile
        if task is None:
            self._admit(row, asked)
            task = asyncio.create_task(self._run(row, procedure, args, asked, request_id))
            self._going[key] = task
            task.add_done_callback(lambda _: self._going.pop(key, None))
        return (await asyncio.shield(task)).answer()  # a page that goes away must not lose the record

    def _admit(self, row: AgentRow, asked: str) -> None:
        if row.status != "in_task":
            code = "already_submitted" if row.status == "completed" else "expired"
            raise RequestError(409, code, "This work is over.")
        if len(asked.encode("utf-8")) > MOST_BYTES:
            limit = f"What a page asks may have {MOST_BYTES // 1024} kB."
            raise RequestError(413, "too_large", limit, limit=MOST_BYTES)
        now = self._context.clock.ticks()
        if len(self._recent) > _MOST_AGENTS:
            self._recent = {agent: times for agent, times in self._recent.items() if times[-1] > now - 1.0}
        times = self._recent.setdefault(row.id, deque(maxlen=PER_SECOND))
        if len(times) == PER_SECOND and times[0] > now - 1.0:
            raise RequestError(429, "too_fast", f"At most {PER_SECOND} calls a second.", retry_after=1.0)
        times.append(now)

    async def _run(self, row: AgentRow, procedure: str, args: Any, asked: str, request_id: str) -> _Outcome:
        context = self._context
        at, began = context.clock.now(), context.clock.ticks()
        outcome = await self._outcome(row, procedure, args, request_id)
        if outcome.refusal is not None:
            return outcome
        failure = outcome.failure
        error = None if failure is None else canonical({"code": failure, "detail": FAILED[failure]})
        seconds = round(context.clock.ticks() - began, 3)

        def keep(conn: Conn) -> None:
            kept = calls.record(
                conn, row.id, request_id, procedure, args=asked, result=outcome.text, error=error,
                started_at=at, seconds=seconds,
            )  # fmt: skip
            if kept:
                events.append(
                    conn, row.run_id, at, "procedure_called", "worker", [],
                    agent=row.id, procedure=procedure, failure=failure,
                )  # fmt: skip

        await context.db.awrite(keep)
        return outcome

    async def _outcome(self, row: AgentRow, procedure: str, args: Any, request_id: str) -> _Outcome:
        context, hooks = self._context, self._context.hooks
        try:
            agent = await documents.view(context, row)
            called = hooks.blueprint_call(agent, procedure, args, request_id)
            return _Outcome(_text(hooks, await results.answer(hooks, "blueprint_call", called)))
        except RequestError as refusal:
            return _Outcome(refusal=refusal)
        except HookFailed as error:
            if error.reason == "busy":
                busy = RequestError(503, "busy", "The task's server is busy. Please try again soon.", retry_after=2.0)
                return _Outcome(refusal=busy)
            log.error("%s: %s [agent %d, procedure %r]", context.name, error, row.id, procedure,
                      exc_info=error.__cause__)  # fmt: skip
            return _Outcome(failure="timeout" if error.reason == "timeout" else "procedure_failed")


def _again(known: dict[str, Any], procedure: str) -> str:
    if known["procedure"] != procedure:
        raise RequestError(422, "invalid", f"This request_id was {known['procedure']!r}'s; each call has its own.")
    if known["error"] is not None:
        raise RequestError(_FINAL, known["error"]["code"], known["error"]["detail"])
    return str(known["result"])


def _text(hooks: Any, result: Any) -> str:
    """The result as it is stored; HookFailed if it is too long or cannot be."""
    text = results.json_text(hooks, "blueprint_call", result)
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        size = -1
    if 0 <= size <= MOST_BYTES:
        return text
    fault = "a text contains half of a surrogate pair" if size < 0 else f"the answer has {size:,} bytes of JSON"
    raise HookFailed(results.author(hooks, "blueprint_call"), "blueprint_call", "error",
                     f"{fault}; at most {MOST_BYTES:,} bytes are sent")  # fmt: skip
