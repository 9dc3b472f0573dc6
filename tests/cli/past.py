"""A data directory with a past: people who submitted (one with a file), gave back, and are in the middle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from crowdcore.cli import main
from crowdcore.testing import Browserless
from crowdcore.testing.server import serve

UPLOAD = b"the bytes of an upload " * 1000
TASK = {"task": {"name": "pets", "reward": "0.25"}, "blueprint": {"type": "mock", "num_assignments": 6}}


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()


Crowd = Callable[..., Said]


def live_through(data_dir: Path, db: str | None = None) -> None:
    """Launch the run pets-1 and let people work on it; afterwards nobody serves it."""
    with serve(TASK, data_dir=data_dir, db=db) as handle:
        x = Browserless(handle.url, worker_id="x").enter()
        assert x.call("POST", "/submit", data={"data": '{"text": "x"}'}, files={"photo": UPLOAD}).status_code == 200
        assert Browserless(handle.url, worker_id="y").enter().submit({"text": "y"}).status_code == 200
        assert Browserless(handle.url, worker_id="z").enter().call("POST", "/return").is_success
        Browserless(handle.url, worker_id="w").enter()


@pytest.fixture
def crowd(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """`crowd("db", "check")` runs the command in this process."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr("sys.argv", ["crowd", *map(str, words)])
            with pytest.raises(SystemExit) as left:
                main()
        said = capsys.readouterr()
        code = left.value.code
        return Said(code if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def kept_past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a past, made once; not to be touched."""
    folder = tmp_path_factory.mktemp("past") / "data"
    live_through(folder)
    return folder


@pytest.fixture
def data(tmp_path: Path, kept_past: Path) -> Path:
    """A data directory with a past, this test's own."""
    shutil.copytree(kept_past, tmp_path / "data")
    return tmp_path / "data"
