"""The built-in steps that need no unit, in the order in which a worker meets them (golds: `golds.py`).

Each is asked twice: before anything is begun, and again in the transaction that begins it, where nobody
else can change what it saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.errors import RequestError
from crowdcore.store.queries import agents, known_items
from crowdcore.work.gates.golds import gold
from crowdcore.work.gates.protocol import (
    Asked,
    Piece,
    Refused,
    Step,
    come_back,
    not_qualified,
    share_done,
    too_many_open,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crowdcore.config import RunConfig
    from crowdcore.plugins.schema import QualificationRequirement
    from crowdcore.store import Conn
    from crowdcore.work.gates.setup import Gates

DAY = 86_400.0
NEEDS_NO_GRANT = ("does_not_exist", "!=", "not_in")


def block_qualification(_conn: Conn, asked: Asked) -> None:
    """Its holders are refused with neutral words."""
    name = asked.config.gates.block_qualification
    if name is not None and name in asked.grants:
        raise not_qualified()


def qualifications(_conn: Conn, asked: Asked) -> None:
    """All conditions must hold that are asked of workers of this provider."""
    for required in asked.config.gates.qualifications:
        if required.providers and asked.worker.provider not in required.providers:
            continue
        if not holds(required, asked.grants.get(required.name)):
            raise not_qualified()


def holds(required: QualificationRequirement, value: int | None) -> bool:
    """Whether a worker with this value (None: no grant) meets the condition."""
    if value is None:
        return required.comparator in NEEDS_NO_GRANT
    wanted = required.value
    if isinstance(wanted, list):
        return (value in wanted) == (required.comparator == "in")
    if wanted is None:
        return required.comparator == "exists"
    return {
        "==": value == wanted, "!=": value != wanted, "<": value < wanted, "<=": value <= wanted,
        ">": value > wanted, ">=": value >= wanted,
    }[required.comparator]  # fmt: skip


def allow_list(_conn: Conn, asked: Asked) -> None:
    """Only those who are on it, if there is one."""
    if asked.gates.allowed is not None and asked.worker.name not in asked.gates.allowed:
        raise not_qualified()


def block_list(_conn: Conn, asked: Asked) -> None:
    """Nobody who is on it."""
    if asked.worker.name in asked.gates.refused:
        raise not_qualified()


def caps(conn: Conn, asked: Asked) -> None:
    """As many units as the task allows: open ones, over all its runs, within a day, in this run. Golds do not count."""
    most = asked.config.task.max_open_units_per_worker
    if most and agents.open_count(conn, asked.run_id, asked.worker.id) >= most:
        raise too_many_open()
    shares(conn, asked)


def shares(conn: Conn, asked: Asked) -> None:
    """What a worker may do in all, whether or not they have something open."""
    task, limits, worker_id = asked.config.task, asked.config.gates, asked.worker.id
    if task.max_units_per_worker and agents.task_count(conn, asked.task_id, worker_id) >= task.max_units_per_worker:
        raise share_done()
    most = limits.max_units_per_worker_per_run
    if most and agents.run_count(conn, asked.run_id, worker_id) >= most:
        raise share_done()
    most = limits.max_units_per_worker_per_day
    if most and agents.task_count(conn, asked.task_id, worker_id, asked.now - DAY) >= most:
        raise RequestError(409, "too_many_units", "You have done everything you may do in this task today. "
                           "Please come back tomorrow!")  # fmt: skip


def room_for_late(conn: Conn, asked: Asked, kind: str) -> None:
    """An answer that came too late counts only within the caps; RequestError if it is one too many."""
    limits = asked.config.gates
    most = {"screening": limits.screening and limits.screening.max_screening_units,
            "gold": limits.gold and limits.gold.max_gold_units}.get(kind)  # fmt: skip
    if most and known_items.agents_in_run(conn, asked.run_id, kind) >= most:
        raise share_done()
    if kind != "gold":
        shares(conn, asked)


def onboarding(conn: Conn, asked: Asked) -> Piece | None:
    """To be passed once for all tasks that name the same qualification; who failed stays out."""
    options = asked.config.gates.onboarding
    if options is None or passed(asked.grants.get(options.qualification)):
        return None
    if known_items.open_of_kind(conn, asked.run_id, asked.worker.id, "onboarding"):
        raise too_many_open()
    return Piece("onboarding")


def screening(conn: Conn, asked: Asked) -> Piece | None:
    """The first unit is checked. At most so many are paid; one that is given up makes room."""
    options, run_id = asked.config.gates.screening, asked.run_id
    if options is None or passed(asked.grants.get(options.qualification)):
        return None
    if known_items.open_of_kind(conn, run_id, asked.worker.id, "screening"):
        raise too_many_open()
    if known_items.unjudged(conn, run_id, asked.worker.id, "screening"):
        raise not_qualified("Your first piece of work is still being checked. Please come back later.")
    most = options.max_screening_units
    if most and known_items.agents_in_run(conn, run_id, "screening") >= most:
        if known_items.agents_in_run(conn, run_id, "screening", opened=True):
            raise come_back()
        raise not_qualified("There is no room for new people in this task. Thank you for your interest!")
    return Piece("screening")


def passed(value: int | None) -> bool:
    """Whether a gate's grant lets its holder pass; False if there is none yet. A grant of 0 refuses."""
    if value is not None and value <= 0:
        raise not_qualified()
    return value is not None


FIRST: Sequence[tuple[str, Step]] = (
    ("block_qualification", block_qualification),
    ("qualifications", qualifications),
    ("allow_list", allow_list),
    ("block_list", block_list),
    ("caps", caps),
)
"""Asked before the steps of extensions."""
LAST: Sequence[tuple[str, Step]] = (("onboarding", onboarding), ("screening", screening), ("gold", gold))
"""Asked after them: these may give the worker something to do."""
ALL: Sequence[tuple[str, Step]] = (*FIRST, *LAST)


def passed_before(config: RunConfig, gates: Gates, kind: str) -> list[str]:
    """The configured gates that somebody has passed who begins a piece of this kind."""
    options = config.gates
    configured = {
        "block_qualification": options.block_qualification, "qualifications": options.qualifications,
        "allow_list": gates.allowed is not None, "block_list": gates.refused, "caps": True,
        "onboarding": options.onboarding, "screening": options.screening, "gold": options.gold,
    }  # fmt: skip
    names = [name for name, _ in ALL if configured[name]]
    return names[: names.index(kind)] if kind in names else names


def walk(conn: Conn, asked: Asked, steps: Sequence[tuple[str, Step]]) -> Piece | None:
    """Ask the steps in order: the first piece that is due, or None. Refused names the gate that refuses."""
    for name, step in steps:
        try:
            piece = step(conn, asked)
        except RequestError as refusal:
            raise Refused(name, refusal.status, refusal.code, refusal.detail, **refusal.extra) from None
        if piece is not None:
            return piece
    return None
