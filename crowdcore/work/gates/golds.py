"""When a gold is due, and which."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from crowdcore.store.queries import known_items
from crowdcore.work.gates.protocol import Asked, Piece, come_back, not_qualified

if TYPE_CHECKING:
    from crowdcore.plugins.schema import GoldConfig
    from crowdcore.store import Conn
    from crowdcore.store.queries.known_items import Known


def gold(conn: Conn, asked: Asked) -> Piece | None:
    """Enough right answers before the first unit, then golds among the units; who failed stays out."""
    options = asked.config.gates.gold
    if options is None:
        return None
    standing = asked.grants.get(options.qualification)
    if standing is not None and standing <= 0:
        raise not_qualified()
    new = standing is None and asked.grants.get(f"{options.qualification}.correct", 0) < options.min_correct
    if not new and not _due(conn, asked, options):
        return None
    if options.max_gold_units and known_items.agents_in_run(conn, asked.run_id, "gold") >= options.max_gold_units:
        if new and known_items.agents_in_run(conn, asked.run_id, "gold", opened=True):
            raise come_back()
        found = None
    else:
        found = _next(conn, asked)
    if found is None:
        if new:
            raise not_qualified()
        return None  # they have answered every gold, or no more are paid: work goes on without
    return Piece("gold", found)


def _due(conn: Conn, asked: Asked, options: GoldConfig) -> bool:
    if options.every is not None:
        return known_items.since_gold(conn, asked.run_id, asked.worker.id) >= options.every
    if not options.rate:
        return False
    # Decided by the position alone: neither a reload nor giving it back changes what comes next.
    position = known_items.pieces(conn, asked.run_id, asked.worker.id)
    return _fraction(f"{asked.gates.seed}:{asked.worker.id}:{position}") < options.rate


def _next(conn: Conn, asked: Asked) -> Known | None:
    """The worker's next gold in an order of their own: never an answered one; one they gave up comes last."""
    had, given_up = known_items.keys_had(conn, asked.worker.id)
    left = [known for known in asked.gates.golds if known.key not in had]
    return min(left, key=lambda k: (k.key in given_up, _fraction(f"{asked.worker.id}:{k.key}")), default=None)


def _fraction(text: str) -> float:
    """A number in [0, 1) that follows from the text and cannot be guessed without it."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
