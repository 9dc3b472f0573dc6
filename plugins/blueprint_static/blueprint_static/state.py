"""The data of one agent that works on a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from blueprint_static.pages import Pages
from crowdcore import AgentState
from crowdcore.state import nonblocking

_SHOWN = ("name", "size", "sha256")


@dataclass
class StaticState(AgentState):
    """`init` is the row; `data` is {field: value}: texts, lists of texts, files as ids, null for what is left open."""

    pages: ClassVar[Pages]

    @classmethod
    def of(cls, pages: Pages) -> type[Self]:
        """The class of one run, which knows the run's pages."""
        return type(cls.__name__, (cls,), {"pages": pages, "__module__": cls.__module__, "__doc__": cls.__doc__})

    @classmethod
    def check_item(cls, item: Any) -> None:
        """ValueError if the page cannot be filled with the row."""
        cls.pages.check_row(item)

    @nonblocking
    def get_init_state(self) -> Any:
        """The row without answer columns, and the page filled with it as `html`."""
        return self.pages.shown(self.init) if isinstance(self.init, dict) else self.init

    @nonblocking
    def get_parsed_data(self) -> Any:
        """The answers as they were sent, a field of files as a list of {name, size, sha256}; None before."""
        if not isinstance(self.data, dict):
            return self.data
        files: dict[str, list[dict[str, Any]]] = {}
        for each in self.files:
            files.setdefault(each["field"], []).append({key: each[key] for key in _SHOWN})
        return {**self.data, **files}
