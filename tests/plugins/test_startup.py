"""Commands stay quick however many plugins are installed, and however slow or broken they are."""

from __future__ import annotations

import time

import pytest

from tests.plugins.conftest import Distributions

HEAVY = ("boto3", "click", "omegaconf", "pluggy", "sqlalchemy", "sqlmodel", "starlette", "uvicorn")


@pytest.fixture
def crowded(installed: Distributions) -> Distributions:
    """Fifty plugins: one sleeps at import, one raises, all the others would print."""
    for number in range(50):
        code = "print('imported')"
        if number == 10:
            code = "import time; time.sleep(30)"
        if number == 20:
            code = "raise RuntimeError('broken')"
        points = {
            "crowdcore.providers": {f"p{number}": f"plug_{number}:P"},
            "crowdcore.commands": {f"c{number}": "p:c"},
        }
        installed.add(f"plug-{number}", points, code=code)
    return installed


def best(crowded: Distributions, *arguments: str) -> tuple[float, str]:
    """The shortest of some runs (other processes may be busy), and what was printed."""
    taken, out = [], ""
    for _ in range(7):
        start = time.perf_counter()
        done = crowded.crowd(*arguments)
        taken.append(time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
        out = done.stdout
    return min(taken), out


def test_help_and_list_are_quick_and_import_no_plugin(crowded: Distributions) -> None:
    seconds, out = best(crowded, "--help")
    assert "c33" in out
    assert "imported" not in out
    assert seconds <= 0.25
    seconds, out = best(crowded, "plugins")
    assert "plug-33" in out
    assert "imported" not in out
    assert seconds <= 0.5


def test_a_broken_plugin_harms_nobody_who_does_not_name_it(crowded: Distributions) -> None:
    code = "from crowdcore.plugins import catalogue; print(catalogue().load('provider', 'mock').__name__)"
    done = crowded.python(code)
    assert (done.returncode, done.stdout) == (0, "MockProvider\n")


def test_importing_crowdcore_imports_no_plugin_and_nothing_heavy(crowded: Distributions) -> None:
    code = f"""
import sys, crowdcore
heavy = set({HEAVY}) & set(sys.modules)
plugs = [name for name in sys.modules if name.startswith(("plug_", "crowd_", "blueprint_", "architect_"))]
print(sorted(heavy), plugs)
import crowdcore.plugins
crowdcore.plugins.catalogue().entries()
print(sorted(set({HEAVY}) & set(sys.modules)))
"""
    assert crowded.python(code).stdout == "[] []\n[]\n"
