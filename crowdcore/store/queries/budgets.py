"""What a run's budget still has room for, asked in the transaction that promises the money.

The run's row is held to the end of that transaction, so that two processes (a server that launches, a command that owes
a bonus) do not promise the same money.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from crowdcore.base.quantities import MICROS, format_money
from crowdcore.errors import RunError
from crowdcore.store.queries import outbox, units

if TYPE_CHECKING:
    from crowdcore.store.engine.sql import Conn


def micros_left(conn: Conn, run_id: int, budget: Decimal, *, hold: bool = True) -> int:
    """Millionths of the currency that may still be promised; below 0 where the budget was lowered later.

    `hold=False` is for reading: it holds nobody up, and by the time of writing less may be left.
    """
    if hold and conn.dialect == "postgresql":  # SQLite has one writer at a time anyway
        conn.one("SELECT id FROM run WHERE id = :id FOR NO KEY UPDATE", id=run_id)
    return int((budget - units.promised(conn, run_id) - outbox.besides(conn, run_id)) * MICROS)


def check(conn: Conn, run_id: int, micros: int, *, hold: bool = True) -> None:
    """RunError if the budget that is stored with the run has no room for so much more."""
    row = conn.one("SELECT name, currency, config FROM run WHERE id = :id", id=run_id)
    assert row is not None
    written = json.loads(row["config"])["config"]["task"].get("budget")
    if written is None or micros <= 0:
        return
    left = micros_left(conn, run_id, Decimal(written), hold=hold)
    if micros > left:
        code = row["currency"]
        wanted, rest = (format_money(Decimal(max(n, 0)) / MICROS, code) for n in (micros, left))
        raise RunError(
            f"{wanted} {code} more is over the budget of {row['name']}, of which {rest} is left;"
            f" crowd set {row['name']} task.budget=AMOUNT raises it while the run is open"
        )
