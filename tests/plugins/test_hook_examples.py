"""The example of every hook in docs/hooks.md is complete, and does what it says once it is pasted into a hooks.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crowdcore.plugins.checks import HOOKS
from scripts.hook_docs import example
from tests.plugins.example_stories import STORIES
from tests.plugins.examples import Scene, defined

Played = Callable[[str], tuple[object, object]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """What was seen of a hook, and what should have been; a story is played for the first of its hooks."""
    scenes: dict[tuple[str, ...], Scene] = {}

    def seen(hook: str) -> tuple[object, object]:
        (about,) = [hooks for hooks in STORIES if hook in hooks]
        if about not in scenes:
            scene = scenes[about] = Scene(tmp_path_factory.mktemp("scene"))
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("CROWD_DATABASE_URL", raising=False)
                for name in ("CROWD_DATA_DIR", "CROWD_CONFIG_DIR"):
                    patch.setenv(name, scene.machine.environment[name])
                STORIES[about](scene)
        assert hook in scenes[about].seen, "its story broke off before it came to this hook"
        return scenes[about].seen[hook]

    return seen


@pytest.mark.parametrize("hook", list(HOOKS))
def test_the_example_is_called_and_does_what_it_says(hook: str, played: Played) -> None:
    assert hook in defined(example(hook)), "its specification has no example"
    assert any(hook in hooks for hooks in STORIES), "no story of tests/plugins/example_stories.py plays its example"
    got, wanted = played(hook)
    assert got == wanted
