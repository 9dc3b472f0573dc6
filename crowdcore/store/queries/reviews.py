"""Outcomes of submitted work: each decision with its event and what is to be sent outside, in one transaction.

A visit is approved once all its units are decided and one of them is paid; it is rejected only by an act of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.base.quantities import format_money, whole_money
from crowdcore.base.words import is_blank
from crowdcore.errors import RunError
from crowdcore.state import canonical
from crowdcore.status import moves
from crowdcore.store.queries import budgets, events, outbox, workers
from crowdcore.store.queries.units import MICROS
from crowdcore.types import Worker

if TYPE_CHECKING:
    from collections.abc import Collection

    from crowdcore.store.engine.sql import Conn, Row

Outcome = Literal["accepted", "soft_rejected", "rejected"]
OUTCOMES: tuple[Outcome, ...] = ("accepted", "soft_rejected", "rejected")
PAID: tuple[Outcome, ...] = ("accepted", "soft_rejected")


@dataclass(frozen=True)
class Work:
    """One submission: its unit (status: completed or an outcome; `note`: what its reviewer wrote), who made it, when.

    `kind` is the agent's: unit, screening or gold. `ended_at` is in seconds since the epoch.
    """

    unit_id: int
    agent_id: int
    run_id: int
    run: str
    currency: str
    kind: str
    status: str
    note: str | None
    worker: Worker
    visit_id: int
    ended_at: float


@dataclass(frozen=True)
class Decision:
    """What became of a unit: its status before; `changed` False where it had this outcome already.

    `reward` is the state of the outbox row that pays for it, None where it pays nothing.
    """

    work: Work
    changed: bool
    reward: str | None
    outcome: Outcome

    @property
    def rejected_though_paid(self) -> bool:
        """Whether the reward is out of our hands, and the work is rejected now."""
        return self.changed and self.outcome == "rejected" and self.reward in outbox.PAID


_SELECT = (
    "SELECT u.id AS unit, u.status, u.reason, g.id AS agent, g.kind, g.visit_id, g.ended_at, r.id AS run_id,"
    " r.name AS run, r.currency, w.id AS w_id, w.name AS w_name, w.provider AS w_provider, w.simulated AS w_simulated"
    " FROM agent g JOIN unit u ON u.id = g.unit_id JOIN run r ON r.id = g.run_id JOIN worker w ON w.id = g.worker_id"
    " WHERE g.status = 'completed' AND g.kind <> 'bot' "
)

_OF_VISIT = (
    "SELECT u.id, u.status FROM agent g JOIN unit u ON u.id = g.unit_id"
    " WHERE g.visit_id = :visit AND g.status = 'completed' AND g.kind <> 'bot'"
)
"""The submitted units of a visit."""


def _work(row: Row) -> Work:
    worker = Worker(row["w_id"], row["w_name"], row["w_provider"], bool(row["w_simulated"]))
    return Work(
        row["unit"], row["agent"], row["run_id"], row["run"], row["currency"], row["kind"], row["status"],
        row["reason"], worker, row["visit_id"], row["ended_at"],
    )  # fmt: skip


def of_unit(conn: Conn, unit_id: int) -> Work:
    """The submission of a unit; RunError if there is no such unit, or nothing was submitted for it."""
    row = conn.one(_SELECT + "AND g.unit_id = :unit", unit=unit_id)
    if row is not None:
        return _work(row)
    status = conn.value("SELECT status FROM unit WHERE id = :unit", unit=unit_id)
    if status is None:
        raise RunError(f"there is no unit {unit_id}; `crowd review list RUN` shows what can be reviewed")
    raise RunError(f"unit {unit_id} is {status}: nothing was submitted for it")


def page(
    conn: Conn, run_id: int, after: int = 0, *, statuses: tuple[str, ...] = ("completed",), worker: str | None = None,
    simulated: bool = False, limit: int = 200,
) -> list[Work]:  # fmt: skip
    """A keyset page of the run's submissions (agent ids above `after`), the oldest first."""
    marks = ", ".join(f":s{n}" for n in range(len(statuses)))
    by_worker = "" if worker is None else " AND w.name = :worker"
    given = {} if worker is None else {"worker": worker}
    rows = conn.all(
        _SELECT + f"AND g.run_id = :run AND g.id > :after AND u.status IN ({marks}){by_worker}"
        " AND (:simulated OR w.simulated = :no) ORDER BY g.id LIMIT :limit",
        run=run_id, after=after, simulated=simulated, no=False, limit=limit, **given,
        **{f"s{n}": status for n, status in enumerate(statuses)},
    )  # fmt: skip
    return [_work(row) for row in rows]


