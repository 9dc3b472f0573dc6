"""What a worker may do, one method per call of the worker API. The server calls these and nothing else.

Hooks are asked outside of transactions; each operation is one transaction that checks again what it
relies on. Refusals are RequestErrors with the codes of the worker API.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any

from crowdcore.errors import RequestError
from crowdcore.state import canonical
from crowdcore.store.queries import agents, events, uploads
from crowdcore.work import documents, feedback, gates
from crowdcore.work.call import Calls
from crowdcore.work.documents import Document
from crowdcore.work.end import end_agent
from crowdcore.work.enter import Entered, enter
from crowdcore.work.submission import Incoming, keep, settle
from crowdcore.work.submit import SubmitAnswer, submit

if TYPE_CHECKING:
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.work.context import RunContext

log = logging.getLogger("crowdcore.work")

MAX_FILES = 100
MAX_BYTES = 512 * 1024**2
"""Uploads of one agent, at most."""
MOST_TOLD = 1000
"""Agents of whose broken pages there is a line in the log; the events have all."""


class Work:
    """The work of one served run."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self._calls = Calls(context)
        self._told: set[int] = set()

    async def enter(self, params: dict[str, str], *, simulated: bool = False, address: str | None = None) -> Entered:
        """A worker comes with the provider's URL parameters: the preview, their open work, or new work.

        `address` is the network address that they share with others, None where that is not to be counted.
        """
        return await enter(self.context, params, simulated=simulated, address=address)

    async def document(self, agent_id: int) -> Document:
        """The agent's document, as for a reload."""
        return await documents.document(self.context, await self._agent(agent_id, draft=True))

    async def state(self, agent_id: int) -> dict[str, Any]:
        """Where the work is: {"phase", "deadline"}. Pages ask often, so it is cheap."""
        row = await self._agent(agent_id)
        done = row.status not in ("waiting", "in_task")
        deadline = None if row.deadline is None else self.context.service.wall(row.deadline)
        return {"phase": "done" if done else documents.phase(row), "deadline": deadline}

    async def _agent(self, agent_id: int, *, draft: bool = False) -> AgentRow:
        row = await self.context.db.aread(lambda c: agents.at_work(c, agent_id, draft=draft))
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
        await self._check_room(agent_id, 0)

    async def _check_room(self, agent_id: int, size: int) -> None:
        count, used = await self.context.db.aread(lambda c: uploads.count(c, agent_id))
        if count >= MAX_FILES:
            raise RequestError(413, "too_large", f"At most {MAX_FILES} files can be sent with one piece of work.")
        if used + size > MAX_BYTES:
            told = f"The files of one piece of work may have {MAX_BYTES // 1024**2} MB together."
            raise RequestError(413, "too_large", told, limit=MAX_BYTES)

    async def add_file(self, agent_id: int, field: str, one: Incoming) -> dict[str, Any]:
        """Record an upload: {"file", "name", "size", "sha256"}."""
        await self._check_room(agent_id, one.stored.size)
        key, stored = "f_" + secrets.token_urlsafe(12), one.stored
        now = self.context.clock.now()
        await keep([one])
        added = await self.context.db.awrite(
            lambda c: uploads.add(
                c, key=key, agent_id=agent_id, field=field, name=one.name, media_type=one.media_type,
                size=stored.size, sha256=stored.sha256, now=now,
            )
        )  # fmt: skip
        await settle(self.context, [one], named=added)
        if not added:
            raise closed(await self._agent(agent_id))
        return {"file": key, "name": one.name, "size": stored.size, "sha256": stored.sha256}

    async def submit(self, agent_id: int, data: Any, files: list[Incoming], size: int = 0) -> SubmitAnswer:
        """Validate and store a submission (`size`: bytes of `data` as it came).

        It is acknowledged after its commit; a repeat gets the first answer.
        """
        row = await self._agent(agent_id)
        answer = await submit(self.context, row, data, files, size)
        if self.context.live is not None and row.conversation_id is not None:
            await self.context.live.submitted(row)
        return answer

    async def call(self, agent_id: int, procedure: str, args: Any, asked: str, request_id: str) -> str:
        """Call a server procedure of the blueprint (`asked`: its arguments as canonical JSON); the answer as JSON text.

        A repeat of `request_id` gets the first answer.
        """
        return await self._calls.call(await self._agent(agent_id), procedure, args, asked, request_id)

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
        if agent_id not in self._told and len(self._told) < MOST_TOLD:  # one line for each page is enough
            self._told.add(agent_id)
            log.warning("%s: the page of agent %d broke: %s", self.context.name, agent_id, ascii(text[:500]))
        now, run_id = self.context.clock.now(), self.context.run_id
        await self.context.db.awrite(
            lambda c: events.append(c, run_id, now, "page_error", "worker", [], agent=agent_id, error=text)
        )


def unknown_agent() -> RequestError:
    """There is no such piece of work in this run."""
    return RequestError(404, "unknown_agent", "This piece of work is not known here.")


def closed(row: AgentRow) -> RequestError:
    """The refusal of anything but a submission, once the agent's work is over."""
    if row.status == "completed":
        return RequestError(409, "already_submitted", "This work has been submitted.")
    if row.end_reason == "blocked":
        return gates.is_blocked()
    return RequestError(409, "expired", "The time for this work is over, or it was given back.")
