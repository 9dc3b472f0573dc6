"""The author's world file: what it must define, how its functions are called, and where it fails."""

from __future__ import annotations

import ast
import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from blueprint_parlai_chat.acts import NoAct
from blueprint_parlai_chat.bot_local import INSTALL
from blueprint_parlai_chat.randomness import seed_names
from crowdcore.errors import ConfigError, CrowdError

ONBOARDING = "make_onboarding_world"
_HINTS = {
    "parlai": f"this world needs ParlAI: {INSTALL}",
    "mephisto": "the errors and base classes are in blueprint_parlai_chat.worlds: import them from there",
}
_METHODS = ("parley", "episode_done", "shutdown")


class WorldFailed(CrowdError):
    """A world raised, or gave what no world may; one line that names the world file and its line."""

    exit_code = 1


class InitializationData(dict[str, Any]):
    """The row of a conversation, as `make_world` gets it; `shared` is the row too, `unit_data` holds nothing."""

    def __init__(self, row: dict[str, Any], agents: int) -> None:
        super().__init__(row)
        self.shared = self
        self.unit_data: list[dict[str, Any]] = [{} for _ in range(agents)]


class WorldFile:
    """A loaded world file that has been looked at; ConfigError with every fault."""

    def __init__(self, module: ModuleType, path: Path) -> None:
        self.module = module
        self.path = path
        problems = [
            f"{path.name}: has no {name}; write def {name}"
            for name in ("make_world(opt, agents)", "get_world_params()")
            if not callable(getattr(module, name.partition("(")[0], None))
        ]
        if problems:
            raise ConfigError.many(problems)
        self.agent_count = self._count()
        seed_names(module)

    @classmethod
    def load(cls, load: Callable[[Path], ModuleType], path: Path) -> WorldFile:
        """Run the file; where it lacks a package, ConfigError says what to type."""
        try:
            module = load(path)
        except ConfigError as error:
            cause = error.__cause__
            missing = (cause.name or "").partition(".")[0] if isinstance(cause, ModuleNotFoundError) else ""
            if missing not in _HINTS:
                raise
            raise ConfigError(f"{error}; {_HINTS[missing]}") from cause
        return cls(module, path)

    @property
    def has_onboarding(self) -> bool:
        """Whether it has a world for onboarding."""
        return callable(getattr(self.module, ONBOARDING, None))

    def make(self, opt: dict[str, Any], agents: list[Any], row: dict[str, Any]) -> Any:
        """The world of one conversation. WorldFailed if what comes is none."""
        return self._made("make_world", opt, agents, InitializationData(row, len(agents)))

    def make_onboarding(self, opt: dict[str, Any], agent: Any, row: dict[str, Any]) -> Any:
        """The world of one person's onboarding."""
        return self._made(ONBOARDING, opt, agent, InitializationData(row, 1))

    def judge(self, data: dict[str, Any]) -> bool | None:
        """What `validate_onboarding` says; None without one."""
        function = getattr(self.module, "validate_onboarding", None)
        if function is None:
            return None
        with self.faults("validate_onboarding"):
            return bool(function(data))

    def faults(self, doing: str) -> Faults:
        """`with world_file.faults("parley"):` what is raised becomes a WorldFailed that says where."""
        return Faults(self, doing)

    def _made(self, name: str, *given: Any) -> Any:
        function = getattr(self.module, name)
        with self.faults(name):
            world = function(*given) if _takes_row(function) else function(*given[:2])
        lacking = [method for method in _METHODS if not callable(getattr(world, method, None))]
        if lacking:
            kind = type(world).__name__
            raise WorldFailed(f"{self.path.name}: {name} gave a {kind}, which has no {', '.join(lacking)}")
        return world

    def _count(self) -> int:
        try:
            said = self.module.get_world_params()
        except Exception as error:
            raise ConfigError(
                f"{where(self.path, error) or self.path.name}: get_world_params: {told(error)}"
            ) from error
        count = said.get("agent_count") if isinstance(said, dict) else None
        if isinstance(count, int) and not isinstance(count, bool) and count >= 1:
            return count
        raise ConfigError(
            f'{self.path.name}: get_world_params() must give {{"agent_count": N}}, N from 1, not {said!r}'
        )


class Faults:
    """See WorldFile.faults."""

    def __init__(self, file: WorldFile, doing: str) -> None:
        self._file = file
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        from blueprint_parlai_chat.worlds import AbsentAgentError

        if isinstance(error, AbsentAgentError) and hasattr(error, "ends"):
            return  # it is about a person, not about the world
        if isinstance(error, Exception | SystemExit) and not isinstance(error, CrowdError):
            at = where(self._file.path, error) or self._file.path.name
            raise WorldFailed(f"{at}: {told(error)} (in {self._doing})") from error


def where(path: Path, error: BaseException) -> str | None:
    """`worlds.py:31`: the last line of the file that `error` came through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path.name}:{lines[-1]}" if lines else None


def told(error: BaseException) -> str:
    """`KeyError: 'topic'`, one line."""
    text = " ".join(str(error).split())
    kind = "what was observed is no act" if isinstance(error, NoAct) else type(error).__name__
    return f"{kind}: {text[:300]}" if text else kind


def _takes_row(function: Callable[..., Any]) -> bool:
    """Whether a function wants `initialization_data`, as its third argument or by any name."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(places) >= 3 or any(p.kind is p.VAR_POSITIONAL for p in parameters)


def declared_count(path: Path) -> int | None:
    """The agent_count that a world file's `get_world_params` writes out, without running the file; None if unclear."""
    function = _functions(path).get("get_world_params")
    for node in ast.walk(function) if function is not None else ():
        if isinstance(node, ast.Return) and node.value is not None:
            try:
                said = ast.literal_eval(node.value)
            except ValueError:
                return None
            count = said.get("agent_count") if isinstance(said, dict) else None
            return count if isinstance(count, int) and count >= 1 else None
    return None


def declares_onboarding(path: Path) -> bool:
    """Whether a world file defines a world for onboarding, without running the file."""
    return ONBOARDING in _functions(path)


def _functions(path: Path) -> dict[str, ast.AST]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}  # told when it is loaded
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
