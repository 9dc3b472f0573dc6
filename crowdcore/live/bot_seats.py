"""Bots that take a seat: an agent each, of a worker of the provider `bot`, paid nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crowdcore.live import seat_names
from crowdcore.state import canonical
from crowdcore.store.queries import agents, seats, workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crowdcore.store import Conn
    from crowdcore.store.queries.conversations import Seat
    from crowdcore.store.queries.events import Move
    from crowdcore.work.context import RunContext

PROVIDER = "bot"


def take(
    conn: Conn, context: RunContext, conversation_id: int, seat: Seat, at: int, about: Mapping[str, str | None]
) -> tuple[int, list[Move]]:  # fmt: skip
    """The agent of a bot in this seat, whose unit has expired, and the moves of the agent and its visit.

    `at` is the bot's place in `pairing.stand_in`, `about` what it says of itself.
    """
    now, run_id = context.clock.now(), context.run_id
    worker = workers.ensure(conn, PROVIDER, str(about["name"]), simulated=False, now=now)
    number = seat_names.number(context.config, seat.number)
    visit_id = workers.open_visit(conn, run_id, worker.id, f"bot-{conversation_id}-{number}", {}, now)
    agent_id = agents.create(
        conn, run_id=run_id, visit_id=visit_id, worker_id=worker.id, unit_id=seat.unit_id, kind="bot",
        deadline=None, now=now,
    )  # fmt: skip
    name = seat_names.display(context.config, seat.number)
    seats.seat_bot(conn, agent_id, conversation_id, name, canonical({**about, "at": at}))
    return agent_id, [("visit", visit_id, None, "open"), ("agent", agent_id, None, "in_task")]
