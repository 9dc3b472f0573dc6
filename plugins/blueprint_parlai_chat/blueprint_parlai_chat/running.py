"""One conversation from start to end, on the thread that it has for itself."""

from __future__ import annotations

import copy
import ctypes
import logging
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blueprint_parlai_chat.agents import Talk, WorldOver
from blueprint_parlai_chat.randomness import drawing_from
from blueprint_parlai_chat.state import ONBOARDING
from blueprint_parlai_chat.worldfile import WorldFailed, WorldFile
from blueprint_parlai_chat.worlds import AbsentAgentError
from crowdcore.live import Ended
from crowdcore.state import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

    from crowdcore.live import Blocking

_IDLE = 0.01
"""Seconds between two parleys in which nothing was asked and nothing said."""


class Conversations:
    """The worlds that run in this process, each with the thread it runs on."""

    def __init__(self, file: WorldFile, log: logging.LoggerAdapter[Any]) -> None:
        self._file = file
        self._log = log
        self._threads: dict[int, threading.Thread] = {}

    def run(self, game: Blocking, opt: dict[str, Any], *, use_turns: bool, most: int) -> None:
        """Make the world of a conversation (or of an onboarding) and let it run to its end.

        Raises Left or Ended as the runtime did, where the world did not catch what came of it; WorldFailed.
        """
        talk = Talk(game, use_turns=use_turns, most=most)
        onboarding = game.assignment.kind == "onboarding"
        item = game.assignment.item if isinstance(game.assignment.item, dict) else {}
        row = {name: value for name, value in item.items() if name != ONBOARDING}
        given = _opt({**copy.deepcopy(opt), "seed": game.seed, "agent_count": len(talk.agents)})
        self._threads[game.conversation] = threading.current_thread()
        try:
            with drawing_from(game.random):
                if onboarding:
                    world = self._file.make_onboarding(given, talk.agents[0], row)
                else:
                    world = self._file.make(given, list(talk.agents), row)
                self._to_its_end(world, talk)
        except AbsentAgentError as absent:
            raise getattr(absent, "ends", None) or WorldFailed(str(absent)) from absent
        except WorldOver:
            raise Ended from None
        finally:
            self._threads.pop(game.conversation, None)

    def _to_its_end(self, world: Any, talk: Talk) -> None:
        faults, ended = self._file.faults, False
        try:
            while not self._is_done(world):
                before = talk.calls
                with faults("parley"):
                    world.parley()
                if talk.calls == before and not talk.game.replaying:
                    time.sleep(_IDLE)
            ended = True
        finally:
            kept = _quietly if not ended else _plainly
            kept(lambda: self._shut_down(world))
            kept(lambda: self._save(world, talk))

    def _is_done(self, world: Any) -> bool:
        with self._file.faults("episode_done"):
            return bool(world.episode_done())

    def _shut_down(self, world: Any) -> None:
        with self._file.faults("shutdown"):
            world.shutdown()

    def _save(self, world: Any, talk: Talk) -> None:
        """Keep what the world collected, for each agent its own, and which messages came from stand-ins."""
        prepare, custom = getattr(world, "prep_save_data", None), getattr(world, "get_custom_task_data", None)
        kept: dict[str, Any] = {}
        for agent in talk.agents:
            with self._file.faults("prep_save_data"):
                kept[agent.name] = prepare([agent]) if prepare else custom() if custom else None
        try:
            canonical(kept)
        except (TypeError, ValueError, RecursionError) as error:
            raise WorldFailed(f"{self._file.path.name}: prep_save_data gave what is not JSON: {error}") from None
        talk.game.save({"world": kept, "bots": talk.by_bots})

    def stop(self, conversation: int, patience: float = 1.0) -> None:
        """After the end: what still runs is told to the operator, with its line, and stopped where Python lets us."""
        thread = self._threads.get(conversation)
        if thread is None:
            return
        thread.join(patience)
        if not thread.is_alive() or thread.ident is None:
            return
        self._log.error("conversation %d: %s still runs after its end; it is stopped", conversation, self._line(thread))
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(WorldOver))

    def _line(self, thread: threading.Thread) -> str:
        frame = sys._current_frames().get(thread.ident or 0)
        while frame is not None:
            if frame.f_code.co_filename == str(self._file.path):
                return f"{self._file.path.name}:{frame.f_lineno}"
            frame = frame.f_back
        return self._file.path.name


def _opt(values: dict[str, Any]) -> Any:
    """The world's `opt`: ParlAI's own kind of dict where the world uses ParlAI."""
    theirs = sys.modules.get("parlai.core.opt")
    return values if theirs is None else theirs.Opt(values)


def _plainly(do: Callable[[], None]) -> None:
    do()


def _quietly(do: Callable[[], None]) -> None:
    """After a failure the first error is the one to tell."""
    with suppress(Exception):
        do()
