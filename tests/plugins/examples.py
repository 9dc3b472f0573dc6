"""Where the examples of the documentation are played: a task whose hooks they are, and the platform that they call."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from crowdcore import RunHandle
from crowdcore.plugins.checks import HOOKS
from crowdcore.testing import Machine, ManualClock, serve, until

_SEVERAL = """
import shlex, sys
from crowdcore.cli.group import crowd
for line in sys.argv[1:]:
    crowd(shlex.split(line), standalone_mode=False, prog_name="crowd")
"""


class Platform:
    """An HTTP server that keeps what it is sent; `answers` are JSON by "METHOD /path", {} where there is none."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.url = ""
        self._got: list[tuple[str, Any]] = []

    @contextmanager
    def serve(self) -> Iterator[Platform]:
        """Listen on a free port, until the end of the block."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        listening = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        listening.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            listening.join()
            server.server_close()

    def got(self, request: str) -> list[Any]:
        """The bodies (JSON, None without one) of all requests like this, "METHOD /path?query", oldest first."""
        return [body for what, body in list(self._got) if what == request]

    def told(self, request: str) -> list[Any]:
        """The same, as soon as there is one."""
        found: list[Any] = until(lambda: self.got(request), 30)
        return found

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                what = f"{self.command} {self.path}"
                platform._got.append((what, json.loads(sent) if sent else None))
                text = json.dumps(platform.answers.get(what, {})).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        for method in ("GET", "PUT", "POST", "DELETE"):
            setattr(Handler, f"do_{method}", Handler._answer)
        return Handler


class Scene:
    """A machine on which tasks are served in the test's process, on a clock that stands still.

    `saw(hook, got, wanted)` keeps what became of a hook; a test compares the two.
    """

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder)
        self.clock = ManualClock()
        self.seen: dict[str, tuple[Any, Any]] = {}
        self._tasks = 0

    def saw(self, hook: str, got: Any, wanted: Any) -> None:
        """What a hook did, and what it should have done."""
        self.seen[hook] = (got, wanted)

    def folder(self, files: Mapping[str, str]) -> Path:
        """A new folder with these files of a task."""
        self._tasks += 1
        folder = self.machine.folder / f"task-{self._tasks}"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    @contextmanager
    def serve(
        self, examples: Mapping[str, str], *, files: Mapping[str, str] | None = None, hooks: Sequence[object] = (),
        **sections: Any,
    ) -> Iterator[RunHandle]:  # fmt: skip
        """Launch the task `demo`; its hooks.py takes the hooks of each example (by name), as it stands, from a file."""
        config = {
            "blueprint": {"type": "mock"}, "provider": {"type": "mock"}, "architect": {"type": "local", "port": 0},
            **sections, "task": {"name": "demo", **sections.get("task", {})},
        }  # fmt: skip
        lines = [f"from example_{name} import {', '.join(defined(code))}" for name, code in examples.items()]
        folder = self.folder(
            {
                "task.yaml": yaml.safe_dump(config), "hooks.py": "\n".join(lines),
                **{f"example_{name}.py": code for name, code in examples.items()}, **(files or {}),
            }
        )  # fmt: skip
        with serve(folder / "task.yaml", data_dir=self.machine.data_dir, hooks=hooks, clock=self.clock) as run:
            yield run

    def crowd(self, *lines: str) -> str:
        """What the commands `crowd LINE` print, one after the other in one process; AssertionError if one fails."""
        done = subprocess.run(
            [str(self.machine.python), "-c", _SEVERAL, *lines], cwd=self.machine.folder, env=self.machine.environment,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def end(self, run: RunHandle) -> str:
        """Let time pass until the run has ended; why it did."""

        def ended() -> str | None:
            self.clock.advance(6)
            return run.wait(0.05)

        return str(until(ended, 30))


def defined(code: str) -> list[str]:
    """The hooks that a piece of code implements."""
    names = [getattr(node, "name", "") for node in ast.parse(code).body]
    return [name for name in names if name in HOOKS]
