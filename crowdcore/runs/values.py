"""Runs, workers and debts as they are stored: plain frozen values. Times are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crowdcore.types import Worker


@dataclass(frozen=True)
class StoredRun:
    """One run. `url` is None before its first page was served, the times while it has not come so far.

    `status` is one of launching, running, paused, draining, finished, stopped; `config` the configuration as it is
    stored, without secrets; `plugins` the version of each plugin at launch.
    """

    id: int
    name: str
    task: str
    status: str
    reason: str | None
    provider: str
    currency: str
    url: str | None
    created_at: float
    launched_at: float | None
    ended_at: float | None
    plugins: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class StoredWorker:
    """One worker: why they are blocked (None: they are not), and their qualifications with their values."""

    worker: Worker
    blocked: str | None
    grants: Mapping[str, int]


@dataclass(frozen=True)
class Debt:
    """Money that is owed: `kind` is reward or bonus, `state` that of its row in the outbox.

    `key` names it for ever. A provider that pays by itself may be about to: see `state`.
    """

    key: str
    worker: Worker
    amount: Decimal
    currency: str
    kind: str
    run: str
    unit: int | None
    state: str
