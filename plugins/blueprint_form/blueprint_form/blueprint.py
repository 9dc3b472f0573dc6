"""The form blueprint's hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from blueprint_form.data import Faults, check_source, checked_items, find_source
from blueprint_form.insertions import TRIGGERS, VALIDATORS
from blueprint_form.left_out import Notices
from blueprint_form.options import FormOptions
from crowdcore import NotInPlace, hookimpl, in_place
from crowdcore.blueprints import publish
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from blueprint_form.allowance import Allowances
    from crowdcore import Agent, AgentState, Run

_STATIC = Path(__file__).parent / "static"
_NO_OWN_CODE = "// This task has none.\nexport {};\n"


class FormBlueprint:
    """A worker fills a form, described in JSON; the same rules judge it in the browser and on the server."""

    Options = FormOptions
    options: FormOptions

    @hookimpl
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterator[dict[str, Any]]:
        """Items {"form": …}. Before the first one, all are checked, and ConfigError lists every fault."""
        source = find_source(self.options, Path(run.task_dir))
        faults = Faults()
        if start == 0:
            notices = Notices()
            check_source(source, faults, notices)
            faults.stop()
            for line in (*faults.doubts.values(), *notices.lines()):
                run.log.warning("%s", line)
        items = (self._with_limit(item) for item in source.items(faults))
        return islice(items, start, None)

    @hookimpl
    def blueprint_gate_data(self, run: Run, gate: str, inner: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        """The forms of a gate, with insertions, checked like those of the task; `answers` stay beside them."""
        source = f"gates.{gate}.data"
        for entry in inner():
            if not isinstance(entry, dict) or "form" not in entry:
                raise ConfigError(f"{source}: an entry must be an object with 'form' and 'answers'")
            bare = {key: value for key, value in entry.items() if key != "answers"}
            item = self._with_limit(next(checked_items([bare], run.task_dir, source=source)))
            yield {**item, "answers": entry["answers"]} if "answers" in entry else item

    def _with_limit(self, item: dict[str, Any]) -> dict[str, Any]:
        if self.options.max_file_size:
            from blueprint_form.visibility import placed_fields

            for placed in placed_fields(item["form"]):
                if placed.field["type"] == "file":
                    rules = placed.field.setdefault("validators", {})
                    rules.setdefault("maxFileSize", self.options.max_file_size)
        return item

    @hookimpl
    def blueprint_build(self, run: Run, build_dir: Path) -> None:
        """Copy the page, and the task's insertions beside it, into `build_dir`."""
        publish(_STATIC, build_dir, "blueprint")
        own, target = Path(run.task_dir) / self.options.insertions, build_dir / "insertions"
        if own.is_dir():
            publish(own, target, "blueprint.insertions", leave=["*.html"])
        target.mkdir(exist_ok=True)
        for name in (VALIDATORS, TRIGGERS):
            if not (target / name).exists():
                (target / name).write_text(_NO_OWN_CODE, encoding="utf-8")

    @hookimpl
    def blueprint_frontend(self, run: Run) -> dict[str, Any]:
        """The page needs nothing from elsewhere, works on a phone, and can show a form that nobody fills in."""
        return {"preview_item": True}

    @hookimpl
    def agent_state(self, run: Run) -> type[AgentState]:
        """FormState."""
        from blueprint_form.state import FormState  # pulls dataclasses-json, which start-up does not need

        return FormState

    @hookimpl(nonblocking=True)
    def blueprint_validate(
        self, run: Run, agent: Agent, data: Any, files: dict[str, dict[str, Any]]
    ) -> dict[str, list[str]] | None:
        """The faults of an answer, by field; None when there is none. What may take long is left to a thread."""
        if in_place() and not _is_small(data):
            raise NotInPlace
        from blueprint_form.rules import validate

        with self._allowances.budget(agent.id) as budget:
            return validate(agent.state.init["form"], data, files, budget) or None

    @cached_property
    def _allowances(self) -> Allowances:
        from blueprint_form.allowance import Allowances  # patterns are parsed by 1,000 lines that start-up can spare

        return Allowances()

    @hookimpl
    def blueprint_simulate(self, run: Run, agent: Agent) -> dict[str, Any]:
        """A valid answer, the same for the same agent."""
        from blueprint_form.simulate import simulated_answer

        data, files = simulated_answer(agent.state.init["form"], agent.id)
        return {"data": data, "files": files}

    @hookimpl
    def blueprint_render(self, run: Run, agent: Agent, format: Literal["html", "text"]) -> str:
        """Labels and answers, as HTML or text."""
        from blueprint_form.render import render_html, render_text

        render = render_html if format == "html" else render_text
        return render(agent.state.init["form"], agent.state.get_parsed_data())


def _is_small(data: Any) -> bool:
    """Whether an answer is judged in well under a millisecond, patterns aside."""
    if not isinstance(data, dict) or len(data) > 200:
        return not isinstance(data, dict)
    return all(len(value) < 5000 for value in data.values() if isinstance(value, str | list | dict))
