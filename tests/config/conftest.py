"""A task folder, and a catalogue of the plugins in plugins_for_config.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crowdcore import ConfigError, RunConfig, load_config
from crowdcore.plugins import GROUPS, Catalogue, Entry

_INSTALLED = [
    ("blueprint", "form", "Form"),
    ("blueprint", "live", "Live"),
    ("provider", "inhouse", "Inhouse"),
    ("provider", "market", "Market"),
    ("provider", "sandbox", "Sandbox"),
    ("provider", "panel", "Panel"),
    ("architect", "local", "Local"),
    ("bot", "parrot", "Bot"),
    ("extension", "quality", "Quality"),
]
_DEFAULTS = {"provider": "Inhouse", "architect": "Local"}


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    module, dist = "plugins_for_config", "crowd-examples"
    entries = [Entry(kind, name, dist, "1.0", f"{module}:{cls}", GROUPS[kind]) for kind, name, cls in _INSTALLED]
    marks = [
        Entry("default", kind, dist, "1.0", f"{module}:{cls}", "crowdcore.defaults") for kind, cls in _DEFAULTS.items()
    ]
    return Catalogue([*entries, *marks])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The task's folder, which is the working folder too; its data.json exists."""
    monkeypatch.setenv("CROWD_CONFIG_DIR", str(tmp_path / "config"))
    place = tmp_path / "cats"
    place.mkdir()
    (place / "data.json").write_text("[]")
    monkeypatch.chdir(place)
    return place


Load = Callable[..., RunConfig]


@pytest.fixture
def load(folder: Path, catalogue: Catalogue) -> Load:
    """Loads the text of a task.yaml (or a mapping), with further files given by name."""

    def run(task: str | dict[str, Any], *words: str, profile: str | None = None, **files: str) -> RunConfig:
        for name, text in files.items():
            path = folder / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if isinstance(task, dict):
            return load_config(task, words, profile, catalogue, task_dir=folder)
        (folder / "task.yaml").write_text(task)
        return load_config(folder / "task.yaml", words, profile, catalogue)

    return run


@pytest.fixture
def problems(load: Load) -> Callable[..., list[str]]:
    """The problem lines of a configuration that must be refused."""

    def run(*args: Any, **kwargs: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*args, **kwargs)
        assert not any("\n" in line for line in caught.value.problems)
        return caught.value.problems

    return run
