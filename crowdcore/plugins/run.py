"""`run`, as hooks see it: the configuration, JSON that survives a restart, and what a plugin may do.

Each plugin gets its own `Run`: `run.options` are that plugin's, `run.records(kind)` its own rows. No
database session and no table reaches a plugin.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from crowdcore.errors import RunError
from crowdcore.state import Json, canonical

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.plugins.manager import RunPlugins
    from crowdcore.procedures import Procedure
    from crowdcore.store.db import Database
    from crowdcore.store.sql import Conn
    from crowdcore.types import Agent, Assignment

T = TypeVar("T")
_MISSING: Any = object()


class RunServices(Protocol):
    """What the process that holds a run lends to its plugins' facades."""

    @property
    def db(self) -> Database:
        """The database the run is stored in."""
        ...

    @property
    def run_id(self) -> int:
        """The run's id in it."""
        ...

    @property
    def name(self) -> str:
        """The run's name, TASK-NUMBER."""
        ...

    @property
    def config(self) -> RunConfig:
        """The configuration as it is now (`crowd set` may change a few options)."""
        ...

    def serve(self, app: Any, *, host: str, port: int, ssl_certfile: Path | None, ssl_keyfile: Path | None) -> int:
        """Serve an ASGI application in this process; the port it really got."""
        ...

    def visit_returned(self, external_id: str) -> None:
        """The platform says that this visit was given back."""
        ...

    def secret(self, label: str) -> bytes:
        """A key (32 bytes) of this installation, its own for each label."""
        ...


class Shared:
    """JSON that all hooks of one run share: an object of names and values, changed in transactions."""

    def __init__(self, db: Database, run_id: int) -> None:
        self._db = db
        self._run_id = run_id

    def get(self, key: str, default: Json = None) -> Json:
        """The value of `key`, or `default`."""
        return self._db.read(self._load).get(key, default)

    def all(self) -> dict[str, Json]:
        """A copy of everything."""
        return self._db.read(self._load)

    def set(self, key: str, value: Json) -> None:
        """Store `value` (JSON; ValueError or TypeError otherwise) under `key`."""
        canonical(value)
        self.update(lambda shared: shared.__setitem__(key, value))

    def update(self, change: Callable[[dict[str, Json]], T]) -> T:
        """Let `change` alter the whole object in place, alone in a transaction; its result is returned.

        It may be called twice and must do nothing else:

            number = run.shared.update(lambda s: s.setdefault("next", 0))
        """

        def transaction(conn: Conn) -> T:
            shared = self._load(conn)
            result = change(shared)
            conn.execute("UPDATE run SET shared = :text WHERE id = :id", text=canonical(shared), id=self._run_id)
            return result

        return self._db.write(transaction)

    def _load(self, conn: Conn) -> dict[str, Json]:
        text = conn.value("SELECT shared FROM run WHERE id = :id", id=self._run_id)
        loaded: dict[str, Json] = json.loads(text or "{}")
        return loaded


class Records:
    """A plugin's own rows of one kind in one run: a unique text key and a JSON value each."""

    def __init__(self, db: Database, run_id: int, plugin: str, kind: str) -> None:
        self._db = db
        self._row = {"run": run_id, "plugin": plugin, "kind": kind}

    def get(self, key: str, default: Json = None) -> Json:
        """The value of `key`, or `default`."""
        sql = f"SELECT value FROM record {_WHERE} AND key = :key"
        text = self._db.read(lambda conn: conn.value(sql, key=key, **self._row))
        return default if text is None else json.loads(text)

    def put(self, key: str, value: Json) -> None:
        """Store `value` under `key`, over what was there."""
        text = canonical(value)
        sql = f"{_INSERT} ON CONFLICT (run_id, plugin, kind, key) DO UPDATE SET value = excluded.value"
        self._db.write(lambda conn: conn.execute(sql, key=key, value=text, **self._row))

    def add(self, key: str, value: Json) -> bool:
        """Store `value` under a new `key`; False, and nothing is changed, if the key exists."""
        text = canonical(value)
        sql = f"{_INSERT} ON CONFLICT (run_id, plugin, kind, key) DO NOTHING"
        return self._db.write(lambda conn: conn.execute(sql, key=key, value=text, **self._row)) == 1

    def delete(self, key: str) -> bool:
        """Remove `key`; whether it was there."""
        sql = f"DELETE FROM record {_WHERE} AND key = :key"
        return self._db.write(lambda conn: conn.execute(sql, key=key, **self._row)) == 1

    def keys(self) -> list[str]:
        """Every key, in order of insertion."""
        sql = f"SELECT key FROM record {_WHERE} ORDER BY id"
        return [row[0] for row in self._db.read(lambda conn: conn.all(sql, **self._row))]

    def items(self) -> Iterator[tuple[str, Json]]:
        """Every key and value, in order of insertion, read in pages."""
        after, sql = 0, f"SELECT id, key, value FROM record {_WHERE} AND id > :after ORDER BY id LIMIT 1000"
        while rows := self._page(sql, after):
            yield from ((row["key"], json.loads(row["value"])) for row in rows)
            after = rows[-1]["id"]

    def _page(self, sql: str, after: int) -> list[Any]:
        return list(self._db.read(lambda conn: conn.all(sql, after=after, **self._row)))


