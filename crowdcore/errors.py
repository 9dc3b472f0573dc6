"""Every error that a person is expected to read.

CrowdError                 anything expected: one line, no stack trace
├── ConfigError            task.yaml, a data file, hooks.py, an option: exit 2
├── PluginError            a plugin is missing, broken, clashing or answered nonsense: exit 2
├── StoreError             the database or the data directory: exit 2
│   └── StoreBusy          the same call may go through later
│       └── LeadLost       not from this process: another one leads the run now
├── RunError               a run that cannot do what was asked: exit 2
├── HookFailed             a hook raised or overran; carries plugin and hook: exit 1
└── RequestError           what a worker's page is told; carries an HTTP status and a code
"""

from __future__ import annotations

from typing import Any, Self


class CrowdError(Exception):
    """An expected error: `problems` are lines, each saying what, where and what to do next."""

    exit_code = 2

    def __init__(self, message: str, *, problems: list[str] | None = None) -> None:
        super().__init__(message)
        self.problems: list[str] = problems if problems is not None else [message]

    @classmethod
    def many(cls, problems: list[str]) -> Self:
        """One error that reports all of `problems` (at least one line)."""
        return cls("\n".join(problems), problems=problems)


class ConfigError(CrowdError):
    """The user's configuration, data or hooks file is wrong."""


class PluginError(CrowdError):
    """A plugin is missing, broken, claimed twice, or answered what it may not."""


class StoreError(CrowdError):
    """The database or the data directory cannot be used."""


class StoreBusy(StoreError):
    """The database stayed locked longer than the busy timeout; the same call may go through later."""


class LeadLost(StoreBusy):
    """Another process leads the run now: nothing of this one's is stored any more. Workers find the other one."""


class RunError(CrowdError):
    """A run that does not exist, is led by another process, or cannot move as asked."""


def whose(plugin: str) -> str:
    """A plugin in a message: an installed one is named with its distribution and version already."""
    return plugin if plugin.endswith(")") else f"plugin {plugin}"


class HookFailed(CrowdError):
    """A hook raised, overran its time or found no free slot.

    `plugin` (of an installed one with distribution and version) and `hook` name the culprit; `reason` is "error",
    "timeout" or "busy". `told` is set once the operator has read it.
    """

    exit_code = 1
    told = False

    def __init__(self, plugin: str, hook: str, reason: str, detail: str) -> None:
        super().__init__(f"{hook} of {whose(plugin)}: {detail}")
        self.plugin = plugin
        self.hook = hook
        self.reason = reason


class RequestError(CrowdError):
    """A refusal that a worker's page understands (an RFC 9457 document).

    `status` is the HTTP status, `code` the stable word of the worker API, `detail` plain words for
    the worker, `extra` further members of the document (`errors`, `retry_after`, …).
    """

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = extra
