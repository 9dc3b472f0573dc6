"""The power goes: what the disk had not confirmed may be there, torn, or gone; what was acknowledged is there."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from crowdcore.cli import main
from crowdcore.store import open_database
from crowdcore.testing import Browserless, ManualClock
from tests.chaos import checks
from tests.runs.conftest import Launch

SUBMISSIONS = 20
SECTOR = 512


@dataclass
class Before:
    """Copies of a running server's disk, and how long the log was when each submission was answered."""

    folder: Path
    acknowledged: list[tuple[int, int]]

    def after(self, place: Path, log: bytes | None) -> Path:
        """The disk as it is found when the power is back."""
        shutil.copytree(self.folder, place)
        if log is None:
            (place / "crowd.db-wal").unlink()
        else:
            (place / "crowd.db-wal").write_bytes(log)
        return place


@pytest.fixture
def before(launched: Launch, clock: ManualClock, tmp_path: Path) -> Before:
    """Twenty people submit, each a file too; the disk is copied while the server runs, as nothing closes it."""
    handle, acknowledged = launched(assignments=SUBMISSIONS), []
    log = tmp_path / "data" / "crowd.db-wal"
    for number in range(SUBMISSIONS):
        person = Browserless(handle.url, worker_id=str(number)).enter()
        content = f"content {number}".encode() * 100
        assert person.submit({"text": "x"}, [("photo", ("a.txt", content))]).status_code == 200
        acknowledged.append((person.document["agent"], log.stat().st_size))
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "data", copy, ignore=shutil.ignore_patterns("*-shm"))
    assert [size for _, size in acknowledged] == sorted(size for _, size in acknowledged)  # the log was not begun anew
    return Before(copy, acknowledged)


def torn(log: bytes, confirmed: int, chance: random.Random) -> bytes:
    """A log of which the disk has what it had confirmed; of the rest some sectors, some zeros, to some length."""
    rest = bytearray(log[confirmed : chance.randint(confirmed, len(log))])
    for at in range(0, len(rest), SECTOR):
        if chance.random() < 0.4:
            sector = rest[at : at + SECTOR]
            rest[at : at + SECTOR] = chance.choice((bytes(len(sector)), chance.randbytes(len(sector))))
    return log[:confirmed] + bytes(rest)


def test_everything_acknowledged_before_the_cut_is_there_and_nothing_is_half_done(
    before: Before, tmp_path: Path
) -> None:
    log = (before.folder / "crowd.db-wal").read_bytes()
    for seed in range(40):
        chance = random.Random(seed)
        last = chance.randrange(SUBMISSIONS)
        place = before.after(tmp_path / f"cut-{seed}", torn(log, before.acknowledged[last][1], chance))
        database = open_database(None, place, create=False)
        assert checks.faults(database) == [], seed
        completed = database.read(lambda c: {r["id"] for r in c.all("SELECT id FROM agent WHERE status = 'completed'")})
        database.close()
        assert completed >= {agent for agent, _ in before.acknowledged[: last + 1]}, seed


def test_a_disk_that_loses_the_whole_log_is_found_out(
    before: Before, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CROWD_DATA_DIR", str(before.after(tmp_path / "cut", None)))
    monkeypatch.setattr("sys.argv", ["crowd", "db", "check"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    assert "lost" in capsys.readouterr().out
