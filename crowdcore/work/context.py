"""What the parts of one served run share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crowdcore.work.addresses import Addresses
from crowdcore.work.gates import Gates
from crowdcore.work.match import Positions
from crowdcore.work.tips import Tips
from crowdcore.work.url_params import Kept

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.config import RunConfig
    from crowdcore.plugins import RunPlugins
    from crowdcore.plugins.hooks import Contributed, Hooks
    from crowdcore.plugins.run import Run
    from crowdcore.plugins.stand_ins import StandIns
    from crowdcore.state import AgentState
    from crowdcore.store import Database, FileStore
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.units import Free
    from crowdcore.types import Refusal, Worker
    from crowdcore.work.service_clock import ServiceClock


async def _nothing_more() -> bool:
    return False


class Socket(Protocol):
    """One accepted live connection. Texts are frames (JSON)."""

    async def receive(self) -> str | bytes | None:
        """The next frame, bytes if it was a binary one; None when the connection is closed."""

    async def send(self, text: str) -> None:
        """Send one frame; a closed connection swallows it."""

    async def answers(self) -> bool:
        """Whether somebody is still there: a network that is gone closes nothing."""

    async def close(self, code: int, reason: str = "") -> None:
        """Close the connection (`code`: 1000, or 4000 + an HTTP status)."""


class LiveWork(Protocol):
    """The live part of a run, as the rest of a run needs it."""

    @property
    def onboarding(self) -> bool:
        """Whether onboarding is a conversation too."""

    @property
    def lingering(self) -> int:
        """Conversations that are over and whose blueprints do not end: they still take their places."""

    async def offer(self, worker: Worker) -> tuple[list[Free], Refusal | None]:
        """A seat that every plugin lets this worker take (it is not taken yet), or the last refusal."""

    def expect(self, agent_id: int) -> None:
        """This agent has just been made and waits: its connection is to come within the grace."""

    async def serve(self, agent_id: int, after: int, socket: Socket) -> None:
        """One accepted connection of an agent, from its start to its end; frames after `after` are sent again."""

    async def close(self) -> None:
        """The process ends: what goes on is taken up by the next one."""

    async def unseat(self, agent_id: int) -> None:
        """The agent gives its seat up, if it waits in one."""

    async def ended(self, row: AgentRow, reason: str, note: str | None = None) -> None:
        """This agent (here as it was before) has just ended for `reason`: its page and partners are to be told."""

    async def submitted(self, row: AgentRow) -> None:
        """This agent (here as it was before) has just submitted: its page is to be told."""

    async def overdue(self, row: AgentRow) -> bool:
        """The agent's deadline has passed; True if that was dealt with here (it is not to be timed out)."""

    async def waiting(self, row: AgentRow) -> dict[str, Any]:
        """What a page tells somebody who waits: {"seats", "timeout", "then", "pay", "currency", …}."""

    def nudge(self) -> None:
        """Units were launched or freed: look again whether people who wait can begin."""


@dataclass
class RunContext:
    """One served run: its database row, configuration, hooks and clocks.

    `accepting` turns False when no new work is handed out, `draining` True when that is for good.
    `strangers`: anybody may say who they are.
    `more_units` asks the launcher for units and says whether it may be worth looking again. `live` is None
    where people work alone, `stand_ins` where nothing is served. `delivers` are the kinds of outbox rows its
    provider sends.
    """

    db: Database
    run_id: int
    task_id: int
    name: str
    config: RunConfig
    hooks: Hooks
    clock: Clock
    service: ServiceClock
    files: FileStore
    folder: Path
    provider: str
    currency: str
    state_class: type[AgentState]
    frontend: dict[str, Any] = field(default_factory=dict)
    provider_page: dict[str, Any] = field(default_factory=dict)
    facade_for: Callable[[str], Run] = field(kw_only=True)
    extra_gates: list[Contributed] = field(default_factory=list)
    gates: Gates = field(default_factory=Gates)
    tips: Tips = field(default_factory=Tips)
    delivers: frozenset[str] = frozenset()
    positions: Positions = field(default_factory=Positions)
    accepting: bool = True
    draining: bool = False
    strangers: bool = False
    addresses: Addresses = field(default_factory=Addresses)
    more_units: Callable[[], Awaitable[bool | None]] = _nothing_more
    kept: Kept = field(default_factory=Kept)
    live: LiveWork | None = None
    stand_ins: StandIns | None = None

    @property
    def pay_micros(self) -> int:
        """What one unit pays, in millionths of the currency."""
        return int(self.config.task.reward * Decimal(1_000_000))


def provider_says(plugins: RunPlugins, attribute: str, default: Any) -> Any:
    """A class attribute of the run's provider: `delivers`, `spends`."""
    return getattr(plugins.registered[f"provider:{plugins.config.provider.type}"].instance, attribute, default)


def blueprint_says(plugins: RunPlugins, attribute: str, default: Any) -> Any:
    """A class attribute of the run's blueprint, or a property that asks its options: `live_onboarding`."""
    return getattr(plugins.registered[f"blueprint:{plugins.config.blueprint.type}"].instance, attribute, default)
