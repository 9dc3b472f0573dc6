"""The installation's key: from the environment or a file that only its owner reads, made once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crowdcore.base.secret import derive, secret_key
from crowdcore.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_key_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CROWD_SECRET_KEY", raising=False)


def test_the_file_is_made_once_private_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    key = secret_key(folder)
    assert len(key) >= 32
    assert secret_key(folder) == key
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_many_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: secret_key(tmp_path), range(32)))
    assert len(keys) == 1


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROWD_SECRET_KEY", "x" * 40)
    assert secret_key(tmp_path) == b"x" * 40
    assert not list(tmp_path.iterdir())


def test_a_short_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROWD_SECRET_KEY", "short")
    with pytest.raises(ConfigError, match="CROWD_SECRET_KEY must hold at least 16"):
        secret_key(tmp_path)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret_key(tmp_path)
    (tmp_path / "secret_key").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        secret_key(tmp_path)


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match="CROWD_CONFIG_DIR"):
        secret_key(tmp_path / "taken" / "below")


def test_each_label_has_a_key_of_its_own() -> None:
    assert derive(b"k" * 32, "a") != derive(b"k" * 32, "b")
    assert derive(b"k" * 32, "a") == derive(b"k" * 32, "a")
