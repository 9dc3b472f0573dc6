"""Where tests keep their files: in memory, for most of them would only wait for the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 3_000_000_000
"""Bytes that have to be free there; a whole run takes less than 1 GB."""

DISK = Path(os.environ.get("CROWD_TEST_DISK") or tempfile.gettempdir())
"""For tests about what outlives what: a disk, as in a real installation."""


def use_memory() -> None:
    """Temporary files of this process and its children go into memory, if there is room. TMPDIR decides otherwise."""
    os.environ["CROWD_TEST_DISK"] = str(DISK)  # for test processes that are started from here
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ROOM:
        return
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)
