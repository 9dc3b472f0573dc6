"""What is wrong with the background loops of a run: each trouble told once, and seen from outside."""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from crowdcore.base.faults import described
from crowdcore.errors import CrowdError

_ROOM = 4096
"""Bytes of the file that says so, taken at the start: when there is trouble the disk may be full."""

log = logging.getLogger("crowdcore.run")


class Watch:
    """The troubles of one run, by loop ("launching"); kept in `file` too, for `troubles_in`. For any thread."""

    def __init__(self, name: str, file: Path) -> None:
        self._name = name
        self._file = file
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}
        with suppress(OSError):
            file.write_bytes(b" " * _ROOM)

    @property
    def troubles(self) -> dict[str, str]:
        """What is wrong now: loop → why, in one line."""
        with self._lock:
            return dict(self._troubles)

    def trouble(self, loop: str, error: BaseException) -> None:
        """A loop could not go on and will try again; told once, until it went on."""
        expected = isinstance(error, CrowdError)
        why = " ".join(str(error).split()) if expected else described(error)
        with self._lock:
            if self._troubles.get(loop) == why:
                return
            first = loop not in self._troubles
            self._troubles[loop] = why
            self._write()
        if first:
            log.error("%s: %s waits: %s", self._name, loop, why, exc_info=None if expected else error)

    def fine(self, loop: str) -> None:
        """A loop went on."""
        if loop not in self._troubles:  # nearly always
            return
        with self._lock:
            del self._troubles[loop]
            self._write()
        log.warning("%s: %s goes on", self._name, loop)

    def close(self) -> None:
        """The run is served no longer."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        text = json.dumps(self._troubles).encode()
        if len(text) > _ROOM:
            text = json.dumps(dict.fromkeys(self._troubles, "see the log of the run")).encode()
        with suppress(OSError):  # the log says it too
            handle = os.open(self._file, os.O_WRONLY)
            try:
                os.pwrite(handle, text.ljust(_ROOM), 0)
            finally:
                os.close(handle)


def troubles_in(file: Path) -> dict[str, str]:
    """What the process that serves a run has written there; {} if nothing is wrong, or nobody knows."""
    try:
        found = json.loads(file.read_bytes().strip() or b"{}")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
