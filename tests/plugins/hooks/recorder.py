"""A plugin that implements every hook of work that people do alone: it notes the call and changes nothing."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from crowdcore import Refusal, hookimpl
from crowdcore.plugins.checks import HOOKS
from crowdcore.testing.patience import PATIENCE

TOGETHER = ("blueprint_live", "blueprint_cleanup", "pairing_timeout")
"""Who implements the first of these makes a task one that people do together."""


class Recorder:
    """`calls` are owner, decision and contribution hooks, `told` listeners, each in the order of their calls.

    Listeners are told after the commit, on a thread of their own, so the two lists have no common order.
    Worker "refused" may do nothing; an empty text is no answer.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.told: list[str] = []
        self._changed = threading.Condition()
        self.plugin = SimpleNamespace()
        for name, spec in HOOKS.items():
            if name not in TOGETHER:
                setattr(self.plugin, name, self._implementation(name, spec.kind))
        self.plugin.worker_can_do_unit = self._worker_can_do_unit()
        self.plugin.blueprint_validate = self._blueprint_validate()

    def note(self, name: str, about: str = "") -> None:
        """One more call."""
        with self._changed:
            (self.told if name.startswith("on_") else self.calls).append(f"{name} {about}".rstrip())
            self._changed.notify_all()

    def wait_until_told(self, line: str) -> None:
        """Until a listener was told of this."""
        with self._changed:
            assert self._changed.wait_for(lambda: line in self.told, PATIENCE), f"never told of {line}: {self.told}"

    def wait_until_called(self, line: str, times: int = 1, *, or_else: str = "") -> None:
        """Until a hook was called so often, or another one at all."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.calls.count(line) >= times or or_else in self.calls, PATIENCE), (
                f"{line} was not called {times} times: {self.calls}"
            )

    def _implementation(self, name: str, kind: str) -> Any:
        def owner(inner: Any) -> Any:
            self.note(name)
            return inner()

        def decision() -> None:
            self.note(name)

        def listener(event: Any) -> None:
            self.note(name, _about(event))

        def contribution() -> list[Any]:
            self.note(name)
            return []

        functions: dict[str, Any] = {
            "owner": owner, "decision": decision, "listener": listener,
            "contribution": contribution, "closing": decision,
        }  # fmt: skip
        function = functions[kind]
        function.__name__ = name
        return hookimpl(function)

    def _worker_can_do_unit(self) -> Any:
        @hookimpl
        def worker_can_do_unit(worker: Any, unit: Any) -> Refusal | None:
            self.note("worker_can_do_unit", worker.name)
            return Refusal("You wrote these texts yourself.") if worker.name == "refused" else None

        return worker_can_do_unit

    def _blueprint_validate(self) -> Any:
        @hookimpl
        def blueprint_validate(agent: Any, data: Any) -> dict[str, list[str]]:
            self.note("blueprint_validate", agent.worker.name)
            return {} if data["text"] else {"text": ["Please write something."]}

        return blueprint_validate


def _about(event: Any) -> str:
    agent = getattr(event, "agent", None)
    words = [getattr(event, "status", ""), getattr(event, "reason", ""), "" if agent is None else agent.worker.name]
    return " ".join(word for word in words if word)
