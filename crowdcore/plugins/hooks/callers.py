"""How each kind of hook is called. Only this package touches pluggy's hook objects.

Owner: the first implementation answers, `inner` reaches the next. Decision and listener: all are asked,
hooks.py first, and each failure is told apart by its plugin. Work goes to the threads of its kind
(`crowdcore.base.limiter`), unless the implementation is marked nonblocking.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from crowdcore.base.faults import described, place
from crowdcore.base.limiter import Busy, Limiters, Overrun
from crowdcore.errors import CrowdError, HookFailed, PluginError
from crowdcore.plugins.checks import HOOKS, INNER, arguments
from crowdcore.plugins.manager import CORE
from crowdcore.plugins.markers import NotInPlace

if TYPE_CHECKING:
    from crowdcore.plugins.manager import RunPlugins
    from crowdcore.plugins.run import Run

T = TypeVar("T")
log = logging.getLogger("crowdcore.hooks")

_KIND_OF_WORK = {
    "blueprint_task_data": "build",
    "blueprint_gate_data": "build",
    "blueprint_build": "build",
    "blueprint_frontend": "build",
    "blueprint_call": "procedures",
    "blueprint_cleanup": "live",
    "blueprint_simulate": "review",
    "blueprint_render": "review",
    "architect_deploy": "build",
    "architect_status": "build",
    "architect_shutdown": "build",
    "provider_identify": "claims",
    "provider_is_blocked": "claims",
    "provider_complete": "completions",
    "provider_page": "claims",
    "plugin_close": "review",
    "register_admin_pages": "build",
    "register_admin_routes": "build",
    "register_gates": "build",
    "register_metrics": "build",
    "register_routes": "build",
}


_AGAIN = 60.0
"""Seconds after which the operator reads again that the same code is too slow."""


def kind_of_work(hook: str) -> str:
    """Which threads a hook's implementations run on."""
    return _KIND_OF_WORK.get(hook, "provider" if hook.startswith("provider_") else "claims")


@dataclass(frozen=True)
class Implementation:
    """One plugin's answer to one hook."""

    plugin: str
    label: str
    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]
    nonblocking: bool

    @property
    def author(self) -> str:
        """Who is to be told of its faults: an installed plugin by distribution and version, else its name."""
        return self.label if self.label.endswith(")") else self.plugin


class Result(NamedTuple):
    """What one plugin answered to a decision hook: a value or the failure."""

    source: Implementation
    value: Any
    error: CrowdError | None


