"""What is sent outside, as rows first; the rows with an amount are the ledger.

intended -> sent -> confirmed | failed | unknown. What was decided otherwise before it arrived (intended, failed) is
withdrawn. What is failed or unknown waits for a person, who says that it
arrived (-> confirmed) or that it is to be sent again (-> intended); what was paid by hand is confirmed so too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crowdcore.errors import RunError
from crowdcore.store.queries import events
from crowdcore.store.queries.units import MICROS
from crowdcore.types import Worker

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn, Row


@dataclass(frozen=True)
class Message:
    """One row of the outbox; `amount` is Decimal in `currency`, None where no money moves.

    `created_at` and `sent_at` are in seconds since the epoch; `error` says why it failed or is unknown, `visit` is
    the platform's name of the visit.
    """

    id: int
    kind: str
    key: str
    state: str
    worker: Worker | None
    visit_id: int | None
    unit_id: int | None
    amount: Decimal | None
    currency: str | None
    payload: dict[str, Any]
    run: str
    created_at: float
    sent_at: float | None
    error: str | None
    visit: str | None


def intend(
    conn: Conn, *, run_id: int, kind: str, key: str, now: float, worker_id: int | None = None,
    visit_id: int | None = None, unit_id: int | None = None, amount_micros: int | None = None,
    currency: str | None = None, payload: str = "{}",
) -> bool:  # fmt: skip
    """Add a row to send; False if the key is known already (it is sent once). What was withdrawn is meant again."""
    return bool(
        conn.execute(
            "INSERT INTO outbox (run_id, kind, key, state, worker_id, visit_id, unit_id, amount_micros, currency,"
            " payload, attempts, created_at) VALUES (:run, :kind, :key, 'intended', :worker, :visit, :unit,"
            " :amount, :currency, :payload, 0, :now) ON CONFLICT (key) DO UPDATE SET state = 'intended',"
            " payload = excluded.payload, error = NULL WHERE outbox.state = 'withdrawn'",
            run=run_id, kind=kind, key=key, worker=worker_id, visit=visit_id, unit=unit_id, amount=amount_micros,
            currency=currency, payload=payload, now=now,
        )
    )  # fmt: skip


def withdraw(
    conn: Conn, kinds: tuple[str, ...], now: float, *, worker_id: int | None = None, visit_id: int | None = None,
    unit_id: int | None = None, name: str | None = None, waiting: bool = True,
) -> int:  # fmt: skip
    """Take back the rows of these kinds that did not arrive, of one worker, visit or unit; how many.

    `name`: only those about this qualification; `waiting`: also those that were not tried yet.
    Nothing moves money here: what is owed stays owed.
    """
    assert (worker_id, visit_id, unit_id) != (None, None, None)
    of = {"worker_id": worker_id, "visit_id": visit_id, "unit_id": unit_id}
    marks = {f"k{n}": kind for n, kind in enumerate(kinds)} | {c: of_id for c, of_id in of.items() if of_id is not None}
    rows = conn.all(
        "SELECT id, payload FROM outbox WHERE (state = 'failed' OR state = 'intended' AND :waiting)"
        " AND amount_micros IS NULL"
        f" AND kind IN ({', '.join(f':k{n}' for n in range(len(kinds)))})"
        + "".join(f" AND {column} = :{column}" for column, of_id in of.items() if of_id is not None),
        waiting=waiting, **marks,
    )  # fmt: skip
    meant = [row["id"] for row in rows if name is None or json.loads(row["payload"]).get("name") == name]
    sql = "UPDATE outbox SET state = 'withdrawn', settled_at = :now WHERE id = :id AND state IN ('intended', 'failed')"
    return sum(conn.execute(sql, id=row_id, now=now) for row_id in meant)


def correct(conn: Conn, key: str, payload: str) -> bool:
    """Send this in the place of what did not arrive under the key; False if it says so already, or may have arrived."""
    return bool(
        conn.execute(
            "UPDATE outbox SET payload = :payload, state = 'intended', error = NULL WHERE key = :key"
            " AND state IN ('intended', 'failed') AND payload <> :payload",
            key=key, payload=payload,
        )
    )  # fmt: skip


_SELECT = (
    "SELECT o.id, o.kind, o.key, o.state, o.visit_id, o.unit_id, o.amount_micros, o.currency, o.payload, o.created_at,"
    " o.sent_at, o.error, v.external_id AS visit, r.name AS run, w.id AS w_id, w.name AS w_name,"
    " w.provider AS w_provider, w.simulated AS w_simulated FROM outbox o JOIN run r ON r.id = o.run_id"
    " LEFT JOIN worker w ON w.id = o.worker_id LEFT JOIN unit u ON u.id = o.unit_id"
    " LEFT JOIN visit v ON v.id = o.visit_id "
)

PAID = ("sent", "confirmed", "unknown")
"""States of a reward that is out of our hands: it was paid, or may have been."""
_OUT_OF_HANDS = ", ".join(f"'{state}'" for state in PAID)
_NOT_REJECTED = "(o.kind <> 'reward' OR u.status IS NULL OR u.status <> 'rejected')"
_STILL_MEANT = f"{_NOT_REJECTED} AND (o.kind <> 'reject' OR v.status = 'rejected')"
"""No reward of work that was rejected meanwhile, no rejection of a visit that was approved after all."""


def _message(row: Row) -> Message:
    worker = None
    if row["w_id"] is not None:
        worker = Worker(row["w_id"], row["w_name"], row["w_provider"], bool(row["w_simulated"]))
    amount = None if row["amount_micros"] is None else Decimal(row["amount_micros"]) / MICROS
    return Message(
        row["id"], row["kind"], row["key"], row["state"], worker, row["visit_id"], row["unit_id"], amount,
        row["currency"], json.loads(row["payload"]), row["run"], row["created_at"], row["sent_at"], row["error"],
        row["visit"],
    )  # fmt: skip


def waiting(conn: Conn, run_id: int, kinds: frozenset[str], limit: int = 50) -> list[Message]:
    """Rows of the run of these kinds still to send, oldest first.

    What concerns simulated workers is left out, and what is not meant any more: rewards of work that was rejected.
    """
    names = {f"k{n}": kind for n, kind in enumerate(sorted(kinds))}
    rows = conn.all(
        _SELECT + f"WHERE o.run_id = :run AND o.state = 'intended' AND o.kind IN ({', '.join(f':{n}' for n in names)})"
        f" AND {_STILL_MEANT}"
        " AND (w.simulated IS NULL OR w.simulated = :no) ORDER BY o.id LIMIT :limit",
        run=run_id, no=False, limit=limit, **names,
    )  # fmt: skip
    return [_message(r) for r in rows]


def besides(conn: Conn, run_id: int) -> Decimal:
    """Money of the run that no unit in hand accounts for.

    Bonuses, pay for having waited in vain, and rewards that were paid, or may have been, before their work was
    rejected.
    """
    owed = conn.value(
        "SELECT SUM(o.amount_micros) FROM outbox o JOIN worker w ON w.id = o.worker_id WHERE o.run_id = :run"
        " AND (o.kind = 'bonus' AND w.simulated = :no OR o.kind = 'reward' AND o.unit_id IS NULL)",
        run=run_id, no=False,
    )  # fmt: skip
    paid = conn.value(
        "SELECT SUM(o.amount_micros) FROM unit u JOIN agent g ON g.unit_id = u.id AND g.status = 'completed'"
        " JOIN outbox o ON o.key = 'reward:agent:' || CAST(g.id AS TEXT)"
        f" AND o.state IN ({_OUT_OF_HANDS}) WHERE u.run_id = :run AND u.status = 'rejected'",
        run=run_id,
    )
    return Decimal(int(owed or 0) + int(paid or 0)) / MICROS


def count_waiting(conn: Conn, run_id: int, kinds: frozenset[str]) -> int:
    """How many rows `waiting` would give."""
    if not kinds:
        return 0
    names = {f"k{n}": kind for n, kind in enumerate(sorted(kinds))}
    count: int = conn.value(
        "SELECT COUNT(*) FROM outbox o LEFT JOIN worker w ON w.id = o.worker_id LEFT JOIN unit u ON u.id = o.unit_id"
        " LEFT JOIN visit v ON v.id = o.visit_id WHERE o.run_id = :run AND o.state = 'intended'"
        f" AND o.kind IN ({', '.join(f':{n}' for n in names)}) AND {_STILL_MEANT}"
        " AND (w.simulated IS NULL OR w.simulated = :no)",
        run=run_id, no=False, **names,
    )  # fmt: skip
    return count


def count_in_doubt(conn: Conn, run_id: int) -> int:
    """How many rows of the run failed or are unknown."""
    sql = "SELECT COUNT(*) FROM outbox WHERE run_id = :run AND state IN ('failed', 'unknown')"
    return int(conn.value(sql, run=run_id))


def any_in(conn: Conn, run_id: int, state: str) -> bool:
    """Whether a row of the run is in this state."""
    sql = "SELECT 1 FROM outbox WHERE run_id = :run AND state = :state LIMIT 1"
    return conn.one(sql, run=run_id, state=state) is not None


def settle_unknown(conn: Conn, run_id: int, now: float) -> int:
    """sent -> unknown for rows that a process which died had in hand; returns how many."""
    return conn.execute(
        "UPDATE outbox SET state = 'unknown', settled_at = :now, error = 'the process ended while this was sent'"
        " WHERE run_id = :run AND state = 'sent'",
        now=now, run=run_id,
    )  # fmt: skip


def take(conn: Conn, row_id: int, now: float) -> Message | None:
    """intended -> sent, right before it is, as it reads by now; None if somebody was faster, or it is not meant."""
    meant = conn.one(
        "SELECT o.id FROM outbox o LEFT JOIN unit u ON u.id = o.unit_id LEFT JOIN visit v ON v.id = o.visit_id"
        f" WHERE o.id = :id AND {_STILL_MEANT}",
        id=row_id,
    )  # fmt: skip
    if meant is None or not mark(conn, row_id, "intended", "sent", now):
        return None
    row = conn.one(_SELECT + "WHERE o.id = :id", id=row_id)
    assert row is not None
    return _message(row)


def mark(conn: Conn, row_id: int, source: str, target: str, now: float, *, reference: str | None = None,
         error: str | None = None) -> bool:  # fmt: skip
    """`source` -> `target` (intended -> sent -> confirmed | failed | unknown); False if it was elsewhere."""
    return bool(
        conn.execute(
            "UPDATE outbox SET state = :target, reference = COALESCE(:reference, reference), error = :error,"
            " attempts = attempts + CASE WHEN :target = 'sent' THEN 1 ELSE 0 END,"
            " sent_at = CASE WHEN :target = 'sent' THEN :now ELSE sent_at END,"
            " settled_at = CASE WHEN :target IN ('confirmed', 'failed', 'unknown') THEN :now ELSE settled_at END"
            " WHERE id = :id AND state = :source",
            target=target, reference=reference, error=error, now=now, id=row_id, source=source,
        )
    )  # fmt: skip


def owed(conn: Conn, task: str, after: int = 0, limit: int = 1000) -> list[Message]:
    """One keyset page (ids above `after`) of what the task's runs owe: money not confirmed, work not rejected."""
    rows = conn.all(
        _SELECT + "JOIN task t ON t.id = r.task_id WHERE t.name = :task AND o.id > :after"
        " AND o.amount_micros IS NOT NULL AND o.state <> 'confirmed' AND w.simulated = :no"
        f" AND {_NOT_REJECTED} ORDER BY o.id LIMIT :limit",
        task=task, after=after, no=False, limit=limit,
    )  # fmt: skip
    return [_message(r) for r in rows]


