"""The command line as a test uses it: `crowd` as real processes, on a machine of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from crowdcore.testing.patience import PATIENCE

_SERVING = r"^serving (\S+)$"
_LAUNCHED = r"^run (\S+) \(task "
_CROWD = "from crowdcore.cli import main; main()"
_LEFT_OUT = ("CROWD_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_")


class Machine:
    """Everything that `crowd` keeps lies below `folder`; `python` is that of the environment to use.

    machine = Machine(tmp_path)
    with machine.serve("run", "task.yaml", "architect.port=0") as served:
        Browserless(served.url, worker_id="x").enter().submit({"text": "hello"})
        served.kill()
    with machine.serve("resume") as served: ...
    machine.exported("count")
    """

    def __init__(self, folder: Path, python: Path | str = sys.executable) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.python = python
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
        self.environment = {
            **kept, "CROWD_DATA_DIR": str(self.data_dir), "CROWD_CONFIG_DIR": str(folder / "config"),
            "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "COLUMNS": "200",
        }  # fmt: skip

    def crowd(self, *words: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run `crowd WORDS…` in `folder` to its end; look at `returncode`, `stdout` and `stderr`."""
        return self._run(["-c", _CROWD, *words], timeout)

    def exported(self, task: str, *words: str) -> list[dict[str, Any]]:
        """The rows of `crowd export TASK WORDS…`; AssertionError if it fails or complains."""
        done = self.crowd("export", task, *words)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def rendered(self, agent: int, format: Literal["html", "text"] = "text") -> str:
        """What review shows of an agent's result."""
        code = f"import sys; from crowdcore.testing import render; sys.stdout.write(render({agent}, {format!r}))"
        done = self._run(["-c", code], PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, words: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), *words], cwd=self.folder, env=self.environment, timeout=timeout,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @contextmanager
    def serve(self, *words: str, timeout: float = PATIENCE) -> Iterator[Served]:
        """Start `crowd WORDS…` (run or resume) and wait until units are launched; killed at the end, if it lives."""
        process = subprocess.Popen(
            [str(self.python), "-c", _CROWD, *words], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        served = Served(process)
        try:
            served.url = served.expect(_SERVING, timeout).group(1)
            served.run = served.expect(_LAUNCHED, timeout).group(1)
            yield served
        finally:
            served.kill()


class Served:
    """A `crowd run` or `crowd resume` process; `stdout` and `stderr` hold what it has said so far."""

    url: str
    """The address it says it serves."""
    run: str
    """The run's name."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.stdout = ""
        self.stderr = ""
        self._heard = threading.Condition()
        self._readers = [threading.Thread(target=self._read, args=(n,), daemon=True) for n in ("stdout", "stderr")]
        for reader in self._readers:
            reader.start()

    def expect(self, pattern: str, timeout: float = PATIENCE, *, stream: str = "stdout") -> re.Match[str]:
        """Wait until a stream (stdout or stderr) matches; AssertionError with all it said otherwise."""
        end = time.monotonic() + timeout
        with self._heard:
            while (found := re.search(pattern, getattr(self, stream), re.MULTILINE)) is None:
                over = not any(reader.is_alive() for reader in self._readers)
                if over or time.monotonic() >= end:
                    said = f"stdout:\n{self.stdout}\nstderr:\n{self.stderr}"
                    raise AssertionError(f"{stream} never matched {pattern!r}; code {self.process.poll()}\n{said}")
                self._heard.wait(0.2)
        return found

    def kill(self) -> None:
        """SIGKILL: nothing can be tidied up. Does nothing if the process has ended."""
        self.process.kill()
        self.wait()

    def interrupt(self) -> None:
        """What Ctrl-C sends."""
        self.process.send_signal(signal.SIGINT)

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit code, once the process has ended."""
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def _read(self, name: str) -> None:
        stream = getattr(self.process, name)
        for line in stream:
            with self._heard:
                setattr(self, name, getattr(self, name) + line)
                self._heard.notify_all()
        stream.close()
        with self._heard:
            self._heard.notify_all()