class Callers:
    """The three ways to call a hook, for the plugins of one run.

    `facade_for` makes the `run` argument of a plugin (by its name); it is asked once per plugin.
    """

    def __init__(self, plugins: RunPlugins, facade_for: Callable[[str], Run], limiters: Limiters | None = None) -> None:
        self._facade_for = facade_for
        self._facades: dict[str, Run] = {}
        self._limiters = limiters or Limiters()
        self._seconds: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._chains = {hook: _chain(plugins, hook) for hook in HOOKS}

    def has(self, hook: str) -> bool:
        """Whether a plugin implements this hook; the core's defaults do not count."""
        return any(source.plugin != CORE for source in self._chains[hook])

    def implementers(self, hook: str) -> list[str]:
        """The plugins that are asked, first one first; `core` for the defaults."""
        return [source.plugin for source in self._chains[hook]]

    def author(self, hook: str) -> str:
        """Whose implementation of `hook` counts, as messages call it."""
        return self._chains[hook][0].author

    def limit(self, hook: str, seconds: float) -> None:
        """From now on a call of `hook` may take so long, whatever its kind of work may."""
        self._seconds[hook] = seconds

    def close(self) -> None:
        """Let idle threads end."""
        self._limiters.close()

    def answers_in_place(self, hook: str) -> bool:
        """Whether an owner hook is asked without a thread: all that it can reach only computes."""
        return _in_place(self._chains[hook])

    async def aside(
        self, kind: str, hook: str, what: Callable[[], str], call: Callable[[], T], key: Hashable = None
    ) -> T:
        """What `call()` answers, code that came with the answer of `hook`, on the threads of `kind`.

        HookFailed if it takes too long (the operator reads so once a minute; `what` is asked then what it was) or finds
        no free thread; what it raises passes through.
        """
        limiter = self._limiters.get(kind)
        try:
            return await limiter.run(call, key)
        except Busy:
            raise HookFailed(self.author(hook), what(), "busy", "too many calls at once; try again soon") from None
        except Overrun:
            failure = HookFailed(self.author(hook), what(), "timeout", f"took longer than {limiter.limit:g} seconds")
            self._tell_once(failure)
            raise failure from None

    def _tell_once(self, failure: HookFailed) -> None:
        now = time.monotonic()
        if now - self._told.get(failure.hook, float("-inf")) >= _AGAIN:
            self._told[failure.hook] = now
            log.error("%s; workers are asked to try again", failure)
        failure.told = True

    async def _owner(self, hook: str, key: Hashable = None, /, **given: Any) -> Any:
        """The answer of the first implementation (a plain hook).

        PluginError if nobody implements it or the answer is None where it must not be; HookFailed if it
        raises, overruns or finds no free thread; a CrowdError that the plugin raises passes through.
        """
        chain = self._chains[hook]
        return await self._run(_first(hook, chain), lambda: self._answer(chain, 0, given), _in_place(chain), key)

    async def _owner_async(self, hook: str, /, **given: Any) -> Any:
        """The answer of the first implementation of an `async def` hook, awaited on the loop."""
        chain = self._chains[hook]
        _first(hook, chain)
        return await self._answer_async(chain, 0, given)

    def _owner_here(self, hook: str, /, **given: Any) -> Any:
        """As `_owner`, on the calling thread and without a time limit."""
        chain = self._chains[hook]
        _first(hook, chain)
        return self._answer(chain, 0, given)

    async def _ask(self, hook: str, /, **given: Any) -> list[Result]:
        """What every implementation answers, hooks.py first; exceptions become failures, logged here.

        HookFailed if one overran or found no free thread: then nothing was decided.
        """
        results = []
        for source in self._chains[hook]:
            try:
                value = await self._run(source, self._bound(source, given), source.nonblocking, None)
                results.append(Result(source, value, None))
            except HookFailed as error:
                report(error, given)
                if error.reason != "error":
                    raise
                results.append(Result(source, None, error))
            except CrowdError as error:
                log.error("%s of %s: %s", hook, source.label, error)
                results.append(Result(source, None, error))
        return results

    async def _listen(self, hook: str, event: Any) -> None:
        """Tell every implementation, one after the other; a failure is logged and harms nobody else."""
        for source in self._chains[hook]:
            try:
                await self._run(source, self._bound(source, {"event": event}), source.nonblocking, None)
            except HookFailed as error:
                report(error, {"event": event})
            except CrowdError as error:
                log.error("%s of %s: %s", hook, source.label, error)

    async def _contributions(self, hook: str, /, **given: Any) -> list[Result]:
        """What every implementation adds, hooks.py first; the first failure is raised."""
        return [
            Result(source, await self._run(source, self._bound(source, given), source.nonblocking, None), None)
            for source in self._chains[hook]
        ]

    async def added(self, author: str, what: str, call: Callable[[], T], seconds: float | None = None) -> T:
        """What something answers that a plugin has added (a page, a metric), on a thread; HookFailed names both."""

        def guarded() -> T:
            try:
                return call()
            except CrowdError:
                raise
            except BaseException as error:
                raise HookFailed(author, what, "error", described(error) + place(error, outside=_HERE)) from error

        limiter = self._limiters.get("review")
        try:
            return await limiter.run(guarded, None, seconds)
        except Busy:
            raise HookFailed(author, what, "busy", "too many calls at once; try again soon") from None
        except Overrun:
            detail = f"took longer than {seconds or limiter.limit:g} seconds"
            raise HookFailed(author, what, "timeout", detail) from None

    async def _close(self, hook: str, seconds: float) -> None:
        """Call every implementation, one after the other, each for so long at most; a failure is for the log."""
        self.limit(hook, seconds)
        for source in self._chains[hook]:
            try:
                await self._run(source, self._bound(source, {}), source.nonblocking, None)
            except CrowdError as error:
                log.error("%s of %s: %s", hook, source.label, error, exc_info=error.__cause__)

    async def _run(self, source: Implementation, call: Callable[[], T], in_place: bool, key: Hashable) -> T:
        if in_place:
            with suppress(NotInPlace):  # it would take long: on a thread, then
                return _guarded(source, call)
        kind = "listener" if HOOKS[source.hook].kind == "listener" else kind_of_work(source.hook)
        limiter = self._limiters.get(kind, source.plugin if kind == "listener" else "")
        try:
            return await limiter.run(lambda: _guarded(source, call), key, self._seconds.get(source.hook))
        except Busy:
            raise HookFailed(source.author, source.hook, "busy", "too many calls at once; try again soon") from None
        except Overrun:
            detail = f"took longer than {self._seconds.get(source.hook, limiter.limit):g} seconds"
            raise HookFailed(source.author, source.hook, "timeout", detail) from None

    def _answer(self, chain: Sequence[Implementation], at: int, given: dict[str, Any]) -> Any:
        source = chain[at]

        def inner(**changed: Any) -> Any:
            return self._answer(chain, _next(chain, at), _changed(source, given, changed))

        value = _guarded(source, self._bound(source, given, inner))
        return _checked(source, value)

    async def _answer_async(self, chain: Sequence[Implementation], at: int, given: dict[str, Any]) -> Any:
        source = chain[at]

        async def inner(**changed: Any) -> Any:
            return await self._answer_async(chain, _next(chain, at), _changed(source, given, changed))

        call = self._bound(source, given, inner)
        try:
            return _checked(source, await call())
        except CrowdError:
            raise
        except (Exception, SystemExit) as error:  # a hook's sys.exit() must not end the server
            raise failed(source, error) from error

    def _bound(
        self, source: Implementation, given: dict[str, Any], inner: Callable[..., Any] | None = None
    ) -> Callable[[], Any]:
        values = {**given, "run": self._facade(source.plugin), INNER: inner}
        taken = {name: values[name] for name in source.arguments if name in values}
        return lambda: source.function(**taken)

    def _facade(self, plugin: str) -> Run:
        if plugin not in self._facades:
            self._facades[plugin] = self._facade_for(plugin)
        return self._facades[plugin]


