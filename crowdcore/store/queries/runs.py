"""Tasks and runs: created, found, moved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.base.faults import meant
from crowdcore.errors import RunError
from crowdcore.status import LIVE_RUN, check_move
from crowdcore.store.queries import events

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row

WANTS = ("run", "pause", "drain", "stop")
RESUMABLE = ("launching", "running", "paused", "draining", "stopped")


@dataclass(frozen=True)
class RunRow:
    """One run as stored; times in seconds since the epoch, `service_time` in seconds served so far."""

    id: int
    task: str
    task_id: int
    name: str
    number: int
    status: str
    wanted: str
    config: str
    config_hash: str
    sources: dict[str, str]
    plugins: dict[str, str]
    provider: str
    currency: str
    reason: str | None
    url: str | None
    next_ordinal: int
    exhausted: bool
    service_time: float
    heartbeat_at: float | None
    created_at: float
    launched_at: float | None
    ended_at: float | None

    @property
    def identity(self) -> str:
        """Never the same twice, not even in a new database: what tokens are signed for."""
        return f"{self.name}@{self.created_at!r}"


_SELECT = "SELECT r.*, t.name AS task FROM run r JOIN task t ON t.id = r.task_id "


def _row(row: Row) -> RunRow:
    return RunRow(
        id=row["id"], task=row["task"], task_id=row["task_id"], name=row["name"], number=row["number"],
        status=row["status"], wanted=row["wanted"], config=row["config"], config_hash=row["config_hash"],
        sources=json.loads(row["sources"]), plugins=json.loads(row["plugins"]), provider=row["provider"],
        currency=row["currency"], reason=row["reason"], url=row["url"], next_ordinal=row["next_ordinal"],
        exhausted=bool(row["exhausted"]), service_time=row["service_time"], heartbeat_at=row["heartbeat_at"],
        created_at=row["created_at"], launched_at=row["launched_at"], ended_at=row["ended_at"],
    )  # fmt: skip


def create(
    conn: Conn, *, task: str, config: str, config_hash: str, plugins: dict[str, str], provider: str,
    currency: str, requester: str | None, now: float,
) -> RunRow:  # fmt: skip
    """A new run of `task` (made if new), in status launching; its name is TASK-NUMBER."""
    conn.execute(
        "INSERT INTO task (name, created_at) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING",
        name=task, now=now,
    )  # fmt: skip
    task_id = conn.value("SELECT id FROM task WHERE name = :name", name=task)
    number = 1 + (conn.value("SELECT MAX(number) FROM run WHERE task_id = :task", task=task_id) or 0)
    run_id = conn.value(
        "INSERT INTO run (task_id, requester_id, number, name, status, wanted, config, config_hash, sources,"
        " plugins, provider, currency, next_ordinal, exhausted, shared, service_time, created_at)"
        " VALUES (:task, :requester, :number, :name, 'launching', 'run', :config, :hash, '{}', :plugins,"
        " :provider, :currency, 0, :no, '{}', 0, :now) RETURNING id",
        task=task_id, requester=_requester(conn, provider, requester, now), number=number,
        name=f"{task}-{number}", config=config, hash=config_hash,
        plugins=json.dumps(plugins, sort_keys=True), provider=provider, currency=currency, no=False, now=now,
    )  # fmt: skip
    events.append(conn, run_id, now, "run_created", "operator", [("run", run_id, None, "launching")])
    return get(conn, run_id)


def _requester(conn: Conn, provider: str, name: str | None, now: float) -> int | None:
    if name is None:
        return None
    conn.execute(
        "INSERT INTO requester (provider, name, created_at) VALUES (:provider, :name, :now)"
        " ON CONFLICT (provider, name) DO NOTHING",
        provider=provider, name=name, now=now,
    )  # fmt: skip
    found: int = conn.value(
        "SELECT id FROM requester WHERE provider = :provider AND name = :name", provider=provider, name=name
    )
    return found


def get(conn: Conn, run_id: int) -> RunRow:
    """The run with this id (it exists)."""
    row = conn.one(_SELECT + "WHERE r.id = :id", id=run_id)
    assert row is not None
    return _row(row)


def find(conn: Conn, word: str | None, *, statuses: tuple[str, ...] = ()) -> RunRow:
    """The run a person means: its name, its id, its task's name (the newest run of it), or None (the newest).

    `statuses` limits what counts when `word` is None or a task's name. Raises RunError with near names.
    """
    if word is not None:
        row = conn.one(_SELECT + "WHERE r.name = :word", word=word)
        if row is None and word.isascii() and word.isdigit() and len(word) < 19:
            row = conn.one(_SELECT + "WHERE r.id = :id", id=int(word))
        if row is not None:
            return _row(row)
    candidates = [r for r in newest(conn, task=word, limit=1000) if not statuses or r.status in statuses]
    if candidates:
        return candidates[0]
    raise RunError(_unknown(conn, word, statuses))


def _unknown(conn: Conn, word: str | None, statuses: tuple[str, ...]) -> str:
    kind = "" if not statuses else "unfinished " if statuses == RESUMABLE else "open "
    if word is None:
        return f"there is no {kind}run; `crowd runs` lists all of them"
    names = [r["name"] for r in conn.all("SELECT name FROM run ORDER BY id DESC LIMIT 1000")]
    names += [r["name"] for r in conn.all("SELECT name FROM task")]
    hint = meant(word, [name for name in names if name != word]) or ";"
    return f"no {kind}run named {word!r}{hint} `crowd runs` lists all of them"


def newest(conn: Conn, *, task: str | None = None, limit: int = 100) -> list[RunRow]:
    """Runs, newest first; only those of `task` if given."""
    where = "WHERE t.name = :task " if task is not None else ""
    sql = _SELECT + where + "ORDER BY r.id DESC LIMIT :limit"
    params = {"limit": limit} | ({"task": task} if task is not None else {})
    return [_row(r) for r in conn.all(sql, **params)]


def of_task(conn: Conn, task: str) -> list[RunRow]:
    """All runs of the task named `task`, oldest first; RunError if there is no such task."""
    if conn.value("SELECT id FROM task WHERE name = :task", task=task) is None:
        raise RunError(_unknown(conn, task, ()).replace("no run named", "no task named"))
    return list(reversed(newest(conn, task=task, limit=1_000_000)))


def move(
    conn: Conn, run_id: int, target: str, now: float, *, actor: str, reason: str | None = None,
    kind: str | None = None, **data: int,
) -> None:  # fmt: skip
    """Move the run to `target` with its event (`kind`, default run_TARGET); a legal move or IllegalMove."""
    source = conn.value("SELECT status FROM run WHERE id = :id", id=run_id)
    check_move("run", source, target)
    conn.execute(
        "UPDATE run SET status = :to, reason = :reason,"
        " launched_at = CASE WHEN :running AND launched_at IS NULL THEN :now ELSE launched_at END,"
        " ended_at = CASE WHEN :ended THEN :now ELSE NULL END WHERE id = :id",
        to=target, reason=reason, running=target == "running", now=now, ended=target not in LIVE_RUN, id=run_id,
    )  # fmt: skip
    moves: list[events.Move] = [("run", run_id, source, target)]
    words = {} if reason is None else {"reason": reason}
    events.append(conn, run_id, now, kind or f"run_{target}", actor, moves, **words, **data)


def take_lead(conn: Conn, run_id: int) -> int:
    """A new process leads the run, and holds its lock: its number, which no other leader has had."""
    conn.passed.clear()  # of leaders before, in the same group of transactions
    return int(conn.value("UPDATE run SET lead = lead + 1 WHERE id = :id RETURNING lead", id=run_id) or 0)


def lead(conn: Conn, run_id: int) -> int:
    """The number of the process that leads the run, or did last; 0 if there is no such run."""
    return int(conn.value("SELECT lead FROM run WHERE id = :id", id=run_id) or 0)


def discard(conn: Conn, run_id: int, name: str, now: float) -> None:
    """Forget a run whose launch failed before anything was offered to anybody; that there was one stays.

    The newest event never goes away: by its number it can be told whether a database lost anything.
    """
    events.append(conn, None, now, "launch_refused", "service", [], name=name)
    for table in ("event", "record", "cursor"):
        conn.execute(f"DELETE FROM {table} WHERE run_id = :run", run=run_id)
    conn.execute("DELETE FROM run WHERE id = :run", run=run_id)


def want(conn: Conn, run_id: int, wanted: str, now: float) -> None:
    """Ask the process that leads the run for `wanted` (run, pause, drain, stop)."""
    assert wanted in WANTS
    conn.execute("UPDATE run SET wanted = :wanted WHERE id = :id", wanted=wanted, id=run_id)
    events.append(conn, run_id, now, "run_wanted", "operator", [], wanted=wanted)


def heartbeat(conn: Conn, run_id: int, service_time: float, now: float) -> None:
    """Remember how many seconds the run has been served; no event, it is no operation."""
    conn.execute(
        "UPDATE run SET service_time = :served, heartbeat_at = :now WHERE id = :id",
        served=service_time, now=now, id=run_id,
    )  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One changed option: its key and value, the hash it was made from, the new configuration and its hash."""

    key: str
    value: str
    before: str
    config: str
    config_hash: str


def set_config(conn: Conn, run_id: int, change: Change, now: float) -> bool:
    """Store a changed configuration with its event; False if it was changed by somebody else meanwhile."""
    changed = conn.execute(
        "UPDATE run SET config = :config, config_hash = :hash WHERE id = :id AND config_hash = :before",
        config=change.config, hash=change.config_hash, id=run_id, before=change.before,
    )  # fmt: skip
    if changed:
        events.append(conn, run_id, now, "config_changed", "operator", [], key=change.key, value=change.value)
    return bool(changed)


def set_url(conn: Conn, run_id: int, url: str) -> None:
    """Where the run is served, for `crowd status` and the admin page."""
    conn.execute("UPDATE run SET url = :url WHERE id = :id", url=url, id=run_id)


def set_sources(conn: Conn, run_id: int, sources: dict[str, str]) -> None:
    """The snapshot of the task's own files: {path: sha256}."""
    conn.execute(
        "UPDATE run SET sources = :sources WHERE id = :id",
        sources=json.dumps(sources, sort_keys=True),
        id=run_id,
    )
