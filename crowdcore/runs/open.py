"""From a configuration to a served page: the steps of a launch or a resume, in order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crowdcore.base.secret import derive
from crowdcore.errors import ConfigError, CrowdError
from crowdcore.plugins import catalogue, results
from crowdcore.plugins.hooks import Hooks
from crowdcore.runs import private_files, reload
from crowdcore.runs.launcher import Ahead, Launcher
from crowdcore.runs.serve import Serving
from crowdcore.state import AgentState, canonical
from crowdcore.store import FileStore
from crowdcore.store.queries import known_items, outbox, qualifications, runs, units, uploads
from crowdcore.work import gates
from crowdcore.work.context import RunContext, blueprint_says, provider_says
from crowdcore.work.counters import Counters
from crowdcore.work.preview import facts
from crowdcore.work.service import Work
from crowdcore.work.service_clock import ServiceClock
from crowdcore.work.url_params import Kept

if TYPE_CHECKING:
    from crowdcore.runs.setup import Setup
    from crowdcore.runs.watch import Watch
    from crowdcore.store import Conn

_NO_ITEM = object()
MORE_SECONDS = 2.0
"""Seconds that somebody who found no unit waits for the launcher."""
_STALE = 86400.0
"""Seconds after which an upload that never ended is deleted."""


@dataclass
class Opened:
    """A run that serves pages. `launched` resolves to the units launched once the first ones are there."""

    context: RunContext
    counters: Counters
    serving: Serving
    launcher: Launcher
    work: Work
    url: str
    admin_url: str | None
    launched: Future[int]


async def open_run(setup: Setup) -> Opened:
    """Check, build and serve the run. Raises ConfigError, PluginError or RunError; nothing is left running then."""
    serving = Serving(setup)
    hooks = Hooks(setup.plugins, serving.facade_for)
    try:
        return await _open(setup, serving, hooks)
    except BaseException:
        await serving.close()
        await serving.close_plugins(hooks)
        hooks.close()
        raise


async def _open(setup: Setup, serving: Serving, hooks: Hooks) -> Opened:
    results.needed(hooks)
    prepared = await asyncio.to_thread(_gates, hooks, setup)
    problems = await hooks.provider_check() if setup.unproven else []
    if problems:
        raise ConfigError.many([f"provider {setup.config.provider.type!r}: {p}" for p in problems])
    await serving.stand_ins.prepare()
    await hooks.provider_register()
    items = await asyncio.to_thread(_task_data, hooks, setup)
    build = setup.folder / "build"
    await _build(hooks, build)
    await asyncio.to_thread(private_files.check, setup, build)
    counters = await setup.db.aread(
        lambda c: Counters.start(c, setup.row.id, setup.row.name, setup.config.task.reward, setup.row.currency)
    )
    context = await _context(setup, serving, hooks)
    context.gates = prepared
    await asyncio.to_thread(gates.check_items, context.state_class, prepared)
    items = await asyncio.to_thread(_checked, context.state_class, items, _first_ordinal(setup))
    if setup.reload:
        found = await asyncio.to_thread(reload.compare, setup, items, context.state_class.check_item)
        await asyncio.to_thread(reload.apply, setup, found)
        items, counters.exhausted = found.rest, counters.exhausted and not found.more
    await asyncio.to_thread(
        context.files.sweep, _STALE, lambda sha256: setup.db.read(lambda c: uploads.is_named(c, sha256))
    )
    launcher = _launcher(context, items, setup, serving.watch)
    context.more_units = _more(launcher)
    work = Work(context)
    await _live(context, setup)
    app = await serving.application(context, work, counters, build)
    try:
        answer = await hooks.architect_deploy(app)
    except BaseException:
        await _no_live(context)
        raise
    try:
        url = results.address(hooks, answer)
        serving.reached_at(url)
        admin_url = await serving.admin()
        await setup.db.awrite(lambda c: _served(c, setup, url))
    except BaseException:
        await _no_live(context)
        if setup.fresh:  # what it put up may cost money
            with contextlib.suppress(CrowdError):
                await hooks.architect_shutdown()
        raise
    return Opened(context, counters, serving, launcher, work, url, admin_url, Future())


async def _live(context: RunContext, setup: Setup) -> None:
    """Where people work together: what goes on is taken up again before anybody can come."""
    if not context.hooks.has("blueprint_live"):
        return
    from crowdcore.live.engine import Live  # 50 ms of a start that most tasks do not need

    live = Live(context, onboarding=bool(blueprint_says(setup.plugins, "live_onboarding", False)))
    context.live = live
    await live.resume()


async def _no_live(context: RunContext) -> None:
    if context.live is not None:
        await context.live.close()


def _gates(hooks: Hooks, setup: Setup) -> gates.Gates:
    """What the run's gates need; ConfigError with every contradiction among their options."""
    seed = derive(setup.secret_key, f"gates:{setup.row.identity}").hex()
    screened = setup.db.read(lambda c: known_items.agents_in_run(c, setup.row.id, "screening"))
    meaning = None
    if setup.unproven:
        names = setup.db.read(qualifications.names)
        meaning = gates.Known(names, catalogue().names("provider"))
    return gates.Checker(setup.config, hooks).prepare(seed, screened, meaning)


