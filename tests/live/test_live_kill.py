"""kill -9 in the middle of many conversations: nothing that was acknowledged is lost, all go on, counters too."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from random import Random

import pytest
from websockets.exceptions import ConnectionClosed

from crowdcore.store import open_database
from crowdcore.testing import LivePerson, Machine, until
from tests.chaos.checks import faults

PAIRS = 25
TASK = """
task: {name: t, reward: 0.5}
blueprint: {type: mock_live, num_assignments: 100, play: PLAY}
provider: {type: inhouse}
"""


class Talker:
    """Somebody who talks without a pause until the server is gone; every third thing is a draw."""

    def __init__(self, url: str, name: str) -> None:
        self.person = LivePerson(url, name)
        self.acknowledged: list[str] = []

    def talk(self) -> None:
        try:
            for n in range(100_000):
                id = self.person.say({"do": "draw"} if n % 3 == 2 else {"text": f"{self.person.name} {n}"}, id=f"i{n}")
                self.person.wait("ack", id=id)
                self.acknowledged.append(id)
        except (ConnectionClosed, AssertionError):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("play", ["relay", "thread"])
def test_fifty_people_go_on_where_they_were(tmp_path: Path, play: str) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "task.yaml").write_text(TASK.replace("PLAY", play))
    with machine.serve("run", "task.yaml", "architect.port=0") as served:
        talkers = [Talker(served.url, f"w{n}") for n in range(2 * PAIRS)]
        for talker in talkers:
            talker.person.wait("status", status="in_task")
        threads = [threading.Thread(target=talker.talk) for talker in talkers]
        for thread in threads:
            thread.start()
        until(lambda: all(len(talker.acknowledged) >= 6 for talker in talkers))
        served.kill()
        for thread in threads:
            thread.join()
    before = {t.person.name: [f for f in t.person.frames if "seq" in f] for t in talkers}
    with machine.serve("resume") as served:
        people = {name: LivePerson(served.url, name) for name in before}
        for talker in talkers:
            person = people[talker.person.name]
            for id in talker.acknowledged[-2:]:  # a page sends again what it does not know to be stored
                person.say({"text": "again"}, id=id)
                person.wait("ack", id=id)
        for n in range(PAIRS):
            ends(people[f"w{2 * n}"], people[f"w{2 * n + 1}"])
        served.interrupt()
        served.wait()
    check(machine, talkers, before, people)


def ends(one: LivePerson, two: LivePerson) -> None:
    one.say({"do": "draw"}, id="last")
    one.wait("ack", id="last")
    one.say({"do": "end"})
    for person in (one, two):
        person.wait("status", phase="finish")
        assert person.submit({"text": "x"}).status_code == 200


def check(
    machine: Machine, talkers: list[Talker], before: dict[str, list[dict]], people: dict[str, LivePerson]
) -> None:  # type: ignore[type-arg]
    database = open_database(None, machine.data_dir)
    assert faults(database) == []
    for talker in talkers:
        person = people[talker.person.name]
        frames = [frame for frame in person.frames if "seq" in frame]
        assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
        assert frames[: len(before[person.name])] == before[person.name]
        mine = [f["id"] for f in frames if f["sender"] is not None and f["data"]["text"].startswith(f"{person.name} ")]
        said = [id for n, id in enumerate(talker.acknowledged) if n % 3 != 2]
        assert mine[: len(said)] == said
        assert len(mine) <= len(said) + 1  # what was not acknowledged any more may have been stored
    for row in database.read(lambda c: c.all("SELECT id, seed, reason FROM conversation")):
        assert row["reason"] == "done"
        agents = database.read(lambda c, r=row: c.all("SELECT id FROM agent WHERE conversation_id = :id", id=r["id"]))  # type: ignore[misc]
        kept = database.read(
            lambda c, a=agents[0]["id"]: c.all("SELECT frame FROM inbox WHERE agent_id = :a ORDER BY seq", a=a)
        )  # type: ignore[misc]
        draws = [json.loads(r["frame"])["data"] for r in kept if json.loads(r["frame"])["sender"] is None]
        random = Random(int(row["seed"], 16))
        assert [draw["drawn"] for draw in draws] == [random.random() for _ in draws]
        counts = [draw["count"] for draw in draws]
        assert counts == sorted(set(counts))
    database.close()
