"""Architect, decision, listener and contribution hooks, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from crowdcore.base.faults import shown
from crowdcore.errors import HookFailed
from crowdcore.plugins.checks import HOOKS
from crowdcore.plugins.hooks.callers import Result, report
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

_SERVER: tuple[Literal["up", "down", "unknown"], ...] = ("up", "down", "unknown")
NEUTRAL = "You can't do this piece of work."
"""What a worker reads when a hook refuses without saying why."""


CLOSE = 10.0
"""Seconds that each plugin may take to close what it holds."""


class Contributed(NamedTuple):
    """What a plugin added: the plugin's name (its `crowdcore.facade.Run` goes with it), and how messages call it."""

    plugin: str
    item: Any
    author: str


class OtherHooks(TypedCallers):
    """Where the server runs; who may do what; what happened; what extensions add."""

    async def architect_deploy(self, app: Any) -> str:
        """Serve `app`; the public URL, once it answers."""
        return await self._want("architect_deploy", str, app=app)

    async def architect_status(self) -> Literal["up", "down", "unknown"]:
        """ "up", "down" or "unknown"."""
        word = await self._want("architect_status", str)
        for known in _SERVER:
            if word == known:
                return known
        raise self._wrong("architect_status", word)

    async def architect_shutdown(self) -> None:
        """Take down what `architect_deploy` put up."""
        await self._tell("architect_shutdown")

    async def worker_can_do_unit(self, worker: Worker, unit: Unit) -> Refusal | None:
        """The first refusal of any plugin, or None; all are asked.

        HookFailed if nobody refused and one raised, overran, was busy or answered what is no decision: then nothing
        was decided, and the operator was told.
        """
        results = await self._decided("worker_can_do_unit", worker=worker, unit=unit)
        refusals = [r.value if isinstance(r.value, Refusal) else Refusal(NEUTRAL) for r in results
                    if r.error is None and r.value not in (None, True)]  # fmt: skip
        if not refusals:
            _fail(results)
        return next(iter(refusals), None)

    async def validate_onboarding(self, agent: Agent) -> bool | None:
        """False if any plugin says so, else True if any does, else None: no opinion.

        HookFailed if one raised, or answered what is neither, and none said no: an author's mistake is not the
        worker's.
        """
        return _verdict(await self._decided("validate_onboarding", agent=agent))

    async def validate_screening(self, agent: Agent) -> bool | None:
        """As `validate_onboarding`, for a screening agent."""
        return _verdict(await self._decided("validate_screening", agent=agent))

    async def validate_gold(self, agent: Agent) -> bool | None:
        """As `validate_onboarding`, for a gold item."""
        return _verdict(await self._decided("validate_gold", agent=agent))

    async def _decided(self, hook: str, **given: Any) -> list[Result]:
        """What every plugin decided: True, False, None, or a Refusal where the hook may refuse; else its failure."""
        return [_decision(result, given) for result in await self._ask(hook, **given)]

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

    async def register_admin_pages(self) -> list[Contributed]:
        """Requester's pages of all plugins, hooks.py's first."""
        return self._items("register_admin_pages", await self._contributions("register_admin_pages"))

    async def register_admin_routes(self) -> list[Contributed]:
        """Routes on the requester's origin of all plugins, hooks.py's first."""
        return self._items("register_admin_routes", await self._contributions("register_admin_routes"))

    async def register_metrics(self) -> list[Contributed]:
        """Collectors of all plugins, hooks.py's first."""
        return self._items("register_metrics", await self._contributions("register_metrics"))

    async def plugin_close(self) -> None:
        """Every plugin frees what it holds, once."""
        if not self._is_closed:
            self._is_closed = True
            await self._close("plugin_close", CLOSE)

    _is_closed = False

    def _items(self, hook: str, results: list[Result]) -> list[Contributed]:
        for source, value, _ in results:
            if not isinstance(value, list | tuple):
                raise self._wrong(hook, value, source)
        return [Contributed(source.plugin, item, source.author) for source, value, _ in results for item in value]


def _decision(result: Result, given: dict[str, Any]) -> Result:
    """The result, if it is a decision; anything else is reported, and fails as if the hook had raised."""
    source, value, error = result
    if error is not None or value is None:
        return result
    if isinstance(value, bool) or type(value).__name__ == "bool_":  # numpy's is no bool
        return Result(source, bool(value), None)
    answer = HOOKS[source.hook].answer
    if "Refusal" in answer and isinstance(value, Refusal) and isinstance(value.text, str):
        return result
    detail = f"answered {shown(value)}, which decides nothing; the hook wants {answer}"
    failure = HookFailed(source.author, source.hook, "error", detail)
    report(failure, given)
    return Result(source, None, failure)


def _verdict(results: list[Result]) -> bool | None:
    answers = [r.value for r in results if r.value is not None]
    if all(answers):
        _fail(results)
    return all(answers) if answers else None


def _fail(results: list[Result]) -> None:
    """Raise the first failure, if there is one."""
    for result in results:
        if result.error is not None:
            raise result.error
