"""A disk without room: nobody is told "submitted", nobody is thrown out, and with room again all goes on."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from crowdcore.testing import Browserless
from crowdcore.testing.process import Machine

TASK = "task: {name: demo}\nblueprint: {type: mock, num_assignments: 5}\narchitect: {type: local, port: 0}\n"
UPLOAD = [("photo", ("a.txt", os.urandom(200_000)))]


class Disk(NamedTuple):
    """A small disk: where it is, and what fills it and frees it for the process of this number."""

    folder: Path
    fill: Callable[[int], object]
    free: Callable[[int], object]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A file system of 4 MB in memory; where that may not be mounted, files that cannot grow."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    words = ["-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if mount and not subprocess.run([mount, *words], capture_output=True, check=False).returncode:
        try:
            yield Disk(folder, lambda _: _fill(folder / "ballast"), lambda _: (folder / "ballast").unlink())
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    endless = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    yield Disk(
        folder,
        lambda process: resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)),
        lambda process: resource.prlimit(process, resource.RLIMIT_FSIZE, endless),
    )


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_submission_on_a_full_disk_is_refused_and_goes_through_when_there_is_room(disk: Disk) -> None:
    (disk.folder / "task.yaml").write_text(TASK)
    machine = Machine(disk.folder)
    with machine.serve("run", "task.yaml", "--no-open") as served:
        first, second = (Browserless(served.url, worker_id=name).enter() for name in ("x", "y"))
        disk.fill(served.process.pid)
        for person, files in ((first, UPLOAD), (second, ())):
            reply = person.submit({"text": "x" * 100_000}, files)
            assert (reply.status_code, person.code) == (503, "busy"), reply.text
        disk.free(served.process.pid)
        for person, files in ((first, UPLOAD), (second, ())):
            assert person.submit({"text": "x"}, files).status_code == 200
        assert Browserless(served.url, worker_id="z").enter().submit({"text": "x"}).status_code == 200
        checked = machine.crowd("db", "check")
        assert (checked.returncode, checked.stdout.startswith("no faults")) == (0, True), checked.stdout
        assert served.process.poll() is None
    assert len(machine.exported("demo")) == 3
    assert "disk full" in served.stderr or "cannot be written" in served.stderr
    assert "Traceback" not in served.stderr