def decide(conn: Conn, unit_id: int, outcome: Outcome, now: float, *, actor: str, note: str = "") -> Decision:
    """Give a submitted unit its outcome; the same outcome again changes nothing.

    RunError if nothing was submitted, or where the moves of `status.py` do not lead: what is paid cannot be rejected;
    and if the budget has no room for work that was rejected before.
    """
    work = of_unit(conn, unit_id)
    reward = conn.value("SELECT state FROM outbox WHERE key = :key", key=f"reward:agent:{work.agent_id}")
    if work.status == outcome:
        return Decision(work, False, reward, outcome)
    check(work, outcome)
    budgets.check(conn, work.run_id, cost(conn, work, outcome, reward))
    conn.execute(
        "UPDATE unit SET status = :outcome, reason = :note WHERE id = :unit AND status = :before",
        outcome=outcome, note=note or None, unit=unit_id, before=work.status,
    )  # fmt: skip
    if work.status == "rejected":  # taken back: neither the platform nor the worker is to hear of it any more
        outbox.withdraw(conn, ("reject",), now, visit_id=work.visit_id)
        outbox.withdraw(conn, ("message",), now, unit_id=unit_id)
    made: list[events.Move] = [("unit", unit_id, work.status, outcome)]
    made += _approve(conn, work.visit_id, now)
    more: dict[str, Any] = {"special": work.kind} if work.kind != "unit" and _on_demand(conn, unit_id) else {}
    if "rejected" in (outcome, work.status) and reward in outbox.PAID and not work.worker.simulated:
        pay = conn.value("SELECT pay_micros FROM unit WHERE id = :unit", unit=unit_id)
        more["paid_micros"] = pay if outcome == "rejected" else -pay
    events.append(
        conn, work.run_id, now, "unit_reviewed", actor, made, agent=work.agent_id, unit=unit_id, worker=work.worker.id,
        visit=work.visit_id, status=outcome, note=note, simulated=work.worker.simulated, **more,
    )  # fmt: skip
    return Decision(work, True, reward, outcome)


def check(work: Work, outcome: Outcome) -> None:
    """RunError unless the unit has this outcome or may get it."""
    if outcome == work.status or outcome in moves("unit")[work.status]:
        return
    if work.status == "rejected":
        raise RunError(f"unit {work.unit_id} was rejected; it can only be accepted")
    said = work.status.replace("_", " ")
    raise RunError(f"unit {work.unit_id} was {said}, which is paid: it cannot be {outcome.replace('_', ' ')} any more")


def cost(conn: Conn, work: Work, outcome: Outcome, reward: str | None = None) -> int:
    """Millionths that giving this outcome promises anew: the pay of what was rejected, unless it was paid before."""
    if work.status != "rejected" or outcome not in PAID:
        return 0
    reward = reward or conn.value("SELECT state FROM outbox WHERE key = :key", key=f"reward:agent:{work.agent_id}")
    if reward in outbox.PAID:
        return 0
    return int(conn.value("SELECT pay_micros FROM unit WHERE id = :unit", unit=work.unit_id))


def _on_demand(conn: Conn, unit_id: int) -> bool:
    """Whether the unit is no unit of the task's own data: such ones are counted apart."""
    sql = "SELECT a.kind FROM unit u JOIN assignment a ON a.id = u.assignment_id WHERE u.id = :unit"
    return bool(conn.value(sql, unit=unit_id) != "real")


def end_visit(conn: Conn, visit_id: int, status: str, now: float, completion: str | None = None) -> list[events.Move]:
    """End an open visit, with the JSON of its completion; its moves, none if it was not open any more.

    What was all decided while the visit went on is approved at once.
    """
    if not workers.end_visit(conn, visit_id, status, now, completion):
        return []
    return [("visit", visit_id, "open", status), *_approve(conn, visit_id, now)]


def _approve(conn: Conn, visit_id: int, now: float) -> list[events.Move]:
    """The visit's approval, if there is nothing of it left to decide."""
    visit = conn.one("SELECT status, run_id, worker_id FROM visit WHERE id = :visit", visit=visit_id)
    assert visit is not None
    outcomes = {row["status"] for row in conn.all(_OF_VISIT, visit=visit_id)}
    if visit["status"] not in ("submitted", "rejected") or "completed" in outcomes or not outcomes & {*PAID}:
        return []
    conn.execute(
        "UPDATE visit SET status = 'approved' WHERE id = :visit AND status = :before",
        visit=visit_id, before=visit["status"],
    )  # fmt: skip
    outbox.intend(
        conn, run_id=visit["run_id"], kind="approve", key=f"approve:visit:{visit_id}", now=now,
        worker_id=visit["worker_id"], visit_id=visit_id,
    )  # fmt: skip
    return [("visit", visit_id, visit["status"], "approved")]


def reject_visit(conn: Conn, unit_id: int, reason: str, now: float, *, actor: str) -> bool:
    """Reject the visit of a rejected unit on the platform; False if it was rejected already, for this reason.

    Another reason takes the place of one that did not arrive there. RunError unless all its units are rejected.
    """
    work = of_unit(conn, unit_id)
    check_visit(conn, work, ())
    payload, key = canonical({"reason": reason}), f"reject:visit:{work.visit_id}"
    if conn.value("SELECT status FROM visit WHERE id = :visit", visit=work.visit_id) == "rejected":
        return _other_reason(conn, work, key, reason, now, actor)
    conn.execute("UPDATE visit SET status = 'rejected' WHERE id = :visit AND status = 'submitted'", visit=work.visit_id)
    outbox.intend(
        conn, run_id=work.run_id, kind="reject", key=key, now=now,
        worker_id=work.worker.id, visit_id=work.visit_id, payload=payload,
    )  # fmt: skip
    events.append(
        conn, work.run_id, now, "visit_rejected", actor, [("visit", work.visit_id, "submitted", "rejected")],
        unit=unit_id, worker=work.worker.id, visit=work.visit_id,
    )  # fmt: skip
    return True


