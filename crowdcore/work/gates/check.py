"""What is read and checked of `gates:` before a run is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crowdcore.blueprints.short_form import read_form
from crowdcore.errors import ConfigError, CrowdError
from crowdcore.work.gates import references
from crowdcore.work.gates.setup import Gates, Pool, known, names
from crowdcore.work.gates.steps import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crowdcore.config import RunConfig
    from crowdcore.plugins.hooks import Hooks
    from crowdcore.state import AgentState
    from crowdcore.store.queries.known_items import Known

MOST_LOOKED_AT = 1000
GATES = ("onboarding", "screening", "gold")


def check_items(state_class: type[AgentState], gates: Gates) -> None:
    """Ask the AgentState about golds and screening items; ConfigError with a line for each that it cannot work with.

    Of screening items, which may have no end, those that were read; the others when their turn comes.
    """
    known = [("gold", n, each) for n, each in enumerate(gates.golds)]
    if gates.screening is not None:
        gates.screening.check = state_class.check_item
        known += [("screening", n, each) for n, each in enumerate(gates.screening.peek(0))]
    problems = []
    for gate, number, each in known:
        try:
            state_class.check_item(each.item)
        except ValueError as error:
            problems.append(f"gates.{gate}.data, entry {number}: {error}")
    if problems:
        raise ConfigError.many(problems)


class Checker:
    """Collects the problems of one configuration, all of them, each with its key."""

    def __init__(self, config: RunConfig, hooks: Hooks) -> None:
        self._config = config
        self._gates = config.gates
        self._hooks = hooks
        self.problems: list[str] = []

    def prepare(self, seed: str, screened: int, meaning: references.Known | None = None) -> Gates:
        """Everything the gates need; `screened` is how many screening items the run has handed out.

        With `meaning` (at launch) names that mean nothing are problems too.
        ConfigError with a line for every problem. Reads files and runs hooks: call it on a thread.
        """
        config = self._gates
        gates = Gates(
            plain=not self._any(), seed=seed,
            allowed=self._try(lambda: names(config.allow_list, "gates.allow_list")),
            refused=self._try(lambda: names(config.block_list, "gates.block_list")) or frozenset(),
        )  # fmt: skip
        self._names(gates)
        if meaning is not None:
            self.problems += references.problems(self._config, meaning)
            self.problems += references.of_pairing(self._config, self._hooks)
        self._requirements()
        self._numbers()
        gates.onboarding = self._onboarding()
        gates.screening = self._screening(screened)
        gates.golds = self._golds()
        if config.after_task is not None:
            path = config.after_task
            gates.after_task = self._try(lambda: read_form(path, "gates.after_task"))
        if self.problems:
            raise ConfigError.many(self.problems)
        return gates

    def _any(self) -> bool:
        """Whether a claim has more to ask than caps."""
        config = self._gates
        asked = (config.block_qualification, config.onboarding, config.screening, config.gold, config.allow_list)
        return bool(config.qualifications or config.block_list) or any(one is not None for one in asked)

    def _try(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except CrowdError as error:
            self.problems += error.problems
            return None

    def _names(self, gates: Gates) -> None:
        both = sorted((gates.allowed or frozenset()) & gates.refused)
        if both:
            shown = ", ".join(map(repr, both[:3])) + (" …" if len(both) > 3 else "")
            self.problems.append(f"gates.block_list: {shown} are on gates.allow_list too; take them off one of them")
        if gates.allowed is not None and not gates.allowed:
            self.problems.append("gates.allow_list: is empty, so nobody could work; add a name a line, or leave it out")
        used: dict[str, str] = {}
        block = self._gates.block_qualification
        for key, name in [("block_qualification", block), *((f"{g}.qualification", self._name_of(g)) for g in GATES)]:
            if name is not None and used.setdefault(name, key) != key:
                self.problems.append(f"gates.{key}: {name!r} is gates.{used[name]} too; give each its own name")

    def _name_of(self, gate: str) -> str | None:
        options = getattr(self._gates, gate)
        return None if options is None else options.qualification

    def _requirements(self) -> None:
        """Conditions that nobody can meet at once, or only those who could never be let in."""
        provider = self._config.provider.type
        asked = [r for r in self._gates.qualifications if not r.providers or provider in r.providers]
        for name in dict.fromkeys(r.name for r in asked):
            mine = [r for r in asked if r.name == name]
            told = " and ".join(f"{r.comparator} {r.value if r.value is not None else ''}".strip() for r in mine)
            mentioned = [v for r in mine for v in (r.value if isinstance(r.value, list) else [r.value])]
            values = [None, 0, *(v + step for v in mentioned if v is not None for step in (-1, 0, 1))]
            if not any(all(holds(r, value) for r in mine) for value in values):
                self.problems.append(f"gates.qualifications: nobody can meet {name!r} {told}")
                continue
            if name == self._gates.block_qualification and not all(holds(r, None) for r in mine):
                self.problems.append(f"gates.qualifications: {name!r} {told}, but gates.block_qualification refuses it")
            for gate in GATES:
                if name == self._name_of(gate) and not all(holds(r, None) for r in mine):
                    self.problems.append(
                        f"gates.qualifications: {name!r} {told}, but it is what gates.{gate} grants, "
                        f"and that comes later; gates.{gate} alone is enough"
                    )

    def _numbers(self) -> None:
        session, most = self._gates.units_per_session, self._config.task.max_units_per_worker
        caps = {
            "task.max_units_per_worker": most,
            "gates.max_units_per_worker_per_run": self._gates.max_units_per_worker_per_run,
            "gates.max_units_per_worker_per_day": self._gates.max_units_per_worker_per_day,
        }
        for key, cap in caps.items():
            if cap and session > cap:
                self.problems.append(f"gates.units_per_session: {session} units a visit, but {key} allows {cap}")

    def _entries(self, gate: str) -> Iterator[Any]:
        return self._hooks.blueprint_gate_data(gate)

    def _onboarding(self) -> Known | None:
        options, key = self._gates.onboarding, "gates.onboarding"
        if options is None:
            return None
        found: list[Any] | None = self._try(lambda: list(self._entries("onboarding")))
        if found is None:
            return None
        if len(found) != 1:
            self.problems.append(
                f"{key}.data: {len(found)} items, but onboarding has one; name a file with it, "
                f"or answer it in blueprint_gate_data"
            )
            return None
        item: Known | None = self._try(lambda: known(found[0], f"{key}.data"))
        if item is not None and item.answers is not None and options.answers is not None:
            self.problems.append(f"{key}.answers: the file has answers too; keep one of them")
        self._judged("onboarding", [] if item is None or options.answers else [item])
        return item

    def _screening(self, screened: int) -> Pool | None:
        options, key = self._gates.screening, "gates.screening"
        if options is None:
            return None
        self._alone(key)
        if options.data is False:
            if not self._hooks.has("validate_screening"):
                self.problems.append(f"{key}: a real unit is the check, so write validate_screening in hooks.py")
            return None
        pool = self._try(lambda: Pool(self._entries("screening"), screened, f"{key}.data"))
        most = 1 if options.data is True else MOST_LOOKED_AT
        first: list[Known] | None = pool and self._try(lambda: pool.peek(most))
        if first is None:
            return None
        if not first:
            self.problems.append(f"{key}.data: has no item; name a file, or yield items from blueprint_gate_data")
        self._judged("screening", first)
        return pool if isinstance(pool, Pool) else None

    def _golds(self) -> tuple[Known, ...]:
        options, key = self._gates.gold, "gates.gold"
        if options is None:
            return ()
        self._alone(key)
        entries = self._try(lambda: [known(e, f"{key}.data, entry {n}") for n, e in enumerate(self._entries("gold"))])
        golds: list[Known] = entries or []
        if entries is not None and not golds:
            self.problems.append(f"{key}.data: has no gold; name a file of items with answers")
        if entries and len({known.key for known in golds}) < len(golds):
            self.problems.append(f"{key}.data: an item is there twice; nobody gets a gold twice")
        self._judged("gold", golds)
        if entries and len(golds) < options.min_correct:
            self.problems.append(
                f"{key}.min_correct: {options.min_correct} to get right, but {len(golds)} golds in all"
            )
        if options.max_gold_units and options.max_gold_units < options.min_correct:
            self.problems.append(
                f"{key}.max_gold_units: {options.max_gold_units} in all, but one worker needs {options.min_correct}"
            )
        if not options.min_correct and options.every is None and not options.rate:
            self.problems.append(f"{key}: no gold would ever be shown; give every, rate or min_correct")
        if options.on_fail == "soft_reject" and options.max_incorrect is None:
            self.problems.append(f"{key}.on_fail: soft_reject does nothing without max_incorrect")
        return tuple(golds)

    def _judged(self, gate: str, items: list[Known]) -> None:
        """Somebody must say whether it is right: a hook, or answers."""
        hook = f"validate_{gate}"
        if self._hooks.has(hook):
            return
        without = [n for n, item in enumerate(items) if item.answers is None]
        if without:
            at = f"entry {without[0]} of {gate}" if gate != "onboarding" else "onboarding"
            where = "answers" if gate == "onboarding" else "data"
            self.problems.append(
                f"gates.{gate}.{where}: {at} has no answers; declare them, or write {hook} in hooks.py"
            )

    def _alone(self, key: str) -> None:
        if self._hooks.has("blueprint_live"):
            self.problems.append(f"{key}: needs work that one person does alone; this blueprint's is done together")
