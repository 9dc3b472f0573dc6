"""The least that a live blueprint can be: whatever somebody says goes to everybody."""

from __future__ import annotations

from crowdcore import LiveAssignment, hookimpl


@hookimpl
async def blueprint_live(assignment: LiveAssignment) -> None:
    """Pass on every message, under its sender's name and id, until people leave."""
    while True:
        message = await assignment.receive()
        await assignment.send(None, message.data, sender=message.sender, id=message.id)
