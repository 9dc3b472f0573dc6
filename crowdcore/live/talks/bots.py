"""A bot in a seat: asked for its next act when it is to speak, heard like anybody else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from crowdcore.errors import CrowdError
from crowdcore.plugins.bots import Act

if TYPE_CHECKING:
    from crowdcore.plugins.stand_ins import Failure, StandIns
    from crowdcore.state import Json
    from crowdcore.store.queries.agents import AgentRow
    from crowdcore.store.queries.journal import Said

log = logging.getLogger("crowdcore.live")


class Stage(Protocol):
    """The conversation, as its bots need it."""

    @property
    def item(self) -> Json:
        """The assignment's item."""

    def is_due(self, seat: int) -> bool | None:
        """In a conversation with turns: whether this seat is to act. None in one without."""

    @property
    def turns(self) -> int:
        """How often it was somebody's turn."""

    async def act(self, agent_id: int, id: str, data: Json, bot: Mapping[str, Any]) -> None:
        """A bot said something."""

    async def bot_changed(self, agent_id: int, bot: Mapping[str, Any]) -> None:
        """Another bot of the chain speaks from now on."""

    def bot_failed(self, agent_id: int, failure: Failure) -> None:
        """One bot of the chain failed."""

    def gone(self, seat: int, why: str) -> None:
        """Somebody is gone for good."""

    def thinks(self, seat: int) -> None:
        """A bot has been asked."""

    def listens(self) -> None:
        """Somebody may be due now, if the blueprint listens."""


class Actor:
    """The stand-in in one seat, named `me` to the others."""

    def __init__(self, stage: Stage, bots: StandIns, row: AgentRow, seat: int, me: str) -> None:
        self._stage = stage
        self._bots = bots
        self._agent_id = row.id
        self._seat = seat
        self.me = me
        about: dict[str, Any] = json.loads(row.bot or "{}")
        self._at = int(about.get("at") or 0)
        self.about = about
        """Who it is: what it says of itself, and its place `at` in `pairing.stand_in`."""
        self._acts: list[Act] = []
        self._spoke = 0
        self._unanswered = True  # at its start it may speak first
        self._turn = 0  # the last one for which it was asked
        self._asking: asyncio.Task[None] | None = None
        self._over = False

    def recall(self, past: Iterable[tuple[Sequence[dict[str, Any]], Sequence[Said]]], own: Sequence[Said]) -> None:
        """What was said so far: frames and own messages of everybody who had this seat, one after the other."""
        for frames, said in past:
            heard = [(f["at"], 0, Act(f["sender"] or "", f["data"])) for f in frames if self._is_others(f)]
            mine = [(s.at, 1, Act(self.me, s.data)) for s in said]
            self._acts += [act for _, _, act in sorted([*heard, *mine], key=lambda one: one[:2])]
        self._spoke = len(own)
        if own:
            self._unanswered = self._acts[-1].sender != self.me

    def hear(self, frame: dict[str, Any]) -> None:
        """A frame was delivered to the bot."""
        if self._is_others(frame):
            self._acts.append(Act(frame["sender"] or "", frame["data"]))
            self._unanswered = True

    def _is_others(self, frame: dict[str, Any]) -> bool:
        return bool(frame["type"] == "message" and frame["sender"] != self.me)

    def consider(self) -> None:
        """The blueprint listens: speak, if it is time to."""
        if self._over or self._asking is not None:
            return
        due = self._stage.is_due(self._seat)
        if self._unanswered if due is None else due and self._turn < self._stage.turns:
            self._turn, self._unanswered = self._stage.turns, False
            self._asking = asyncio.create_task(self._ask())

    def end(self) -> None:
        """The conversation is over."""
        self._over = True
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        stage = self._stage
        stage.thinks(self._seat)
        try:
            data, at = await self._bots.act(
                stage.item, list(self._acts), self.me, self._at, lambda f: stage.bot_failed(self._agent_id, f)
            )
            if at != self._at:
                self._at, self.about = at, {**self._bots.about(at), "at": at}
                await stage.bot_changed(self._agent_id, self.about)
            if data is not None:
                self._spoke += 1
                self._acts.append(Act(self.me, data))
                await stage.act(self._agent_id, f"bot-{self._seat}-{self._spoke}", data, self.about)
        except Exception as error:
            fault = None if isinstance(error, CrowdError) else error
            log.error("%s (%s, seat %d)", error, self.me, self._seat, exc_info=fault)
            stage.gone(self._seat, "stand_in_failed")
        finally:
            self._asking = None
        stage.listens()
