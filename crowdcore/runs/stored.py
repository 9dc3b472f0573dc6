"""`crowdcore.open()`: the database and data directory of this machine, for reading or for writing by command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from crowdcore.base import paths
from crowdcore.errors import RunError
from crowdcore.runs import people
from crowdcore.runs.values import Debt, StoredRun, StoredWorker
from crowdcore.store import open_database
from crowdcore.store.queries import outbox, qualifications, runs, units, workers

if TYPE_CHECKING:
    from types import TracebackType

    from crowdcore.store import Conn, Database
    from crowdcore.store.queries.runs import RunRow
    from crowdcore.types import Unit

T = TypeVar("T")


def open(*, write: bool = False, data_dir: Path | str | None = None, db: str | None = None) -> Data:
    """What is stored on this machine; close it, best by `with`. StoreError if there is nothing, or it cannot be read.

    Without arguments that is what `crowd` itself uses: `--data-dir` and `--db` of the command line that runs, else the
    environment, else the user's own. `write` allows what changes something. Runs may be served meanwhile.
    """
    folder = None if data_dir is None else Path(data_dir)
    return Data(open_database(paths.database_url(db), paths.data_dir(folder), create=False), write)


class Data:
    """An open database. Iterators read page by page, so what is stored may be larger than memory."""

    def __init__(self, database: Database, write: bool) -> None:
        self._database = database
        self._write = write

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the database back."""
        self._database.close()

    @property
    def folder(self) -> Path:
        """The data directory: the `path` of a row's files is below it."""
        return self._database.folder

    def tasks(self) -> list[str]:
        """The names of all tasks that were launched."""
        return sorted({row.task for row in self._read(lambda c: runs.newest(c, limit=1_000_000))})

    def runs(self, task: str | None = None) -> list[StoredRun]:
        """All runs, or those of a task, newest first; RunError if there is no such task."""
        if task is None:
            return [_run(row) for row in self._read(lambda c: runs.newest(c, limit=1_000_000))]
        return [_run(row) for row in reversed(self._read(lambda c: runs.of_task(c, task)))]

    def run(self, word: str | None = None) -> StoredRun:
        """The run that a person means: by its name, its number, its task's name (the newest), or None (the newest).

        RunError, with near names, if there is none.
        """
        return _run(self._read(lambda c: runs.find(c, word)))

    def units(self, run: StoredRun) -> Iterator[Unit]:
        """The run's units by id, each with its assignment; golds and screening too (`unit.assignment.kind`)."""
        return self._pages(lambda c, after: units.page(c, run.id, after), lambda unit: unit.id)

    def answers(
        self, task: str, *, unfinished: bool = False, simulated: bool = False, special: Sequence[str] = (),
        told: Callable[[str], None] | None = None,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        """The rows of `crowd export TASK`, oldest run first: one for each piece of work that was submitted.

        `unfinished` adds what was begun, or came too late; `simulated` simulated workers; `special` kinds of work
        besides real units: onboarding, screening, gold, bot. `told` gets a line about what the task's own code cannot
        read; that is given as it is stored. RunError if there is no such task.
        """
        from crowdcore.export.answers import Answers  # these bring the task's plugins along
        from crowdcore.export.rows import rows

        reader, kinds = Answers(self._database, told or _unheard), tuple(special)
        return rows(self._database, task, reader, unfinished=unfinished, simulated=simulated, special=kinds)

    def workers(self, provider: str | None = None) -> Iterator[StoredWorker]:
        """Everybody who is known, or known to this provider, by id; simulated workers too."""

        def page(conn: Conn, after: int) -> list[StoredWorker]:
            return [_worker(conn, found.id) for found in workers.page(conn, provider, after)]

        return self._pages(page, lambda found: found.worker.id)

    def worker(self, name: str, provider: str | None = None) -> StoredWorker:
        """One worker; RunError if there is none, or several providers know the name."""
        return self._read(lambda c: _worker(c, people.find(c, name, provider).id))

    def qualifications(self) -> list[str]:
        """The names of all qualifications."""
        return self._read(qualifications.names)

    def holders(self, qualification: str) -> list[StoredWorker]:
        """Everybody who has it."""

        def read(conn: Conn) -> list[StoredWorker]:
            return [_worker(conn, worker.id) for worker, _ in qualifications.holders(conn, qualification)]

        return self._read(read)

    def owed(self, task: str) -> Iterator[Debt]:
        """What the task's runs owe: rewards of work that was not rejected, and bonuses, that nobody has confirmed.

        RunError if there is no such task.
        """
        self._read(lambda c: runs.of_task(c, task))
        return map(_debt, self._pages(lambda c, after: outbox.owed(c, task, after), lambda row: row.id))

    def secret(self, plugin: str, name: str) -> bytes:
        """What `run.secret(name)` of a plugin ("provider:inhouse") answers: 32 bytes of this installation."""
        from crowdcore.base.secret import derived_key  # few commands ask

        return derived_key(f"plugin:{plugin}:{name}")

    def expect(self, provider: str, names: Iterable[str]) -> list[StoredWorker]:
        """From now on these workers are known, also before they come."""
        everyone, now = list(dict.fromkeys(names)), time.time()

        def change(conn: Conn) -> list[StoredWorker]:
            return [_worker(conn, people.find_or_expect(conn, name, provider, now).id) for name in everyone]

        return self._change(change)

    def grant(self, worker: StoredWorker, qualification: str, value: int = 1) -> None:
        """Grant a qualification, as `crowd worker grant` does."""
        self._change(lambda c: people.grant(c, worker.worker, qualification, value, time.time()))

    def revoke(self, worker: StoredWorker, qualification: str) -> bool:
        """Take it away; False if the worker does not have it."""
        return self._change(lambda c: people.revoke(c, worker.worker, qualification, time.time()))

    def block(self, worker: StoredWorker, reason: str) -> None:
        """End what they have open, and give no more in any task."""
        self._change(lambda c: people.block(c, worker.worker, reason, time.time()))

    def unblock(self, worker: StoredWorker, reason: str = "") -> None:
        """Let them work again."""
        self._change(lambda c: people.unblock(c, worker.worker, reason, time.time()))

    def paid(self, task: str, payments: Iterable[tuple[str, tuple[Decimal, str]]]) -> int:
        """These debts were paid by hand: (key, (amount, currency)), each exactly what is owed. All or none.

        How many; those that had been paid before do not count. RunError if one is unknown, or of another amount.
        """
        now, given = time.time(), list(payments)

        def change(conn: Conn) -> int:
            settled = [outbox.settle(conn, task, key, "confirmed", now, paid=what) for key, what in given]
            return sum(run is not None for run in settled)

        return self._change(change)

    def _read(self, question: Callable[[Conn], T]) -> T:
        return self._database.read(question)

    def _change(self, transaction: Callable[[Conn], T]) -> T:
        if not self._write:
            raise RunError("this database was opened for reading; crowdcore.open(write=True) may change it")
        return self._database.write(transaction)

    def _pages(self, page: Callable[[Conn, int], list[T]], position: Callable[[T], int]) -> Iterator[T]:
        after = 0
        while found := self._read(lambda c, at=after: page(c, at)):  # type: ignore[misc]
            yield from found
            after = position(found[-1])


def _unheard(_line: str) -> None:
    """Nobody wants to know."""


def _run(row: RunRow) -> StoredRun:
    return StoredRun(
        id=row.id, name=row.name, task=row.task, status=row.status, reason=row.reason, provider=row.provider,
        currency=row.currency, url=row.url, created_at=row.created_at, launched_at=row.launched_at,
        ended_at=row.ended_at, plugins=row.plugins, config=json.loads(row.config)["config"],
    )  # fmt: skip


def _worker(conn: Conn, worker_id: int) -> StoredWorker:
    grants = qualifications.of_worker(conn, worker_id)
    return StoredWorker(workers.get(conn, worker_id), workers.blocked(conn, worker_id), grants)


def _debt(row: outbox.Message) -> Debt:
    assert row.worker is not None  # rows with an amount have both
    assert row.amount is not None
    return Debt(row.key, row.worker, row.amount, row.currency or "", row.kind, row.run, row.unit_id, row.state)
