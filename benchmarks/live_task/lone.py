"""The same relay, and people for whom nobody can come: `lone-7` may do item 7 only, others none of the first."""

from __future__ import annotations

from crowdcore import LiveAssignment, Unit, Worker, hookimpl

LONES = 30


@hookimpl
async def blueprint_live(assignment: LiveAssignment) -> None:
    """Pass on every message, under its sender's name and id, until people leave."""
    while True:
        message = await assignment.receive()
        await assignment.send(None, message.data, sender=message.sender, id=message.id)


@hookimpl(nonblocking=True)
def worker_can_do_unit(worker: Worker, unit: Unit) -> bool:
    """By the worker's name and the item's number."""
    kind, _, number = worker.name.partition("-")
    n: int = unit.assignment.item["n"]
    return n == int(number) if kind == "lone" else n >= LONES
