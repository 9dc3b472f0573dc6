"""Two people see the same questions and win a point whenever they choose the same, without a word to each other."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from crowdcore import AgentState, hookimpl
from crowdcore.options import option


@dataclass
class Player(AgentState):
    """What a player submits, with the points of the game."""

    points: int = 0

    def set_conversation(self, conversation):
        """The points are kept with the conversation."""
        self.points = (conversation["data"] or {}).get("points", 0)

    def get_parsed_data(self):
        """Both together."""
        return {**(self.data or {}), "points": self.points}


class Game:
    """The blueprint."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Its options in task.yaml."""

        page: Path = option(help="Folder with the page", path=True)
        questions: Path = option(help="JSON list of {question, choices}", path=True)
        games: int = option(100, help="How many pairs may play", min=1)
        seconds: float = option(60.0, help="How long a player may think about one question", min=1)

    @hookimpl
    def blueprint_task_data(self, start=0):
        """Every pair plays the same questions."""
        questions = json.loads(self.options.questions.read_text("utf-8"))
        return ({"questions": questions} for _ in range(start, self.options.games))

    @hookimpl
    def blueprint_build(self, build_dir):
        """The page is a folder of plain files."""
        shutil.copytree(self.options.page, build_dir, dirs_exist_ok=True)

    @hookimpl
    def agent_state(self):
        """Submissions have the points in them."""
        return Player

    @hookimpl
    async def blueprint_live(self, run, assignment):
        """The game: everybody chooses, then both see what was chosen."""
        points, questions = 0, assignment.assignment.item["questions"]
        for number, asked in enumerate(questions, 1):
            await assignment.context(None, {**asked, "number": number, "of": len(questions)})
            chosen = [await self.choice(assignment, seat, asked["choices"]) for seat in assignment.seats]
            points += len(set(chosen)) == 1
            result = {"number": number, "same": len(set(chosen)) == 1, "points": points}
            for seat, mine in zip(assignment.seats, chosen, strict=True):
                others = [one for other, one in zip(assignment.seats, chosen, strict=True) if other != seat]
                await assignment.send(seat, {**result, "mine": mine, "theirs": others})
        await assignment.save({"points": points})

    async def choice(self, assignment, seat, choices):
        """What the player in this seat chooses: the first message that is one of the choices."""
        while True:
            message = await assignment.receive(timeout=self.options.seconds, seat=seat)
            if message.data in choices:
                return message.data
