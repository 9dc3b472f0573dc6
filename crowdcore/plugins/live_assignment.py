"""What `blueprint_live` works with: the people and bots of one assignment, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crowdcore.state import Json
    from crowdcore.types import Agent, Assignment


@dataclass(frozen=True)
class Message:
    """One live message that came in: `id` is the sender's (a repeat is not delivered), `seat` counts from 0.

    `sender` is the seat's display name, `data` JSON, `at` seconds since the epoch.
    """

    id: str
    seat: int
    agent: Agent
    sender: str
    data: Json
    at: float


class LiveAssignment(Protocol):
    """What `blueprint_live` works with: the people and bots of one assignment, and what they say.

    Every call is stored before it is answered. After a crash `blueprint_live` runs again from its start and gets
    the same answers to the same calls, up to where it was: what else it depends on must come from here (`random`
    instead of the global one, no clock), and calls must not come from several tasks at once. Where a call differs
    from the stored one, `pairing.on_crash` decides.
    """

    @property
    def assignment(self) -> Assignment:
        """The assignment with its item; of a live onboarding `kind` is onboarding and `id` 0."""
        ...

    @property
    def conversation(self) -> int:
        """The id of this attempt at it."""
        ...

    @property
    def agents(self) -> tuple[Agent, ...]:
        """Who takes part, by seat, bots too; fewer than seats if it was launched reduced."""
        ...

    @property
    def seats(self) -> tuple[int, ...]:
        """The seats that are taken, in the order of `agents`."""
        ...

    @property
    def seed(self) -> int:
        """A number of this conversation: the same after a crash."""
        ...

    @property
    def random(self) -> Random:
        """Random numbers of this conversation: the same after a crash."""
        ...

    @property
    def replaying(self) -> bool:
        """Whether answers are still those from before a crash."""
        ...

    def name(self, seat: int) -> str:
        """The display name of a seat: its role, or Person 1, Person 2, …"""
        ...

    def is_bot(self, seat: int) -> bool:
        """Whether a stand-in has this seat."""
        ...

    async def receive(self, timeout: float | None = None, seat: int | None = None) -> Message:
        """The next message of anybody (or of one seat), in the order in which they came.

        TimeoutError after `timeout` seconds (0: what is there now); for one seat the time begins anew while it types,
        for five minutes more at most; `crowdcore.live.Left` once somebody is gone for good and the conversation is to
        end.
        """
        ...

    async def send(self, to: int | None, data: Json, *, sender: str | None = None, id: str | None = None) -> None:
        """Deliver `data` to one seat, or to all if `to` is None, in the name of `sender` (a display name).

        Without a sender the task itself speaks. `id` is the message's if one is passed on: the sender's page knows
        its own message by it. ValueError if there is no such seat, TypeError or ValueError if `data` is not JSON.
        """
        ...

    async def turn(self, seat: int | None) -> None:
        """Show everybody whose turn it is (None: nobody's, everybody may write); a bot speaks when it is its turn."""
        ...

    async def form(self, to: int | None, form: Json) -> None:
        """Ask one seat, or all, for structured answers: {"questions": [...]}; they come as a message's data."""
        ...

    async def context(self, to: int | None, context: Json) -> None:
        """Show one seat, or all, something (an object) beside the conversation; a later one replaces it."""
        ...

    async def replace(self, seat: int) -> None:
        """Let the first bot of `pairing.stand_in` take the seat of a person who does not act; the others go on.

        The person reads that they did not answer in time, and is paid nothing. Nothing happens if a bot has the seat
        already. ValueError if the task lists no bot; `crowdcore.live.Left` if none of them can take it.
        """
        ...

    async def save(self, data: Json) -> None:
        """Keep JSON with the conversation: for `AgentState.set_conversation` and exports."""
        ...
