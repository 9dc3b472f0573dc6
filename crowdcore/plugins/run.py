"""`run`, as hooks see it: the configuration, JSON that survives a restart, and what a plugin may do.

Each plugin gets its own `Run`: `run.options` are that plugin's, `run.records(kind)` its own rows. No
database session and no table reaches a plugin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from crowdcore.errors import RunError
from crowdcore.plugins.aio import Aio
from crowdcore.plugins.may_block import may_block
from crowdcore.plugins.records import Records, Shared

if TYPE_CHECKING:
    from crowdcore.plugins.configuration import Configuration
    from crowdcore.store import Database


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
    def config(self) -> Configuration:
        """The configuration as it is now (`crowd set` may change a few options)."""
        ...

    def serve(
        self, app: Any, *, host: str, port: int, ssl_certfile: Path | None, ssl_keyfile: Path | None,
        trusted_proxies: Sequence[str] = (),
    ) -> int:  # fmt: skip
        """Serve an ASGI application in this process; the port it really got."""
        ...

    def visit_returned(self, external_id: str) -> bool:
        """The platform says that this visit was given back; whether work ended by that."""
        ...

    def secret(self, label: str) -> bytes:
        """A key (32 bytes) of this installation, its own for each label."""
        ...


class _Log(logging.LoggerAdapter[logging.Logger]):
    """Messages that start with the run's name; the logger's name is the plugin's."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Put the run's name in front."""
        return f"{self.extra['run'] if self.extra else ''}: {msg}", kwargs


class Run:
    """The first argument of every hook."""

    def __init__(
        self, services: RunServices, plugin: str, options: Any, space: str | None = None,
        procedures: Mapping[str, Callable[..., Any]] | None = None, from_snapshot: bool = False,
        module: Callable[[Path], ModuleType] | None = None,
    ) -> None:  # fmt: skip
        self._services = services
        self.procedures: Mapping[str, Callable[..., Any]] = procedures or {}
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
        self.aio = Aio(self.shared, self.records, self.serve, self.visit_returned)
        """The calls of `run` that block, for coroutines: `await run.aio.shared.get(key)`."""

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
    def config(self) -> Configuration:
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
        ssl_certfile: Path | None = None, ssl_keyfile: Path | None = None, trusted_proxies: Sequence[str] = (),
    ) -> int:  # fmt: skip
        """Serve an ASGI application in this process (for architects); the port it got (0 = any free one).

        `trusted_proxies` are the addresses and networks ("10.0.0.0/8") of proxies: X-Forwarded-For and -Proto are
        believed from there, and from nowhere else. RunError if the port is taken, with one that is free.
        """
        may_block("serve(…)")
        more = {"trusted_proxies": tuple(trusted_proxies)} if trusted_proxies else {}
        return self._services.serve(
            app, host=host, port=port, ssl_certfile=ssl_certfile, ssl_keyfile=ssl_keyfile, **more
        )

    def secret(self, name: str) -> bytes:
        """A key (32 bytes) that this installation derives for this plugin, the same in every run."""
        return self._services.secret(f"plugin:{self.plugin}:{name}")

    def visit_returned(self, external_id: str) -> bool:
        """The platform says that the visit `external_id` was given back (for `provider_sync`): its open work ends.

        Whether anything ended. What was submitted stays submitted, and owed: the operator is told, once.
        """
        may_block("visit_returned(…)")
        return self._services.visit_returned(external_id)