_WHERE = "WHERE run_id = :run AND plugin = :plugin AND kind = :kind"
_INSERT = "INSERT INTO record (run_id, plugin, kind, key, value) VALUES (:run, :plugin, :kind, :key, :value)"


class _Log(logging.LoggerAdapter[logging.Logger]):
    """Messages that start with the run's name; the logger's name is the plugin's."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Put the run's name in front."""
        return f"{self.extra['run'] if self.extra else ''}: {msg}", kwargs


class Run:
    """The first argument of every hook."""

    def __init__(
        self, services: RunServices, plugin: str, options: Any, space: str | None = None,
        procedures: Mapping[str, Procedure] | None = None, from_snapshot: bool = False,
        module: Callable[[Path], ModuleType] | None = None,
    ) -> None:  # fmt: skip
        self._services = services
        self.procedures: Mapping[str, Procedure] = procedures or {}
        """The task's `@crowdcore.procedure` functions, by name."""
        self.from_snapshot = from_snapshot
        """Whether the run goes on with its files as they were at launch; False at launch and after `--reload`."""
        self._space = space or plugin
        self._module = module
        self.plugin: str = plugin
        """The name this plugin is registered under: `provider:mturk`, `hooks.py`."""
        self.options: Any = options
        """The plugin's own options; in hooks.py the blueprint's."""
        self.log: logging.LoggerAdapter[logging.Logger] = _Log(
            logging.getLogger(f"crowdcore.plugin.{plugin.replace('.', '_')}"), {"run": services.name}
        )
        self.shared = Shared(services.db, services.run_id)
        """JSON shared by all hooks of the run."""

    def __repr__(self) -> str:
        return f"<Run {self.name} for {self.plugin}>"

    @property
    def id(self) -> int:
        """The run's id."""
        return self._services.run_id

    @property
    def name(self) -> str:
        """The run's name, TASK-NUMBER."""
        return self._services.name

    @property
    def config(self) -> RunConfig:
        """The whole configuration."""
        return self._services.config

    @property
    def args(self) -> Any:
        """The task's own options: an instance of `Args` of hooks.py, or a dict."""
        return self.config.args

    @property
    def task_dir(self) -> Path:
        """The folder of task.yaml."""
        return self.config.task_dir

    def module(self, path: Path) -> ModuleType:
        """The task's own Python file at `path` (an option with `python=True`), loaded once for this run.

        A run that is resumed gets it, and what it imports from beside it, as they were at launch. ConfigError, one
        line (`worlds.py:12: invalid syntax: …`), if it cannot be run.
        """
        if self._module is None:
            raise RunError(f"run {self.name}: plugin {self.plugin} has no local files")
        return self._module(path)

    def records(self, kind: str) -> Records:
        """This plugin's own rows of one kind; no other plugin sees them."""
        return Records(self._services.db, self.id, self._space, kind)

    def serve(
        self, app: Any, *, host: str = "127.0.0.1", port: int = 0,
        ssl_certfile: Path | None = None, ssl_keyfile: Path | None = None,
    ) -> int:  # fmt: skip
        """Serve an ASGI application in this process (for architects); the port it got (0 = any free one).

        RunError if the port is taken, with one that is free.
        """
        return self._services.serve(app, host=host, port=port, ssl_certfile=ssl_certfile, ssl_keyfile=ssl_keyfile)

    def secret(self, name: str) -> bytes:
        """A key (32 bytes) that this installation derives for this plugin, the same in every run."""
        return self._services.secret(f"plugin:{self.plugin}:{name}")

    def visit_returned(self, external_id: str) -> None:
        """The platform says that the visit `external_id` was given back (for `provider_sync`)."""
        self._services.visit_returned(external_id)


