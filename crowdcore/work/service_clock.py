"""Service time: the clock that stands still while no server runs.

A run's service clock counts the seconds it has been served. It is stored with every heartbeat and
goes on from there when the run is resumed, so an outage shortens nobody's time, and a wall clock that
jumps changes nothing. Deadlines of agents are kept in it (`agent.deadline`).
"""

from __future__ import annotations

from crowdcore.base.clock import Clock


class ServiceClock:
    """Seconds served, going on from `served`."""

    def __init__(self, clock: Clock, served: float) -> None:
        self._clock = clock
        self._served = served
        self._started = clock.ticks()

    def now(self) -> float:
        """Seconds the run has been served so far."""
        return self._served + self._clock.ticks() - self._started

    def wall(self, due: float) -> float:
        """The wall time (seconds since the epoch) at which service time reaches `due`, if nothing stops it."""
        return self._clock.now() + due - self.now()
