"""People together on one assignment: what a blueprint needs to know of it.

from crowdcore.live import Left, in_thread

@hookimpl
async def blueprint_live(run, assignment):
    await in_thread(assignment, play)


def play(game):
    message = game.receive(timeout=60)
    game.send(None, message.data, sender=message.sender, id=message.id)
"""

from __future__ import annotations

from crowdcore.live.talks.blocking import Blocking, in_thread
from crowdcore.live.talks.endings import Ended, Left, Silence

__all__ = ["Blocking", "Ended", "Left", "Silence", "in_thread"]
