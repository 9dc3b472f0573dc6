"""What authors of plugins hand to the core, checked at the door: each fault is one line that names its author."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args
from urllib.parse import quote, urlsplit

from crowdcore.base.faults import described, shown
from crowdcore.errors import HookFailed, PluginError
from crowdcore.plugins.state_code import saved_text
from crowdcore.state import AgentState, canonical
from crowdcore.types import AdminPage, Completion, Identity, Refusal

if TYPE_CHECKING:
    from crowdcore.plugins.hooks import Contributed, Hooks

T = TypeVar("T")
NEEDED = ("architect_deploy", "blueprint_task_data", "blueprint_build")
_KINDS = get_args(inspect.get_annotations(Completion, eval_str=True)["kind"])


def author(hooks: Hooks, hook: str) -> str:
    """The plugin whose answer to an owner hook counts, as messages call it."""
    return hooks.author(hook)


def needed(hooks: Hooks) -> None:
    """PluginError with a line for each hook without a default that nobody implements: no run can do without."""
    missing = [hook for hook in NEEDED if not hooks.implementers(hook)]
    if missing:
        raise PluginError.many([
            f"the {hook.partition('_')[0]} of this run does not implement {hook}; write it in hooks.py, "
            "or choose another" for hook in missing
        ])  # fmt: skip


def page(hooks: Hooks, build: Path) -> None:
    """PluginError if there is no page to serve."""
    if not (build / "index.html").is_file():
        raise PluginError(
            f"blueprint_build of {author(hooks, 'blueprint_build')} wrote no index.html into its build_dir; "
            "that is the page that workers see"
        )


def address(hooks: Hooks, url: str) -> str:
    """The architect's URL with a slash at its end; PluginError if it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise PluginError(
            f"architect_deploy of {author(hooks, 'architect_deploy')} answered {url!r}; "
            "the hook wants an address like http://localhost:3000/"
        )
    return url.rstrip("/") + "/"


def state_class(hooks: Hooks, cls: type[AgentState]) -> type[AgentState]:
    """`cls`, once an empty state went to text and back; PluginError if work could be lost with it."""
    label = f"agent_state of {author(hooks, 'agent_state')}: class {cls.__name__}"
    if cls.save_data is AgentState.save_data:
        unsaved = _unsaved(cls)
        if unsaved:
            raise PluginError(f"{label} would not store {', '.join(unsaved)}; write @dataclass above it")
    try:
        cls()
    except Exception as error:
        raise PluginError(
            f"{label} cannot be made without arguments: {described(error)}; give each field a default"
        ) from None
    try:
        cls.load_data(saved_text(cls().save_data()))
    except Exception as error:
        raise PluginError(f"{label} cannot load what it saved: {described(error)}") from None
    return cls


def _unsaved(cls: type) -> list[str]:
    """Fields that a subclass names without being a dataclass itself, which dataclasses do not see."""
    known = {field.name for field in fields(cls)} if is_dataclass(cls) else set()
    named = [name for base in cls.__mro__ for name, kind in vars(base).get("__annotations__", {}).items()
             if issubclass(base, AgentState) and "ClassVar" not in str(kind)]  # fmt: skip
    return sorted(set(named) - known)


def gates(contributed: Iterable[Contributed]) -> None:
    """PluginError for what cannot be asked as a gate."""
    for _, gate, author in contributed:
        if not isinstance(getattr(gate, "name", None), str) or not callable(getattr(gate, "check", None)):
            raise PluginError(
                f"register_gates of {author} answered {shown(gate)}; a gate has a `name` and `check(run, worker)`"
            )


def routes(contributed: Iterable[Contributed], hook: str = "register_routes") -> None:
    """PluginError for what is no route."""
    for _, route, author in contributed:
        if not callable(getattr(route, "matches", None)):
            raise PluginError(
                f"{hook} of {author} answered {shown(route)}; the hook wants routes of starlette.routing "
                "(Route, Mount, WebSocketRoute)"
            )


def admin_pages(contributed: Iterable[Contributed]) -> None:
    """PluginError for what cannot be shown, or has an address that is taken."""
    taken = set()
    for plugin, page, author in contributed:
        says = f"register_admin_pages of {author} answered"
        if not isinstance(page, AdminPage) or not isinstance(page.title, str) or not page.title.strip():
            raise PluginError(f"{says} {shown(page)}; the hook wants crowdcore.AdminPage objects, each with a title")
        if page.content is not None and not callable(page.content):
            raise PluginError(f"{says} the page {page.title!r}, whose content cannot be called")
        if not isinstance(page.path, str) or quote(page.path, safe="/") != page.path or page.path.startswith("/"):
            raise PluginError(f"{says} the page {page.title!r} at {page.path!r}; a path is as in 'birds'")
        if (plugin, page.path) in taken:
            raise PluginError(f"{says} two pages at {page.path!r}; give one another path")
        taken.add((plugin, page.path))


def completion(hooks: Hooks, found: Completion) -> Completion:
    """`found`, if a page can follow it; HookFailed otherwise."""
    wrong = None
    if found.kind not in _KINDS:
        wrong = f"kind {found.kind!r} is none of {', '.join(_KINDS)}"
    elif found.kind != "thanks" and not isinstance(found.url, str):
        wrong = f"a {found.kind} needs a url"
    else:
        try:
            canonical(found.document())
        except (TypeError, ValueError) as error:
            wrong = f"its fields are not JSON: {error}"
    if wrong is not None:
        raise HookFailed(author(hooks, "provider_complete"), "provider_complete", "error", wrong)
    return found


async def answer(hooks: Hooks, hook: str, asked: Awaitable[T]) -> T:
    """What an owner hook answers a worker's request; an answer it may not give is a failure like any other.

    HookFailed, so that the page hears of the task's own fault and the operator of the plugin.
    """
    try:
        return await asked
    except PluginError as error:
        _, answered, rest = str(error).partition(" answered ")
        raise HookFailed(author(hooks, hook), hook, "error", (answered + rest).strip() or str(error)) from None


def identity(hooks: Hooks, found: Identity | Refusal) -> Identity | Refusal:
    """`found`, if its names are texts; HookFailed otherwise."""
    texts = [found.worker_name, found.visit_id] if isinstance(found, Identity) else [found.text]
    params = list(found.params.items()) if isinstance(found, Identity) else []
    if all(isinstance(t, str | None) for t in texts) and all(isinstance(t, str) for pair in params for t in pair):
        return found
    raise HookFailed(
        author(hooks, "provider_identify"), "provider_identify", "error",
        f"answered {shown(found)}; worker_name, visit_id and params are texts",
    )  # fmt: skip


def json_value(hooks: Hooks, hook: str, value: Any) -> Any:
    """What an owner hook answered, if it can be written as JSON; HookFailed otherwise."""
    json_text(hooks, hook, value)
    return value


def json_text(hooks: Hooks, hook: str, value: Any) -> str:
    """What an owner hook answered, as canonical JSON text; HookFailed if it has none."""
    try:
        return canonical(value)
    except (TypeError, ValueError) as error:
        raise HookFailed(author(hooks, hook), hook, "error", f"the answer is not JSON: {error}") from None
