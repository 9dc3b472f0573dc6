"""Configuration costs little: nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from crowdcore.testing.patience import PATIENCE

HEAVY = ("yaml", "omegaconf", "click", "platformdirs", "rich", "pluggy", "sqlalchemy", "starlette")


def python(code: str, *args: str) -> str:
    command = [sys.executable, "-c", code, *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout.strip()


def test_importing_the_package_imports_no_yaml_and_no_omegaconf():
    found = python(f"import sys, crowdcore.config\nprint([n for n in {HEAVY} if n in sys.modules])")
    assert found == "[]"


LOAD = """
import sys
from crowdcore.plugins import Catalogue, Entry
sys.path.insert(0, sys.argv[1])
named = {"blueprint": "Live", "provider": "Inhouse", "architect": "Local"}
installed = Catalogue([Entry(kind, "x", "d", "1", f"plugins_for_config:{cls}") for kind, cls in named.items()])
from crowdcore import load_config
load_config(sys.argv[2], catalogue=installed)
print(len(sys.modules))
"""
TASK = "blueprint: x\nprovider: x\narchitect: x\ntask: {title: '${task.name}', reward: 0.3}\n"


def test_a_small_task_is_loaded_with_few_modules(folder):
    """They are most of the time that it takes, which `make bench` measures (starting)."""
    (folder / "task.yaml").write_text(TASK)
    assert int(python(LOAD, str(Path(__file__).parent), "task.yaml")) <= 350, "about 300"


def test_a_single_file_that_uses_no_more_than_task_dir_does_without_omegaconf():
    code = """
import sys
from crowdcore import load_config
load_config({"blueprint": "mock", "task": {"title": "${task_dir}/a"}})
print("omegaconf" in sys.modules)
"""
    assert python(code) == "False"
