"""What becomes of onboarding, screening and gold work once it is submitted."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crowdcore.errors import CrowdError, HookFailed, RequestError
from crowdcore.plugins.state_code import StateCode
from crowdcore.store.queries import known_items, qualifications, reviews
from crowdcore.work.gates.answers import matches

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.plugins.hooks import Hooks
    from crowdcore.plugins.schema import GoldConfig
    from crowdcore.store import Conn
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.types import Agent
    from crowdcore.work.gates.setup import Gates

log = logging.getLogger("crowdcore.gates")
JUDGED = ("onboarding", "screening", "gold")


@dataclass
class Judgement:
    """`passed` is None if nobody could tell. `granted` are the grants that followed: {name: value}."""

    passed: bool | None
    granted: dict[str, int] = field(default_factory=dict)


async def judge(hooks: Hooks, config: RunConfig, gates: Gates, agent: Agent, size: int = 0) -> Judgement:
    """Ask the hook of the agent's kind, then the declared answers. `size`: bytes of its data as JSON.

    A hook that raises or takes too long judges nothing: the operator is told, and the worker is neither let
    through nor turned away for it. RequestError busy if there was no room for the call.
    """
    hook = f"validate_{agent.kind}"
    said: bool | None = None
    try:
        if hooks.has(hook):
            said = await getattr(hooks, hook)(agent)
        expected = declared(config, gates, agent)
        if said is None and expected is not None:
            said = await _matches(hooks, agent, expected, size)
        if said is None:
            _unjudged(config, agent, f"{hook} has no opinion, and no answers are declared")
    except HookFailed as failure:
        if failure.reason == "busy":
            raise RequestError(503, "busy", "Many people come at once. Please try again in a moment.") from None
        _unjudged(config, agent, str(failure))
    except CrowdError as error:
        _unjudged(config, agent, str(error))
    return Judgement(said)


async def _matches(hooks: Hooks, agent: Agent, expected: dict[str, Any], size: int) -> bool:
    code = StateCode(hooks, type(agent.state), agent.id)

    def compare() -> bool:
        with code.method("get_parsed_data"):
            return matches(expected, agent.state.get_parsed_data())

    return await code.run(compare, size)


def _unjudged(config: RunConfig, agent: Agent, why: str) -> None:
    """Tell the operator, and how a person judges in place of the task's code."""
    name = getattr(config.gates, agent.kind).qualification
    log.error(
        "worker %s, %s, agent %d was not judged: %s; judge it yourself: crowd worker grant %s %s 1 (or 0)",
        agent.worker.name, agent.kind, agent.id, why, agent.worker.name, name,
    )  # fmt: skip


def declared(config: RunConfig, gates: Gates, agent: Agent) -> dict[str, Any] | None:
    """The answers that are known to be right of this work, if they were declared."""
    if agent.kind == "onboarding":
        item, options = gates.onboarding, config.gates.onboarding
        return (options.answers if options else None) or (item.answers if item else None)
    answers = None if agent.unit is None else agent.unit.assignment.answers
    return answers if isinstance(answers, dict) else None


def apply(conn: Conn, config: RunConfig, row: AgentRow, judgement: Judgement, now: float) -> None:
    """In the transaction of the submission: grant or deny, and what follows from that."""
    if judgement.passed is None:
        return
    granted: dict[str, int] = {}
    gates = config.gates
    if row.kind == "onboarding" and gates.onboarding is not None:
        name = gates.onboarding.qualification
        if judgement.passed:
            granted[name] = 1
        else:
            failed = qualifications.add(conn, row.worker.id, f"{name}.failed", now)
            granted |= {f"{name}.failed": failed} | ({name: 0} if failed >= gates.onboarding.attempts else {})
    elif row.kind == "screening" and gates.screening is not None:
        granted[gates.screening.qualification] = int(judgement.passed)
    elif row.kind == "gold" and gates.gold is not None:
        granted = _gold(conn, gates.gold, row, judgement.passed, now)
    for name, value in granted.items():
        qualifications.grant(conn, row.worker.id, name, value, now)
    judgement.granted = granted


def _gold(conn: Conn, options: GoldConfig, row: AgentRow, passed: bool, now: float) -> dict[str, int]:
    name = options.qualification
    word = f"{name}.{'correct' if passed else 'incorrect'}"
    count = qualifications.add(conn, row.worker.id, word, now)
    granted = {word: count}
    standing = qualifications.of_worker(conn, row.worker.id).get(name)
    if passed and standing is None and count >= options.min_correct:
        granted[name] = 1
    if not passed and options.max_incorrect is not None and count > options.max_incorrect:
        granted[name] = 0
        if options.on_fail == "soft_reject":
            _soft_reject(conn, row, now)
    return granted


def _soft_reject(conn: Conn, row: AgentRow, now: float) -> None:
    """What came since the last gold they got right is paid, but not used."""
    note = "a gold was answered wrong after this"
    for unit_id in known_items.completed_since_pass(conn, row.run_id, row.worker.id):
        reviews.decide(conn, unit_id, "soft_rejected", now, actor="service", note=note)
