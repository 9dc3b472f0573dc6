"""The event table played from the first row: every move legal, and at its end what the other tables say.

A status takes one byte for each thing, whatever its id, so a database of millions fits into a few megabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, get_args

from crowdcore.status import IllegalMove, Kind, check_move, moves
from crowdcore.store.queries import events

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn
    from crowdcore.store.queries.events import Event

KINDS: tuple[Kind, ...] = ("unit", "agent", "visit", "run", "conversation")
"""What has its moves in the events; each is a table of this name."""
FIRST: dict[str, tuple[str, ...]] = {
    "unit": ("created", "launched"), "agent": ("waiting", "in_task"), "visit": ("open",), "run": ("launching",),
    "conversation": ("waiting",),
}  # fmt: skip
"""The statuses in which a thing of each kind may begin."""

_PAGE = 4096


class Statuses:
    """The status of each thing of one kind, by id."""

    def __init__(self, kind: Kind) -> None:
        self._names: list[str | None] = [None, *moves(kind)]
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self._pages: dict[int, bytearray] = {}

    def __getitem__(self, thing: int) -> str | None:
        page = self._pages.get(thing // _PAGE)
        return None if page is None else self._names[page[thing % _PAGE]]

    def __setitem__(self, thing: int, status: str | None) -> None:
        number = self._numbers.setdefault(status, len(self._names))
        if number == len(self._names):  # a word that the product does not know
            self._names.append(status)
        self._pages.setdefault(thing // _PAGE, bytearray(_PAGE))[thing % _PAGE] = number

    def left(self) -> Iterator[tuple[int, str]]:
        """(id, status) of all that have one, by id."""
        for number in sorted(self._pages):
            for place, status in enumerate(self._pages[number]):
                name = self._names[status]
                if name is not None:
                    yield number * _PAGE + place, name


class Replay:
    """Plays events, in order and each once; `event` is the last one played."""

    def __init__(self) -> None:
        self.event = 0
        self._statuses = {kind: Statuses(kind) for kind in KINDS}

    def play(self, event: Event) -> Iterator[str]:
        """Carry out the moves of one more event; a line for each that starts elsewhere or is illegal."""
        self.event = event.id
        for kind, thing, source, target in _moves(event):
            if kind not in self._statuses:
                continue
            statuses, here = self._statuses[kind], f"event {event.id} ({event.kind}): {kind} {thing}"
            if statuses[thing] != source:
                yield f"{here} was {statuses[thing] or 'not there'}, not {source or 'new'}"
            problem = _illegal(kind, source, target)
            if problem:
                yield f"{here}: {problem}"
            statuses[thing] = target

    def compare(self, conn: Conn, run_id: int | None = None) -> Iterator[str]:
        """A line for each row that is elsewhere than its events say. To be asked once, after the last event."""
        for kind in KINDS:
            statuses = self._statuses[kind]
            for thing, status in _rows(conn, kind, run_id):
                said = statuses[thing]
                statuses[thing] = None
                if said != status:
                    yield f"{kind} {thing} is {status}; its events say {said or 'nothing of it'}"
            for thing, said in statuses.left():
                yield f"{kind} {thing} is gone; its events say {said}"


def replay(conn: Conn, run_id: int) -> Iterator[str]:
    """Play one run's events within one snapshot, and compare with its rows."""
    player = Replay()
    while page := events.after(conn, run_id, player.event, 1000):
        for event in page:
            yield from player.play(event)
    yield from player.compare(conn, run_id)


def play_on(conn: Conn, player: Replay, report: Callable[[str], None], limit: int) -> int:
    """Play at most `limit` further events of all runs; how many there were."""
    page = events.after_all(conn, player.event, limit)
    for event in page:
        for line in player.play(event):
            report(line)
    return len(page)


def _rows(conn: Conn, kind: Kind, run_id: int | None) -> Iterator[tuple[int, str]]:
    assert kind in get_args(Kind)
    of_run = "" if run_id is None else f" AND {'id' if kind == 'run' else 'run_id'} = :run"
    given = {} if run_id is None else {"run": run_id}
    last = -1
    while page := conn.all(
        f'SELECT id, status FROM "{kind}" WHERE id > :last{of_run} ORDER BY id LIMIT 5000', last=last, **given
    ):
        yield from ((row["id"], row["status"]) for row in page)
        last = page[-1]["id"]


def _moves(event: Event) -> Iterator[tuple[Kind, int, str | None, str]]:
    data = event.data
    if event.kind == "units_launched":
        yield from (("unit", unit, None, "launched") for unit in range(data["first"], data["last"] + 1))
    if event.kind == "units_expired":
        yield from (("unit", unit, data["source"], "expired") for unit in data["units"])
    yield from data["moves"]


def _illegal(kind: Kind, source: str | None, target: str) -> str | None:
    if source is None:
        return None if target in FIRST[kind] else f"begins as {target}"
    try:
        check_move(kind, source, target)
    except IllegalMove as error:
        return f"illegal move {error}"
    return None