def _served(conn: Conn, setup: Setup, url: str) -> None:
    """Where the run is; the qualifications that its task brings are known from now on, also to other tasks."""
    runs.set_url(conn, setup.row.id, url)
    if setup.unproven:
        for name in gates.defined(setup.config.gates):
            qualifications.define(conn, name, setup.clock.now())


def _task_data(hooks: Hooks, setup: Setup) -> Iterator[Any]:
    """The items from where launching goes on (all of them, if the data is new); the first is made here, so that bad
    data stops the launch."""
    if not setup.reload and (setup.row.exhausted or setup.row.status == "draining"):
        return iter(())
    start = _first_ordinal(setup)
    items = iter(hooks.task_data(start))
    first = next(items, _NO_ITEM)
    if first is _NO_ITEM:
        if start:
            return iter(())
        raise ConfigError(f"blueprint {setup.config.blueprint.type!r}: the task data has no items; add at least one")
    try:
        canonical(first)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"task data, item {start}: not JSON: {error}") from None
    return itertools.chain([first], items)


def _first_ordinal(setup: Setup) -> int:
    return 0 if setup.reload else setup.row.next_ordinal


def _checked(cls: type[AgentState], items: Iterator[Any], start: int) -> Iterator[Any]:
    """`items` that the run's AgentState lets pass, numbered from `start`; the first one is looked at here."""
    if cls.check_item.__func__ is AgentState.check_item.__func__:  # type: ignore[attr-defined]
        return items

    def checked() -> Iterator[Any]:
        for number, item in enumerate(items, start):
            try:
                cls.check_item(item)
            except ValueError as error:
                raise ConfigError(f"task data, item {number}: {error}") from None
            yield item

    passed = checked()
    first = next(passed, _NO_ITEM)
    return passed if first is _NO_ITEM else itertools.chain([first], passed)


async def _build(hooks: Hooks, build: Path) -> None:
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    await hooks.blueprint_build(build)
    await asyncio.to_thread(results.page, hooks, build)


async def _context(setup: Setup, serving: Serving, hooks: Hooks) -> RunContext:
    row, added = setup.row, await hooks.register_gates()
    serving.gates = added
    results.gates(added)
    cls = await hooks.agent_state()
    await hooks.aside("build", "agent_state", lambda: f"class {cls.__name__}", lambda: results.state_class(hooks, cls))
    return RunContext(
        db=setup.db, run_id=row.id, task_id=row.task_id, name=row.name, config=setup.config, hooks=hooks,
        clock=setup.clock, service=ServiceClock(setup.clock, row.service_time),
        files=FileStore(setup.db.folder / "files"), folder=setup.folder, provider=row.provider,
        currency=row.currency, state_class=cls,
        frontend={**facts(setup.config), **await hooks.blueprint_frontend()}, provider_page=await hooks.provider_page(),
        kept=Kept(
            setup.config.task.visit_params, blueprint_says(setup.plugins, "visit_params", ()),
            provider_says(setup.plugins, "visit_params", None),
        ),
        extra_gates=added,
        delivers=frozenset(provider_says(setup.plugins, "delivers", ())),
        facade_for=serving.facade_for, stand_ins=serving.stand_ins,
        accepting=row.status in ("launching", "running", "stopped"),
        draining=row.status == "draining", strangers=bool(provider_says(setup.plugins, "strangers", False)),
    )  # fmt: skip


def _launcher(context: RunContext, items: Iterator[Any], setup: Setup, watch: Watch) -> Launcher:
    def ahead(conn: Conn) -> Ahead:
        count, special = units.counts(conn, context.run_id), units.special_counts(conn, context.run_id)
        opened = sum(count.get(s, 0) for s in ("created", "launched", "assigned"))
        lost = sum(count.get(s, 0) for s in ("expired", "rejected"))
        promised = sum(count.values()) - lost + sum(n for s, n in special.items() if s not in ("expired", "rejected"))
        besides = 0
        if context.config.task.budget is not None:
            besides = int(outbox.besides(conn, context.run_id) * units.MICROS)
        return Ahead(count.get("launched", 0), opened, promised * context.pay_micros + besides)

    return Launcher(context, items, setup.row.next_ordinal, ahead, watch)


def _more(launcher: Launcher) -> Any:
    async def more() -> bool | None:
        """Whether units were added: waits for the launcher to look, at most 2 s. None if it did not by then."""
        if launcher.idle:
            return False
        return await asyncio.to_thread(launcher.look_again, MORE_SECONDS)

    return more