def _other_reason(conn: Conn, work: Work, key: str, reason: str, now: float, actor: str) -> bool:
    """Correct what was to be told of a visit that is rejected, and the notes of its units."""
    if not outbox.correct(conn, key, canonical({"reason": reason})):
        return False
    conn.execute(
        "UPDATE unit SET reason = :reason WHERE status = 'rejected' AND id IN (SELECT unit_id FROM agent"
        " WHERE visit_id = :visit AND status = 'completed')",
        reason=reason, visit=work.visit_id,
    )  # fmt: skip
    events.append(
        conn, work.run_id, now, "visit_reason_corrected", actor, [], unit=work.unit_id, worker=work.worker.id,
        visit=work.visit_id, note=reason,
    )  # fmt: skip
    return True


def check_visit(conn: Conn, work: Work, rejected: Collection[int]) -> None:
    """RunError unless the visit of `work` may be rejected once the units `rejected` are."""
    status = conn.value("SELECT status FROM visit WHERE id = :visit", visit=work.visit_id)
    if status == "rejected":
        return
    rows = conn.all(_OF_VISIT, visit=work.visit_id)
    kept = [row["id"] for row in rows if row["status"] != "rejected" and row["id"] not in rejected]
    if kept:
        raise RunError(f"the visit of unit {work.unit_id} also has unit {kept[0]}, which is not rejected")
    if status != "submitted":
        raise RunError(f"the visit of unit {work.unit_id} is {status}: only one that was submitted can be rejected")


def _bonus_key(unit_id: int, reason: str) -> str:
    return f"bonus:unit:{unit_id}:{hashlib.sha256(reason.encode()).hexdigest()[:16]}"


def check_bonus(conn: Conn, work: Work, amount_micros: int, reason: str) -> bool:
    """Whether this bonus is new.

    RunError if this reason has had another amount, for a blank reason, or an amount that is none in the run's currency.
    """
    amount = Decimal(amount_micros) / MICROS
    said = f"unit {work.unit_id}: a bonus of {amount:f} {work.currency}"
    if is_blank(reason):
        raise RunError(f"{said} needs a reason that its worker can read: --reason TEXT")
    try:
        whole_money(amount, work.currency)
    except ValueError as error:
        raise RunError(f"{said}: {error}, as in --bonus {format_money(Decimal(1), work.currency)}") from None
    if amount <= 0:
        raise RunError(f"{said}: a bonus is more than 0")
    key = _bonus_key(work.unit_id, reason)
    before = conn.value("SELECT amount_micros FROM outbox WHERE key = :key", key=key)
    if before not in (None, amount_micros):
        had = Decimal(before) / MICROS
        raise RunError(f"unit {work.unit_id} has had a bonus of {had:f} {work.currency} for this reason; "
                       "a second one needs another --reason")  # fmt: skip
    return before is None


def bonus(conn: Conn, unit_id: int, amount_micros: int, reason: str, now: float, *, actor: str) -> bool:
    """Owe a bonus for a unit; the same bonus for the same reason is owed once (then: False); see `check_bonus`."""
    work = of_unit(conn, unit_id)
    if not check_bonus(conn, work, amount_micros, reason):
        return False
    micros = 0 if work.worker.simulated else amount_micros
    budgets.check(conn, work.run_id, micros)
    outbox.intend(
        conn, run_id=work.run_id, kind="bonus", key=_bonus_key(unit_id, reason), now=now, worker_id=work.worker.id,
        visit_id=work.visit_id, unit_id=unit_id, amount_micros=amount_micros, currency=work.currency,
        payload=json.dumps({"reason": reason}),
    )  # fmt: skip
    events.append(
        conn, work.run_id, now, "bonus_owed", actor, [], unit=unit_id, worker=work.worker.id, bonus_micros=micros
    )
    return True


def tell(conn: Conn, unit_id: int, text: str, now: float) -> bool:
    """Have `text` sent to the worker of a unit, through the platform; the same text once (then: False)."""
    work = of_unit(conn, unit_id)
    key = f"message:unit:{unit_id}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if conn.value("SELECT state FROM outbox WHERE key = :key", key=key) in (None, "withdrawn"):
        outbox.withdraw(conn, ("message",), now, unit_id=unit_id)  # what did not arrive is said better by this
    return outbox.intend(
        conn, run_id=work.run_id, kind="message", now=now, worker_id=work.worker.id, visit_id=work.visit_id,
        key=key, unit_id=unit_id,
        payload=json.dumps({"text": text}),
    )  # fmt: skip
