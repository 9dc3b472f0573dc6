"""Numbers of one worker application: how many, how fast, how late the event loop is."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import ref

from crowdcore.server.context import ServerContext
from crowdcore.server.http.reply import NO_STORE, Reply

if TYPE_CHECKING:
    from prometheus_client.core import Metric

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LAG_EVERY = 0.5
_UNCOUNTED = frozenset({"/metrics", "/healthz"})


class Histogram:
    """Counts per bucket of BUCKETS (and one beyond the last), with their sum in seconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Metrics:
    """Collects, and writes the Prometheus text. `last_request` is on perf_counter's clock, in seconds."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self._requests: dict[tuple[str, str], Histogram] = {}
        self._lag = Histogram()
        self._lag_running = False
        self.last_request = perf_counter()

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (route, f"{status // 100}xx")
        histogram = self._requests.get(key)
        if histogram is None:
            histogram = self._requests[key] = Histogram()
        histogram.add(seconds)
        if route not in _UNCOUNTED:
            self.last_request = perf_counter()

    def start_lag(self) -> None:
        """Begin to measure how late the running event loop is (once; ends with this object)."""
        if not self._lag_running:
            self._lag_running = True
            _measure_lag(ref(self), asyncio.get_running_loop(), None)

    def add_lag(self, seconds: float) -> None:
        """Count one lateness of the loop."""
        self._lag.add(max(0.0, seconds))

    def reply(self, added: Sequence[Metric] = ()) -> Reply:
        """The text for a scraper, with the families that plugins added."""
        # 80 ms to import, and only a scraper needs it.
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(self, added))
        return Reply(200, generate_latest(registry), (b"content-type", CONTENT_TYPE_LATEST.encode()), NO_STORE)

    def families(self) -> Iterator[Metric]:
        """All metric families, as prometheus_client objects."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        run, counters = self._context.run_name, self._context.counters
        for name, text, counts in (
            ("crowd_units", "Units by status", counters.units),
            ("crowd_agents", "Agents by status", counters.agents),
        ):
            gauge = GaugeMetricFamily(name, text, labels=["run", "status"])
            for status, count in sorted(counts.items()):
                gauge.add_metric([run, status], count)
            yield gauge
        submissions = CounterMetricFamily("crowd_submissions", "Stored submissions", labels=["run"])
        submissions.add_metric([run], counters.submissions)
        yield submissions
        seconds = HistogramMetricFamily("crowd_request_seconds", "Time to answer", labels=["run", "route", "status"])
        for (route, status_class), histogram in sorted(self._requests.items()):
            seconds.add_metric([run, route, status_class], _cumulative(histogram), histogram.total)
        yield seconds
        lag = HistogramMetricFamily("crowd_loop_lag_seconds", "Lateness of the event loop", labels=["run"])
        lag.add_metric([run], _cumulative(self._lag), self._lag.total)
        yield lag


class _Collector:
    def __init__(self, metrics: Metrics, added: Sequence[Metric]) -> None:
        self._metrics = metrics
        self._added = added

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics.families()
        yield from self._added


def _measure_lag(metrics: ref[Metrics], loop: asyncio.AbstractEventLoop, due: float | None) -> None:
    found = metrics()
    if found is None or loop.is_closed():
        return
    now = loop.time()
    if due is not None:
        found.add_lag(now - due)
    loop.call_at(now + _LAG_EVERY, _measure_lag, metrics, loop, now + _LAG_EVERY)


def _cumulative(histogram: Histogram) -> list[Any]:
    total, rows = 0, []
    for bound, count in zip([*map(str, BUCKETS), "+Inf"], histogram.counts, strict=True):
        total += count
        rows.append((bound, total))
    return rows
