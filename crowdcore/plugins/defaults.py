"""The core's own answers to owner hooks: those of a single-worker task and a provider without a platform.

Registered first, so asked last. What has no sensible default (task data, the page, live work, deploying)
is missing here, and the run says which plugin should have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore.errors import RequestError, RunError
from crowdcore.plugins.gate_data import read_entries
from crowdcore.plugins.markers import hookimpl
from crowdcore.plugins.render import as_html, as_text
from crowdcore.state import AgentState
from crowdcore.types import (
    Completion,
    Identity,
    LaunchReduced,
    PairingDecision,
    Release,
    Requeue,
    StandIn,
    Wait,
)

if TYPE_CHECKING:
    from crowdcore.plugins.run import Run
    from crowdcore.plugins.schema import PairingConfig
    from crowdcore.types import Agent, Assignment, Worker


class CoreDefaults:
    """One default per owner hook that has one."""

    @hookimpl(nonblocking=True)
    def blueprint_assignment_data(self, assignment: Assignment) -> Any:
        """The item stored at launch."""
        return assignment.item

    @hookimpl
    def blueprint_gate_data(self, run: Run, gate: str) -> Iterator[Any]:
        """The entries of the file that `gates.GATE.data` names."""
        options = getattr(run.config.gates, gate)
        return read_entries(options.data, f"gates.{gate}.data") if isinstance(options.data, Path) else iter(())

    @hookimpl(nonblocking=True)
    def blueprint_frontend(self) -> dict[str, Any]:
        """No options."""
        return {}

    @hookimpl(nonblocking=True)
    def agent_state(self) -> type[AgentState]:
        """What was submitted is the result."""
        return AgentState

    @hookimpl(nonblocking=True)
    def blueprint_call(self, procedure: str) -> Any:
        """There are no procedures."""
        raise RequestError(404, "unknown_procedure", f"This task has no procedure {procedure!r}.")

    @hookimpl(nonblocking=True)
    def blueprint_cleanup(self) -> None:
        """Nothing to free."""

    @hookimpl
    def blueprint_render(self, agent: Agent, format: str) -> str:
        """The parsed data as nested lists of names and values."""
        data = agent.state.get_parsed_data()
        return as_html(data) if format == "html" else as_text(data)

    @hookimpl(nonblocking=True)
    def provider_register(self) -> None:
        """No account is needed."""

    @hookimpl(nonblocking=True)
    def provider_check(self) -> list[str]:
        """Nothing can be wrong."""
        return []

    @hookimpl(nonblocking=True)
    def provider_setup(self) -> None:
        """Nothing to prepare."""

    @hookimpl(nonblocking=True)
    def provider_launch(self) -> None:
        """People come by the link."""

    @hookimpl(nonblocking=True)
    def provider_identify(self, params: dict[str, str]) -> Identity:
        """The parameters `worker_id` and `assignment_id`; without the first, a preview."""
        return Identity(params.get("worker_id") or None, params.get("assignment_id") or None, params)

    @hookimpl(nonblocking=True)
    def provider_complete(self) -> Completion:
        """A page that says thanks."""
        return Completion()

    @hookimpl(nonblocking=True)
    def provider_page(self, run: Run) -> dict[str, Any]:
        """The provider's name."""
        return {"name": run.config.provider.type}

    @hookimpl(nonblocking=True)
    def provider_sync(self) -> None:
        """Nothing to fetch."""

    @hookimpl(nonblocking=True)
    def provider_pending(self) -> int:
        """Nobody holds visits but the core."""
        return 0

    @hookimpl(nonblocking=True)
    def provider_extend(self) -> None:
        """Places are not limited."""

    @hookimpl(nonblocking=True)
    def provider_expire(self) -> float:
        """Work stops being offered at once."""
        return 0.0

    @hookimpl(nonblocking=True)
    def provider_approve(self) -> None:
        """The core's own record is all there is."""

    @hookimpl(nonblocking=True)
    def provider_reject(self) -> None:
        """The core's own record is all there is."""

    @hookimpl(nonblocking=True)
    def provider_pay(self, run: Run) -> str:
        """Refuse: money is owed until somebody pays it elsewhere."""
        raise RunError(f"provider {run.config.provider.type!r} pays nobody itself; what is owed stays on the books")

    @hookimpl(nonblocking=True)
    def provider_block(self) -> None:
        """The core's own block is all there is."""

    @hookimpl(nonblocking=True)
    def provider_unblock(self) -> None:
        """The core's own block is all there is."""

    @hookimpl(nonblocking=True)
    def provider_is_blocked(self, worker: Worker) -> bool:
        """No platform blocks anybody."""
        return False

    @hookimpl(nonblocking=True)
    def provider_qualify(self) -> None:
        """The core's own grant is all there is."""

    @hookimpl(nonblocking=True)
    def provider_unqualify(self) -> None:
        """The core's own grant is all there is."""

    @hookimpl(nonblocking=True)
    def provider_message(self, run: Run) -> None:
        """Refuse: there is no way to reach anybody."""
        raise RunError(f"provider {run.config.provider.type!r} cannot send messages")

    @hookimpl(nonblocking=True)
    def provider_balance(self) -> Decimal | None:
        """There is no account."""
        return None

    @hookimpl(nonblocking=True)
    def provider_cleanup(self) -> None:
        """Nothing to remove."""

    @hookimpl(nonblocking=True)
    def architect_status(self) -> str:
        """Nobody looked."""
        return "unknown"

    @hookimpl(nonblocking=True)
    def architect_shutdown(self) -> None:
        """Nothing to take down."""

    @hookimpl(nonblocking=True)
    def pairing_timeout(self, run: Run) -> PairingDecision:
        """What the `pairing:` configuration says."""
        return pairing_by_config(run.config.pairing)


def pairing_by_config(pairing: PairingConfig) -> PairingDecision:
    """What `pairing.on_timeout` says."""
    if pairing.on_timeout == "launch_reduced":
        return LaunchReduced()
    if pairing.on_timeout == "stand_in" and pairing.stand_in:
        return StandIn(pairing.stand_in[0].type)
    if pairing.on_timeout == "requeue":
        return Requeue()
    if pairing.on_timeout == "wait":
        return Wait(pairing.timeout)
    return Release(pairing.waiting_pay)
