"""People together on one assignment. For blueprints:

    from crowdcore.live import Left, in_thread

    @hookimpl
    async def blueprint_live(run, assignment):
        await in_thread(assignment, play)


    def play(game):
        message = game.receive(timeout=60)
        game.send(None, message.data, sender=message.sender, id=message.id)

`engine` is the live part of a served run; `rooms/` bring people together, `talks/` are their conversations. May
import: work and what stands below it.
"""

from __future__ import annotations

from crowdcore.live.talks.blocking import Blocking, in_thread
from crowdcore.live.talks.endings import Ended, Left, Silence

__all__ = ["Blocking", "Ended", "Left", "Silence", "engine", "in_thread", "unserved"]
