"""One fresh environment with crowdcore's own wheels and those of the distributions in this folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crowdcore.testing import Machine

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = Path(__file__).parent / "distributions"
OURS = (ROOT, ROOT / "plugins" / "crowd_inhouse", ROOT / "plugins" / "architect_local")


def uv() -> list[str]:
    """The command uv: the checkout's, the PATH's, or this Python's."""
    for found in (os.environ.get("UV"), ROOT / ".tools" / "bin" / "uv", shutil.which("uv")):
        if found is not None and Path(found).exists():
            return [str(found)]
    if subprocess.run([sys.executable, "-m", "uv", "--version"], capture_output=True, check=False).returncode == 0:
        return [sys.executable, "-m", "uv"]
    pytest.fail("these tests need uv: pip install --target .tools uv")


def run(*words: object) -> None:
    """Run a command; its last lines if it fails."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.fixture(scope="session")
def author_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment's Python; made once for all test processes, by whichever comes first."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "authors"
    shared.mkdir(exist_ok=True)
    python = shared / "environment" / "bin" / "python"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            _make(shared, python)
            (shared / "done").touch()
    return python


def _make(shared: Path, python: Path) -> None:
    wheels, command = shared / "wheels", uv()
    for folder in OURS:
        run(*command, "build", "--wheel", "--out-dir", wheels, folder)
    for folder in sorted(DISTRIBUTIONS.iterdir()):  # as an author writes them: in a folder of their own
        own = shutil.copytree(folder, shared / "sources" / folder.name)
        run(*command, "build", "--wheel", "--out-dir", wheels, own)
    run(*command, "venv", "--python", sys.executable, shared / "environment")
    run(*command, "pip", "install", "--python", python, *sorted(wheels.glob("*.whl")))


@pytest.fixture
def machine(author_python: Path, tmp_path: Path) -> Machine:
    """A machine of this test's own, in that environment."""
    return Machine(tmp_path, author_python)


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., None]:
    """Writes task.yaml, and other files by name (`hooks_py` is hooks.py)."""

    def write(text: str, **files: str) -> None:
        (tmp_path / "task.yaml").write_text(text)
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content)

    return write
