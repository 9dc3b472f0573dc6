"""Which free unit a worker gets: the oldest of the lowest seat that they have not had and may do.

Each worker's search goes on where the last one stopped: everything before that position is taken, had
or refused. A unit that comes back rewinds the searches that are past it. So a claim costs the same in
a run of a thousand units and in one of a million.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crowdcore.store.queries import units
from crowdcore.store.queries.units import START, Free, Position

if TYPE_CHECKING:
    from crowdcore.store import Conn

PAGE = 50
MAX_ASKED = 50
"""Units that `worker_can_do_unit` is asked about for one claim, at most."""
MAX_WORKERS = 100_000
MAX_FREED = 10_000


class Positions:
    """Where each worker's search stands; the least recently used are forgotten (and start over).

    A unit that comes back is noted once for all, and each search looks when it is asked next what came back since it
    was set. Of what came back only what stands before everything later matters, so those are kept in rising order and
    found by bisection: neither costs more where more workers are known.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[int, tuple[Position, int]] = OrderedDict()  # and how many had come back by then
        self._count = 0
        self._when: list[int] = []  # rising, as _where is: the how manieth came back, and just before it
        self._where: list[Position] = []

    def get(self, worker_id: int) -> Position:
        """Where this worker's search goes on."""
        found = self._of.get(worker_id)
        if found is None:
            return START
        position, since = found
        index = bisect_right(self._when, since)
        return position if index == len(self._where) else min(position, self._where[index])

    def set(self, worker_id: int, position: Position) -> None:
        """Everything up to `position` need not be looked at again for this worker."""
        self._of[worker_id] = position, self._count
        self._of.move_to_end(worker_id)
        if len(self._of) > MAX_WORKERS:
            self._of.popitem(last=False)

    def forget(self, worker_id: int) -> None:
        """Start over: nothing was found, so the next search looks (and asks) again."""
        self._of.pop(worker_id, None)

    def freed(self, seat: int, unit_id: int) -> None:
        """A unit came back: every search past it goes back to just before it."""
        before = (seat, unit_id - 1)
        while self._where and self._where[-1] >= before:
            self._where.pop()
            self._when.pop()
        self._count += 1
        self._where.append(before)
        self._when.append(self._count)
        if len(self._where) > MAX_FREED:  # the older half counts as its first: searches go back rather too far
            half = MAX_FREED // 2
            self._when[:half] = [self._when[half - 1]]
            self._where[:half] = [self._where[0]]


def candidates(conn: Conn, run_id: int, worker_id: int, after: Position) -> Iterator[Free]:
    """Free units for this worker, in the order in which they are handed out, read in small pages.

    The first page is short: mostly its first row is taken.
    """
    size = 4
    while True:
        page = units.free_page(conn, run_id, worker_id, after, size)
        for free, had in page:
            if not had:
                yield free
        if len(page) < size:
            return
        after = (page[-1][0].seat, page[-1][0].id)
        size = PAGE


def had(conn: Conn, assignment_id: int, worker_id: int) -> bool:
    """Whether the worker holds or has done a unit of this assignment."""
    sql = "SELECT 1 FROM unit WHERE assignment_id = :assignment AND worker_id = :worker"
    return conn.one(sql, assignment=assignment_id, worker=worker_id) is not None


def something_left(conn: Conn, run_id: int, worker_id: int) -> bool:
    """Whether a unit is open that this worker has not had: they may come back for it."""
    sql = (
        "SELECT 1 FROM unit u WHERE u.run_id = :run AND u.status IN ('created', 'launched', 'assigned')"
        " AND NOT EXISTS (SELECT 1 FROM unit d WHERE d.assignment_id = u.assignment_id AND d.worker_id = :worker)"
        " LIMIT 1"
    )
    return conn.one(sql, run=run_id, worker=worker_id) is not None
