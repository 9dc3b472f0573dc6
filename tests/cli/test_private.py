"""What a run keeps is its requester's: no other user reads it, and no list of processes shows a password."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from crowdcore.errors import StoreError
from crowdcore.store.upkeep.postgres_tools import dump
from crowdcore.testing import Browserless, Machine


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", ["000", "022", "077"])
@pytest.mark.parametrize("place", ["made by us", "there already", "elsewhere"])
def test_databases_and_folders_are_private_whatever_the_umask(tmp_path: Path, umask: str, place: str) -> None:
    document = {"task": {"name": "t"}, "blueprint": {"type": "mock"}, "architect": {"type": "local", "port": 0}}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(document))
    machine = Machine(tmp_path)
    database = machine.data_dir / "crowd.db"
    if place == "there already":
        machine.data_dir.mkdir(mode=0o755)
    if place == "elsewhere":
        database = tmp_path / "other.db"
        machine.environment["CROWD_DATABASE_URL"] = f"sqlite:///{database}"
    shell = tmp_path / "python"
    shell.write_text(f'#!/bin/sh\numask {umask}\nexec {sys.executable} "$@"\n')
    shell.chmod(0o755)
    machine.python = shell
    with machine.serve("run", "task.yaml") as served:
        Browserless(served.url, worker_id="w").enter().submit({"text": "hello"})
        files = [database, *database.parent.glob(f"{database.name}-*")]
        assert {mode(path) for path in files} == {0o600}, "its log too"
    inner = [machine.data_dir / "runs", *(machine.data_dir / "runs").iterdir()]
    assert {mode(path) for path in inner} == {0o700}
    assert machine.crowd("db", "backup", "backup").returncode == 0
    assert mode(tmp_path / "backup") == 0o700
    assert {mode(path) for path in (tmp_path / "backup").glob("*.db")} <= {0o600}
    if place == "made by us":
        assert mode(machine.data_dir) == 0o700


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cr%26t@127.0.0.1:1/db", "postgresql://127.0.0.1:1/db?user=me&password=s3cr%26t",
        "postgresql://me@127.0.0.1:1/db?passw%6Frd=s3cr%26t&connect_timeout=5",
    ],
)  # fmt: skip
def test_a_password_reaches_programs_by_their_environment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/words\nprintf %s "$PGPASSWORD" > {tmp_path}/given\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(StoreError):
        dump(url, "somewhere", tmp_path / "copy")
    words = (tmp_path / "words").read_text()
    assert "s3cr" not in words
    assert "127.0.0.1:1/db" in words
    assert ("connect_timeout=5" in words) == ("connect_timeout" in url)
    assert (tmp_path / "given").read_text() == "s3cr&t"


def test_what_lies_read_only_is_served_and_kept_by_its_bytes_alone(tmp_path: Path) -> None:
    (tmp_path / "task.html").write_text("<p>${n}</p>")
    (tmp_path / "rows.json").write_text('[{"n": 1}]')
    (tmp_path / "extra" / "deep").mkdir(parents=True)
    (tmp_path / "extra" / "deep" / "a.txt").write_text("x")
    blueprint = {"type": "static", "task_source": "task.html", "data_json": "rows.json", "extra_source_dir": "extra"}
    document = {"task": {"name": "t"}, "blueprint": blueprint, "architect": {"type": "local", "port": 0}}
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(document))
    subprocess.run(["chmod", "-R", "a-w", str(tmp_path / "extra")], check=True)
    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml") as served:
        served.kill()
    with machine.serve("resume"):
        pass
    made = [path for path in (machine.data_dir / "runs").rglob("*") if not path.is_symlink()]
    assert any(path.name == "a.txt" for path in made)
    assert [str(path) for path in made if not mode(path) & 0o200] == []
