"""The servers that are fuzzed: real processes of `crowd run`, what they hold, and people at work in them."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from crowdcore.admin import passes
from crowdcore.admin.access import make_admin_token, make_login_link
from crowdcore.base.secret import secret_key
from crowdcore.store import Database, open_database
from crowdcore.testing import Machine, Served

HERE = Path(__file__).parent
TASKS = ("form", "calls", "live")
"""Folders task_NAME here."""


@dataclass(frozen=True)
class Held:
    """What a process holds: resident memory in MB, open file descriptors, threads."""

    memory: float
    files: int
    threads: int


@dataclass
class Server:
    """One run, served by a process of its own, with its admin pages. `url` and `admin` have no slash at their end."""

    name: str
    url: str
    admin: str
    process: Served
    secret: bytes
    machine: Machine
    session: requests.Session = field(default_factory=requests.Session)
    people: int = 0

    @property
    def port(self) -> int:
        """The port for workers."""
        return urlsplit(self.url).port or 80

    def enter(self, name: str | None = None) -> dict[str, Any]:
        """The document of somebody new at work."""
        self.people += 1
        body = {"params": {"worker_id": name or f"person-{self.people}"}}
        reply = self.session.post(f"{self.url}/api/v1/agents", json=body, timeout=60)
        assert reply.status_code == 201, reply.text
        document: dict[str, Any] = reply.json()
        return document

    def held(self) -> Held:
        """What the process holds now."""
        kernel = Path(f"/proc/{self.process.process.pid}")
        status = dict(line.split(":", 1) for line in (kernel / "status").read_text().splitlines())
        files = len(list((kernel / "fd").iterdir()))
        return Held(int(status["VmRSS"].split()[0]) / 1024, files, int(status["Threads"]))

    def healthy(self) -> None:
        """It says that it is well."""
        assert self.session.get(f"{self.url}/healthz", timeout=60).json() == {"status": "ok"}

    def complaint(self) -> str:
        """The first surprise that the server's log speaks of; what the task's own code raises is none."""
        said = self.process.stderr
        for mark in ("unexpected error", "Exception in ASGI", "never retrieved", "Fatal error", "Task exception"):
            place = said.find(mark)
            if place >= 0:
                return said[max(0, place - 200) : place + 2500]
        return ""

    def admin_token(self) -> str:
        """A token for the admin API."""
        with self._database() as database:
            return make_admin_token(database, self.secret, "owner", 1)

    def pass_id(self) -> str:
        """The id of a token that may be ended."""
        with self._database() as database:
            return database.write(lambda conn: passes.keep(conn, "token", "reader", time.time(), time.time() + 60).id)

    def login_token(self) -> str:
        """The token of a fresh login link."""
        with self._database() as database:
            return make_login_link(database, self.secret, self.admin).rpartition("token=")[2]

    @contextmanager
    def _database(self) -> Iterator[Database]:
        database = open_database(None, self.machine.data_dir)
        yield database
        database.close()


@contextmanager
def served(folder: Path, items: int) -> Iterator[dict[str, Server]]:
    """The servers by the names of their tasks, each with so many assignments."""
    with ExitStack() as stack:
        servers = {}
        for name in TASKS:
            shutil.copytree(HERE / f"task_{name}", folder / name)
            machine, admin_port = Machine(folder / name), _free_port()
            words = ["architect.port=0", f"admin.port={admin_port}"]
            if (folder / name / "hooks.py").exists():
                words.append(f"args.items={items}")
            process = stack.enter_context(machine.serve("run", "task.yaml", "--no-open", *words))
            secret = secret_key(Path(machine.environment["CROWD_CONFIG_DIR"]))
            url, admin = process.url.rstrip("/"), f"http://127.0.0.1:{admin_port}"
            url = url.replace("localhost", "127.0.0.1")
            servers[name] = Server(process.run, url, admin, process, secret, machine)
        yield servers


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
