"""The live part of a served run: who is connected, who sits where, and what falls due when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crowdcore.context import RunContext, Socket
    from crowdcore.store.agents import AgentRow


class Live:
    """Fulfils `crowdcore.context.LiveWork`."""

    def __init__(self, context: RunContext, *, onboarding: bool = False) -> None:
        self._context = context
        self.onboarding = onboarding

    def expect(self, agent_id: int) -> None:
        """This agent has just been made and waits: its connection is to come within the grace."""

    async def serve(self, agent_id: int, after: int, socket: Socket) -> None:
        """One accepted connection of an agent, from its start to its end; frames after `after` are sent again."""

    async def ended(self, row: AgentRow) -> None:
        """This agent (here as it was before) has just ended or submitted: seats and partners are to be told."""

    async def overdue(self, row: AgentRow) -> bool:
        """The agent's deadline has passed; True if that was dealt with here (it is not to be timed out)."""
        return False

    async def waiting(self, row: AgentRow) -> dict[str, Any]:
        """What a page tells somebody who waits."""
        pairing = self._context.config.pairing
        return {
            "seats": self._context.config.blueprint.units_per_assignment, "timeout": pairing.timeout,
            "then": pairing.on_timeout, "pay": str(pairing.waiting_pay), "currency": self._context.currency,
        }  # fmt: skip

    def nudge(self) -> None:
        """Units were launched or freed: look again whether people who wait can begin."""
