"""Architect, decision, listener and contribution hooks, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from crowdcore.base.faults import shown
from crowdcore.plugins.checks import HOOKS
from crowdcore.plugins.hooks.callers import Result, log
from crowdcore.plugins.hooks.typed import TypedCallers
from crowdcore.types import LaunchReduced, PairingDecision, Refusal, Release, Requeue, StandIn, Wait

if TYPE_CHECKING:
    from crowdcore.types import (
        Agent,
        AgentEnded,
        Assignment,
        RunFinished,
        RunLaunched,
        Unit,
        UnitLaunched,
        UnitReviewed,
        UnitSubmitted,
        Worker,
    )

NEUTRAL = "You can't do this piece of work."
"""What a worker reads when a hook refuses without saying why."""


class Contributed(NamedTuple):
    """A route or gate and the plugin that added it (`crowdcore.facade.Run` of that plugin goes with it)."""

    plugin: str
    item: Any


class OtherHooks(TypedCallers):
    """Where the server runs; who may do what; what happened; what extensions add."""

    async def architect_deploy(self, app: Any) -> str:
        """Serve `app`; the public URL, once it answers."""
        return await self._want("architect_deploy", str, app=app)

    async def architect_status(self) -> str:
        """ "up", "down" or "unknown"."""
        return await self._want("architect_status", str)

    async def architect_shutdown(self) -> None:
        """Take down what `architect_deploy` put up."""
        await self._tell("architect_shutdown")

    async def worker_can_do_unit(self, worker: Worker, unit: Unit) -> Refusal | None:
        """The first refusal of any plugin, or None; all are asked, and one that raised refuses.

        HookFailed when busy or overrun: then nothing was decided.
        """
        refusals = [_refusal(r) for r in await self._ask("worker_can_do_unit", worker=worker, unit=unit)]
        return next((refusal for refusal in refusals if refusal), None)

    async def validate_onboarding(self, agent: Agent) -> bool | None:
        """False if any plugin says so, else True if any does, else None: no opinion.

        HookFailed if one raised and none said no: an author's mistake is not the worker's.
        """
        return _verdict(await self._ask("validate_onboarding", agent=agent))

    async def validate_screening(self, agent: Agent) -> bool | None:
        """As `validate_onboarding`, for a screening agent."""
        return _verdict(await self._ask("validate_screening", agent=agent))

    async def validate_gold(self, agent: Agent) -> bool | None:
        """As `validate_onboarding`, for a gold item."""
        return _verdict(await self._ask("validate_gold", agent=agent))

    async def pairing_timeout(self, assignment: Assignment, waiting: list[Agent]) -> PairingDecision:
        """What to do when partners did not come in time."""
        answer = await self._owner("pairing_timeout", assignment=assignment, waiting=waiting)
        if isinstance(answer, Wait | StandIn | LaunchReduced | Release | Requeue):
            return answer
        raise self._wrong("pairing_timeout", answer)

    async def listen(self, hook: str, event: Any) -> None:
        """Tell all listeners of `hook` of a committed event, one after the other; never raises for them."""
        await self._listen(hook, event)

    async def on_run_launched(self, event: RunLaunched) -> None:
        """The run serves pages."""
        await self._listen("on_run_launched", event)

    async def on_unit_launched(self, event: UnitLaunched) -> None:
        """A slice of units became available."""
        await self._listen("on_unit_launched", event)

    async def on_unit_submitted(self, event: UnitSubmitted) -> None:
        """A submission is stored."""
        await self._listen("on_unit_submitted", event)

    async def on_unit_reviewed(self, event: UnitReviewed) -> None:
        """A unit was decided."""
        await self._listen("on_unit_reviewed", event)

    async def on_agent_ended(self, event: AgentEnded) -> None:
        """An agent ended without a submission."""
        await self._listen("on_agent_ended", event)

    async def on_run_finished(self, event: RunFinished) -> None:
        """The run ended."""
        await self._listen("on_run_finished", event)

    async def register_routes(self) -> list[Contributed]:
        """Routes of all plugins, hooks.py's first."""
        return self._items("register_routes", await self._contributions("register_routes"))

    async def register_gates(self) -> list[Contributed]:
        """Gate steps of all plugins, hooks.py's first."""
        return self._items("register_gates", await self._contributions("register_gates"))

    def _items(self, hook: str, results: list[Result]) -> list[Contributed]:
        for source, value, _ in results:
            if not isinstance(value, list | tuple):
                raise self._wrong(hook, value, source)
        return [Contributed(source.plugin, item) for source, value, _ in results for item in value]


def _refusal(result: Result) -> Refusal | None:
    if result.error is not None:
        return Refusal(NEUTRAL)
    if isinstance(result.value, Refusal):
        return result.value
    return None if result.value is None or _truth(result) else Refusal(NEUTRAL)


def _verdict(results: list[Result]) -> bool | None:
    answers = [_truth(r) for r in results if not r.error and r.value is not None]
    if all(answers):
        for failure in (r.error for r in results if r.error):
            raise failure
    return all(answers) if answers else None


def _truth(result: Result) -> bool:
    """A yes or no; anything else is reported and counts as no."""
    value = result.value
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):  # numpy's is no bool
        return bool(value)
    source = result.source
    log.error("%s of %s answered %s; the hook wants %s", source.hook, source.label, shown(value),
              HOOKS[source.hook].answer)  # fmt: skip
    return False
