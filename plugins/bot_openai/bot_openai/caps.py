"""How many requests a run has made and what they cost, kept with the run, so that a restart does not forget them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from crowdcore.bots import BotFailed

_MILLION = Decimal(1_000_000)


class Records(Protocol):
    """Where numbers are kept (`run.records`)."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""

    def put(self, key: str, value: Any) -> None:
        """Store it."""


@dataclass(frozen=True)
class Prices:
    """Money for a million tokens that the model reads, and that it writes."""

    read: Decimal
    written: Decimal

    def of(self, read: int, written: int) -> Decimal:
        """What so many tokens cost."""
        return (self.read * read + self.written * written) / _MILLION


class Caps:
    """Counts requests and money. Each request is counted, with the most that it can cost, before it is made."""

    def __init__(self, max_calls: int, max_spend: Decimal, prices: Prices, records: Records | None) -> None:
        self.prices = prices
        self._max_calls = max_calls
        self._max_spend = max_spend
        self._records = records
        self._lock = threading.Lock()
        used = (records.get("run") if records is not None else None) or {}
        self._calls = int(used.get("calls", 0))
        self._spent = Decimal(used.get("spent", "0"))

    def reserve(self, most: Decimal) -> None:
        """Count a request that may cost `most`; BotFailed if that is over a cap."""
        with self._lock:
            if self._max_calls and self._calls >= self._max_calls:
                raise BotFailed(f"over its cap: all of max_calls ({self._max_calls}) are used")
            if self._max_spend and self._spent + most > self._max_spend:
                rest = self._max_spend - self._spent
                raise BotFailed(
                    f"over its cap: {rest.normalize():f} of max_spend ({self._max_spend:f}) is left, too little"
                )
            self._calls += 1
            self._spent += most
            self._keep()

    def settle(self, reserved: Decimal, cost: Decimal) -> None:
        """Put what a request really cost in the place of what was reserved for it."""
        if cost != reserved:
            with self._lock:
                self._spent += cost - reserved
                self._keep()

    def _keep(self) -> None:
        if self._records is not None:
            self._records.put("run", {"calls": self._calls, "spent": f"{self._spent:f}"})