def of_task(conn: Conn, task: str, states: tuple[str, ...], after: int = 0, limit: int = 1000) -> list[Message]:
    """One keyset page (ids above `after`) of the task's rows in these states, simulated workers left out."""
    marks = {f"s{n}": state for n, state in enumerate(states)}
    rows = conn.all(
        _SELECT + "JOIN task t ON t.id = r.task_id WHERE t.name = :task AND o.id > :after"
        f" AND o.state IN ({', '.join(f':{name}' for name in marks)}) AND (w.simulated IS NULL OR w.simulated = :no)"
        " ORDER BY o.id LIMIT :limit",
        task=task, after=after, no=False, limit=limit, **marks,
    )  # fmt: skip
    return [_message(r) for r in rows]


SETTLED = {"confirmed": ("failed", "unknown", "intended"), "intended": ("failed", "unknown")}
"""What a person may say of a row (it arrived; send it again), and of rows in which states."""


def settle(
    conn: Conn, task: str, key: str, target: str, now: float, *, paid: tuple[Decimal, str] | None = None
) -> int | None:
    """A person's word on one row of the task: -> confirmed or intended; its run, None if it is there already.

    What the review does not want any more stays intended, and is not sent. `paid` is what was paid, with its currency:
    RunError if that is not what is owed.

    RunError if the task has no such row, or it is in a state of which nothing can be said.
    """
    row = conn.one(
        "SELECT o.id, o.kind, o.state, o.run_id, o.amount_micros, o.currency,"
        f" CASE WHEN {_STILL_MEANT} THEN 1 ELSE 0 END AS meant"
        " FROM outbox o JOIN run r ON r.id = o.run_id JOIN task t ON t.id = r.task_id"
        " LEFT JOIN unit u ON u.id = o.unit_id LEFT JOIN visit v ON v.id = o.visit_id"
        " WHERE t.name = :task AND o.key = :key",
        task=task, key=key,
    )  # fmt: skip
    if row is None:
        raise RunError(f"task {task} has nothing to send under the key {key!r}; `crowd outbox {task} --all` lists all")
    if paid is not None and (row["amount_micros"], row["currency"]) != (paid[0] * MICROS, paid[1]):
        right = "no money" if row["currency"] is None else f"{Decimal(row['amount_micros']) / MICROS} {row['currency']}"
        raise RunError(f"{key}: {paid[0]:f} {paid[1]} is said to be paid, but {right} is owed: correct that row")
    if row["state"] == target:
        return None
    if row["state"] not in SETTLED[target]:
        raise RunError(f"{key} is {row['state']}: " + _why_not(row["state"]))
    mark(conn, row["id"], row["state"], target, now, reference="by hand" if target == "confirmed" else None)
    micros = 0
    if row["kind"] == "reward" and not row["meant"]:  # of work that was rejected: was it paid after all?
        micros = row["amount_micros"] * ((target in PAID) - (row["state"] in PAID))
    events.append(conn, row["run_id"], now, f"outbox_{target}", "operator", [], outbox=row["id"], paid_micros=micros)
    return int(row["run_id"])


def _why_not(state: str) -> str:
    if state == "confirmed":
        return "it arrived, and nothing is sent twice"
    if state == "withdrawn":
        return "what it was to say was decided otherwise, and is not sent any more"
    return "it is being sent now; if its process dies it becomes unknown, and you can decide"
