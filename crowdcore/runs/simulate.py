"""Simulated workers: they go through the real worker API, and answer what the blueprint says.

They know the declared answers of onboarding, screening and golds, so that gates let them through.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from crowdcore.errors import RunError
from crowdcore.plugins.gate_data import ANSWERS
from crowdcore.store.queries import agents
from crowdcore.work import documents

if TYPE_CHECKING:
    from crowdcore.work.context import RunContext

RETRY = (429, 503)
OVER = ("run_over", "too_many_units", "not_qualified", "blocked", "refused")


@dataclass
class Tally:
    """What happened: answers accepted, and refusals by code. `acknowledged` are the agents' ids."""

    submitted: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    acknowledged: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """How many workers, for how many units each (0: until there is no more), with which names."""

    workers: int
    units: int = 0
    prefix: str = "sim"


async def simulate(context: RunContext, url: str, passport: str, plan: Plan) -> Tally:
    """Let the workers work on the run served at `url`; RunError if nothing answers there."""
    tally = Tally()
    quiz = await asyncio.to_thread(_onboarding_answers, context)
    limits = httpx.Limits(max_connections=max(plan.workers, 10))
    headers = {"X-Crowd-Simulated": passport}
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits, headers=headers) as client:
        try:
            await asyncio.gather(
                *(
                    _Worker(context, client, tally, f"{plan.prefix}-{n + 1}", plan.units, quiz).work()
                    for n in range(plan.workers)
                )
            )
        except httpx.TransportError as error:
            raise RunError(f"{url} does not answer ({error or type(error).__name__}); is the run served? "
                           f"`crowd status {context.name}` tells") from None  # fmt: skip
    return tally


class _Worker:
    """One simulated worker."""

    def __init__(
        self, context: RunContext, client: httpx.AsyncClient, tally: Tally, name: str, units: int, quiz: dict[str, Any]
    ) -> None:  # fmt: skip
        self._context = context
        self._client = client
        self._tally = tally
        self._name = name
        self._units = units
        self._quiz = quiz

    async def work(self) -> None:
        """Units one after the other, until there are enough or no more."""
        done = 0
        while not self._units or done < self._units:
            document = await self._enter()
            while document is not None and document["phase"] in ("work", "onboarding", "finish"):
                answer = await self._submit(document)
                if answer is None:
                    break
                done += document["phase"] == "work"
                document = answer["next"]
            if document is None and not await self._may_come_back():
                return

    async def _enter(self) -> dict[str, Any] | None:
        reply = await self._call("POST", "api/v1/agents", None, json={"params": {"worker_id": self._name}})
        if reply.is_success:
            document: dict[str, Any] = reply.json()
            return document
        self._refused(reply)
        return None

    async def _may_come_back(self) -> bool:
        """After a refusal: whether there may be work for this worker later (then a moment has passed)."""
        if self._last != "no_available_units":
            return self._last is None
        await asyncio.sleep(1.0)
        return True

    _last: str | None = None

    def _refused(self, reply: httpx.Response) -> None:
        self._last = reply.json().get("code", str(reply.status_code))
        self._tally.refusals[self._last] += 1

    async def _submit(self, document: dict[str, Any]) -> dict[str, Any] | None:
        agent_id, self._last = int(document["agent"]), None
        made = await self._made(agent_id, document)
        files = [(name, upload) for name, upload in made.get("files", {}).items()]
        path = f"api/v1/agents/{agent_id}/submit"
        if files:
            data = {"data": json.dumps(made["data"])}
            reply = await self._call("POST", path, document["token"], data=data, files=files)
        else:
            reply = await self._call("POST", path, document["token"], json={"data": made["data"]})
        if reply.is_success:
            if document["phase"] == "work":
                self._tally.submitted += 1
                self._tally.acknowledged.append(agent_id)
            answer: dict[str, Any] = reply.json()
            return answer
        self._refused(reply)
        if reply.status_code == 422:
            raise RunError(f"simulated answers are refused: {reply.json().get('errors') or reply.text[:500]}")
        return None

    async def _made(self, agent_id: int, document: dict[str, Any]) -> dict[str, Any]:
        """What this worker answers: {"data", "files"}."""
        if document["phase"] == "finish":
            return {"data": {q["name"]: _filled(q) for q in document["form"]["questions"]}}
        row = await self._context.db.aread(lambda c: agents.get(c, agent_id))
        assert row is not None
        agent = await documents.view(self._context, row)
        made = dict(await self._context.hooks.blueprint_simulate(agent))
        right = self._quiz if row.unit is None else row.unit.assignment.answers
        if isinstance(right, dict) and isinstance(made["data"], dict):
            made["data"] = made["data"] | _sent(right, made["data"])
        return made

    async def _call(self, method: str, path: str, token: str | None, **body: Any) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        for delay in (0.2, 0.5, 1.0, 2.0):
            reply = await self._client.request(method, path, headers=headers, **body)
            if reply.status_code not in RETRY:
                return reply
            await asyncio.sleep(delay)
        return reply


def _onboarding_answers(context: RunContext) -> dict[str, Any]:
    """What is declared to be right of the run's onboarding; {} if that is a hook's matter."""
    options = context.config.gates.onboarding
    if options is None:
        return {}
    if options.answers is not None:
        return options.answers
    entry = next(iter(context.hooks.blueprint_gate_data("onboarding")), None)
    answers = entry.get(ANSWERS) if isinstance(entry, dict) else None
    return answers if isinstance(answers, dict) else {}


def _sent(right: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """The right answers in the shape in which a page sends them."""

    def shaped(name: str, value: Any) -> Any:
        if isinstance(value, list) and not isinstance(made.get(name), list):
            return value[0]  # any of these
        if isinstance(value, dict) and isinstance(made.get(name), dict):
            return made[name] | value
        return value

    return {name: shaped(name, value) for name, value in right.items()}


def _filled(question: dict[str, Any]) -> Any:
    """A valid answer to a question of the after-task form."""
    if question["type"] == "rating":
        return question["max"]
    if question["type"] == "choices":
        return question["options"][:1]
    return question["options"][0] if question["type"] == "choice" else "simulated"