def facades(services: RunServices, plugins: RunPlugins) -> Callable[[str], Run]:
    """What makes the `run` of each plugin of a run, by the plugin's name (for `Hooks`)."""
    return lambda plugin: Run(services, plugin, plugins.options(plugin), plugins.space(plugin), **plugins.shown())


@dataclass(frozen=True)
class Message:
    """One live message that came in: `id` is the sender's (a repeat is not delivered), `seat` counts from 0.

    `sender` is the seat's display name, `data` JSON, `at` seconds since the epoch.
    """

    id: str
    seat: int
    agent: Agent
    sender: str
    data: Json
    at: float


class LiveAssignment(Protocol):
    """What `blueprint_live` works with: the people and bots of one assignment, and what they say.

    Every call is stored before it is answered. After a crash `blueprint_live` runs again from its start and gets
    the same answers to the same calls, up to where it was: what else it depends on must come from here (`random`
    instead of the global one, no clock), and calls must not come from several tasks at once. Where a call differs
    from the stored one, `pairing.on_crash` decides.
    """

    @property
    def assignment(self) -> Assignment:
        """The assignment with its item; of a live onboarding `kind` is onboarding and `id` 0."""
        ...

    @property
    def conversation(self) -> int:
        """The id of this attempt at it."""
        ...

    @property
    def agents(self) -> tuple[Agent, ...]:
        """Who takes part, by seat, bots too; fewer than seats if it was launched reduced."""
        ...

    @property
    def seats(self) -> tuple[int, ...]:
        """The seats that are taken, in the order of `agents`."""
        ...

    @property
    def seed(self) -> int:
        """A number of this conversation: the same after a crash."""
        ...

    @property
    def random(self) -> Random:
        """Random numbers of this conversation: the same after a crash."""
        ...

    @property
    def replaying(self) -> bool:
        """Whether answers are still those from before a crash."""
        ...

    def name(self, seat: int) -> str:
        """The display name of a seat: its role, or Person 1, Person 2, …"""
        ...

    def is_bot(self, seat: int) -> bool:
        """Whether a stand-in has this seat."""
        ...

    async def receive(self, timeout: float | None = None, seat: int | None = None) -> Message:
        """The next message of anybody (or of one seat), in the order in which they came.

        TimeoutError after `timeout` seconds (0: what is there now); `crowdcore.live.Left` once somebody is gone for
        good and the conversation is to end.
        """
        ...

    async def send(self, to: int | None, data: Json, *, sender: str | None = None, id: str | None = None) -> None:
        """Deliver `data` to one seat, or to all if `to` is None, in the name of `sender` (a display name).

        Without a sender the task itself speaks. `id` is the message's if one is passed on: the sender's page knows
        its own message by it. ValueError if there is no such seat, TypeError or ValueError if `data` is not JSON.
        """
        ...

    async def turn(self, seat: int | None) -> None:
        """Show everybody whose turn it is (None: nobody's, everybody may write); a bot speaks when it is its turn."""
        ...

    async def form(self, to: int | None, form: Json) -> None:
        """Ask one seat, or all, for structured answers: {"questions": [...]}; they come as a message's data."""
        ...

    async def context(self, to: int | None, context: Json) -> None:
        """Show one seat, or all, something (an object) beside the conversation; a later one replaces it."""
        ...

    async def save(self, data: Json) -> None:
        """Keep JSON with the conversation: for `AgentState.set_conversation` and exports."""
        ...
