"""What a visitor without identity sees: the task in words, and its first item where that is welcome.

A blueprint says `preview_item: True` in `blueprint_frontend` when its page can show an item that nobody
works on; a provider says `show_items: False` in `provider_page` when strangers must not see any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crowdcore.base.quantities import format_money
from crowdcore.plugins.state_code import StateCode
from crowdcore.state import json_text
from crowdcore.store.queries import units
from crowdcore.work.documents import NULL, Document

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.work.context import RunContext


def facts(config: RunConfig) -> dict[str, Any]:
    """The task in words, for every page: title, description, reward (text), duration (seconds)."""
    task = config.task
    return {
        "title": task.title or task.name, "description": task.description,
        "reward": f"{format_money(task.reward, config.currency)} {config.currency}" if task.reward else "",
        "assignment_duration": task.assignment_duration,
    }  # fmt: skip


async def preview(context: RunContext) -> Document:
    """The preview; `init` is the first item's, as its worker would get it, or None."""
    init = NULL
    if context.frontend.get("preview_item") and context.provider_page.get("show_items", True):
        first = await context.db.aread(lambda c: units.first_item(c, context.run_id))
        if first is not None:
            init = await _shown(context, first)
    return Document(None, "preview", "preview", init=init, provider=context.provider_page, frontend=context.frontend)


async def _shown(context: RunContext, item: Any) -> str:
    code = StateCode(context.hooks, context.state_class, "preview")

    def job() -> str:
        with code.method("set_init_state"):
            state = context.state_class()
            state.set_init_state(item)
        with code.method("get_init_state"):
            return json_text(state.get_init_state())

    return await code.run(job)
