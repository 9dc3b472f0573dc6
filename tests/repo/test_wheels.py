"""The wheels hold everything that the source tree holds: pages, styles, SQL, migrations, types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.repo.tree import MEMBERS, PACKAGES, ROOT, written

NEEDED = {
    "crowdcore/py.typed",
    "crowdcore/server/static/crowd.js",
    "crowdcore/server/http/static/crowd.css",
    "crowdcore/server/http/templates/message.html",
    "crowdcore/store/migrations/versions/0001_first.py",
    "crowdcore/store/engine/ddl/postgresql.sql",
    "crowdcore/store/engine/ddl/sqlite.sql",
}


def _contents(source: Path, folder: Path) -> set[str]:
    """The files of the wheel that is built of `source`, with this environment's build backend."""
    subprocess.run(
        [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--offline", "--no-build-isolation",
         "--python", sys.executable, "--out-dir", str(folder), str(source)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.mark.parametrize(
    ("source", "package"), list(zip([ROOT, *MEMBERS], PACKAGES, strict=True)), ids=lambda path: path.name
)
def test_a_wheel_holds_its_whole_package_and_nothing_else(source: Path, package: Path, tmp_path: Path) -> None:
    expected = {path.relative_to(package.parent).as_posix() for path in written(package)}
    assert _contents(source, tmp_path) == expected
    assert source != ROOT or expected >= NEEDED
