"""Commands stay quick however many plugins are installed, and however slow or broken they are."""

from __future__ import annotations

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


def loaded(crowded: Distributions, *arguments: str) -> tuple[int, str]:
    """How many modules a command loads, which is most of the time it takes, and what it printed."""
    code = """
import atexit, sys
atexit.register(lambda: print(len(sys.modules), file=sys.stderr))
from crowdcore.cli import main
main()
"""
    done = crowded.python(code, *arguments)
    assert done.returncode == 0, done.stderr
    return int(done.stderr), done.stdout


def test_help_and_list_load_little_and_no_plugin(crowded: Distributions) -> None:
    """How long the help takes is measured by `make bench` (starting)."""
    modules, out = loaded(crowded, "--help")
    assert "c33" in out
    assert "imported" not in out
    assert modules <= 220, "about 180"
    modules, out = loaded(crowded, "plugins")
    assert "plug-33" in out
    assert "imported" not in out
    assert modules <= 220, "about 180"


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
