"""`--data-dir` and `--db` hold for the one command that is given them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.past import Crowd, crowd

__all__ = ["crowd"]


def test_they_are_forgotten_when_the_command_ends(
    crowd: Crowd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROWD_DATA_DIR", str(tmp_path / "own"))
    said = crowd("--data-dir", tmp_path / "other", "--db", f"sqlite:///{tmp_path}/elsewhere.db", "runs")
    assert f"{tmp_path}/elsewhere.db" in said.err
    assert os.environ["CROWD_DATA_DIR"] == str(tmp_path / "own")
    assert "CROWD_DATABASE_URL" not in os.environ
    assert str(tmp_path / "own") in crowd("runs").err