def _chain(plugins: RunPlugins, hook: str) -> tuple[Implementation, ...]:
    """The implementations of a hook in the order in which they are asked."""
    caller = getattr(plugins.manager.hook, hook)
    return tuple(
        Implementation(
            plugin=found.plugin_name,
            label=plugins.registered[found.plugin_name].label,
            hook=hook,
            function=found.function,
            arguments=arguments(found.function),
            nonblocking=bool(getattr(found.function, "crowdcore_nonblocking", False)),
        )
        for found in reversed(caller.get_hookimpls())
    )


def _first(hook: str, chain: Sequence[Implementation]) -> Implementation:
    if not chain:
        kind = hook.partition("_")[0]
        whose = kind if kind in ("blueprint", "provider", "architect") else "plugin"
        raise PluginError(f"the {whose} of this run does not implement {hook}; write it in hooks.py, or choose another")
    return chain[0]


def _in_place(chain: Sequence[Implementation], at: int = 0) -> bool:
    """Whether an answer needs no thread: everything that it can reach through `inner` only computes."""
    source = chain[at]
    if not source.nonblocking:
        return False
    return INNER not in source.arguments or at + 1 >= len(chain) or _in_place(chain, at + 1)


def _next(chain: Sequence[Implementation], at: int) -> int:
    if at + 1 == len(chain):
        source = chain[at]
        raise PluginError(f"{source.hook} of {source.label} called inner(), but nothing else implements this hook")
    return at + 1


def _changed(source: Implementation, given: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    for name in changed:
        if name not in given:
            offered = f"it takes {', '.join(given)}" if given else "it takes none"
            raise PluginError(f"{source.hook} of {source.label} called inner() with the argument {name!r}; {offered}")
    return {**given, **changed}


def wanted(answer: str) -> str:
    """What a hook answers, in words for a message."""
    return "a value that is not None" if answer == "Any" else answer


def _checked(source: Implementation, value: Any) -> Any:
    spec = HOOKS[source.hook]
    if value is None and not spec.may_be_none:
        raise PluginError(f"{source.hook} of {source.label} answered None; the hook wants {wanted(spec.answer)}")
    return value


def _guarded(source: Implementation, call: Callable[[], T]) -> T:
    try:
        return call()
    except (CrowdError, NotInPlace):
        raise
    except BaseException as error:  # also a hook's sys.exit(), which must not end the server
        if isinstance(error, KeyboardInterrupt):
            raise
        raise failed(source, error) from error


def failed(source: Implementation, error: BaseException) -> HookFailed:
    """The failure of an implementation in one line: what was raised and where."""
    code = getattr(source.function, "__code__", None)
    own = "" if code is None else place(error, code.co_filename)
    return HookFailed(source.author, source.hook, "error", described(error) + (own or place(error, outside=_HERE)))


def report(error: HookFailed, given: dict[str, Any]) -> None:
    """Show the operator a failure with plugin, hook, and whom or what it was about."""
    about = [f"{name} {_about(value)}" for name, value in given.items() if _about(value)]
    log.error("%s%s", error, f" [{', '.join(about)}]" if about else "", exc_info=error.__cause__)
    error.told = True


def _about(value: Any) -> str:
    found = getattr(value, "name", None) or getattr(value, "id", None) or getattr(value, "event", None)
    return str(found) if isinstance(found, str | int) else ""


_HERE = __file__.rpartition("/hooks/")[0] + "/hooks/"
