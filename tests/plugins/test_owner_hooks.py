"""An owner hook is answered by the first implementation alone; `inner` reaches what it overrides."""

from __future__ import annotations

import asyncio
import logging
import textwrap
from typing import Any

import pytest

from crowdcore import AgentState
from crowdcore.errors import HookFailed, PluginError, RequestError, RunError
from crowdcore.types import Agent, Completion, Identity, LaunchReduced, Release, Worker
from tests.plugins.conftest import ASSIGNMENT, Runs, Task

START = "from crowdcore import hookimpl\nfrom crowdcore.types import *\n"
EXTENSION = """
from crowdcore import hookimpl
class X:
    @hookimpl
    def provider_identify(self, run, params, inner):
        found = inner(params={**params, "worker_id": params["worker_id"] + "-x"})
        return found
    @hookimpl
    def provider_page(self):
        return {"name": "extension"}
"""


def test_hooks_py_then_extension_then_provider_then_core(task: Task, runs_of: Runs) -> None:
    task.write("ext.py", EXTENSION)
    text = """
    @hookimpl
    def provider_identify(params, inner):
        return inner(params={**params, "worker_id": params["worker_id"] + "-h"})
    @hookimpl
    def provider_complete(inner):
        return inner()
    """
    task.write("hooks.py", START + textwrap.dedent(text))
    hooks = runs_of.hooks(task.load(extensions=["./ext.py:X"]))
    found = asyncio.run(hooks.provider_identify({"worker_id": "a"}))
    assert isinstance(found, Identity)
    assert found.worker_name == "a-h-x"
    assert hooks.implementers("provider_identify") == ["hooks.py", "extension:./ext.py:X", "provider:mock", "core"]
    assert asyncio.run(hooks.provider_page()) == {"name": "extension"}


def test_each_implementation_gets_its_own_run(task: Task, runs_of: Runs) -> None:
    text = """
@hookimpl
def provider_page(run, inner): return {"me": run.plugin, "balance": hasattr(run.options, "balance"), **inner()}
"""
    task.write("hooks.py", START + text)
    task.write(
        "mine.py",
        START
        + """
class P:
    @hookimpl
    def provider_page(self, run): return {"it": run.plugin, "self": run.options is self.options}
""",
    )
    hooks = runs_of.hooks(task.load(provider={"type": "./mine.py:P"}))
    assert asyncio.run(hooks.provider_page()) == {
        "me": "hooks.py", "balance": False, "it": "provider:./mine.py:P", "self": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("return None", "provider_identify of hooks.py answered None; the hook wants Identity | Refusal"),
        ("return 'x'", "provider_identify of hooks.py answered 'x' (str); the hook wants Identity | Refusal"),
        (
            "return inner(worker=3)",
            "provider_identify of hooks.py called inner() with the argument 'worker'; it takes params",
        ),
    ],
)
def test_a_wrong_answer_names_plugin_and_hook(task: Task, runs_of: Runs, text: str, message: str) -> None:
    task.write("hooks.py", f"{START}@hookimpl\ndef provider_identify(params, inner): {text}")
    with pytest.raises(PluginError) as caught:
        asyncio.run(runs_of.hooks(task.load()).provider_identify({}))
    assert str(caught.value) == message


def test_a_hook_nobody_implements_is_told(task: Task, runs_of: Runs) -> None:
    with pytest.raises(PluginError) as caught:
        asyncio.run(runs_of.hooks(task.load()).architect_deploy(None))
    assert str(caught.value) == (
        "the architect of this run does not implement architect_deploy; write it in hooks.py, or choose another"
    )
    task.write("hooks.py", START + "@hookimpl\ndef architect_deploy(inner): return inner()")
    with pytest.raises(PluginError) as caught:
        asyncio.run(runs_of.hooks(task.load()).architect_deploy(None))
    assert str(caught.value) == "architect_deploy of hooks.py called inner(), but nothing else implements this hook"


def test_an_exception_names_plugin_hook_and_line_and_keeps_its_cause(task: Task, runs_of: Runs, agent: Agent) -> None:
    task.write("hooks.py", START + "@hookimpl\ndef blueprint_call(args):\n    return int(args)\n")
    hooks = runs_of.hooks(task.load())
    with pytest.raises(HookFailed) as caught:
        asyncio.run(hooks.blueprint_call(agent, "add", "x"))
    error = caught.value
    assert (error.plugin, error.hook, error.reason) == ("hooks.py", "blueprint_call", "error")
    assert str(error) == (
        "blueprint_call of plugin hooks.py: ValueError: invalid literal for int() with base 10: 'x' (hooks.py:5)"
    )
    assert isinstance(error.__cause__, ValueError)


@pytest.mark.parametrize("error", ["StopIteration", "SystemExit", "GeneratorExit", "TimeoutError"])
def test_no_exception_of_a_hook_upsets_the_caller(task: Task, runs_of: Runs, agent: Agent, error: str) -> None:
    task.write("hooks.py", f"{START}@hookimpl\ndef blueprint_call(): raise {error}\n")
    with pytest.raises(HookFailed) as caught:
        asyncio.run(runs_of.hooks(task.load()).blueprint_call(agent, "add", None))
    assert caught.value.reason == "error"


def test_an_error_meant_for_people_passes_through(task: Task, runs_of: Runs) -> None:
    text = "from crowdcore import RunError\n@hookimpl\ndef provider_register(): raise RunError('no such account')"
    task.write("hooks.py", START + text)
    with pytest.raises(RunError, match="no such account"):
        asyncio.run(runs_of.hooks(task.load()).provider_register())


def test_task_data_that_breaks_in_the_middle_names_its_plugin(task: Task, runs_of: Runs) -> None:
    task.write("hooks.py", START + "@hookimpl\ndef blueprint_task_data():\n    yield 1\n    raise OSError('gone')")
    items = runs_of.hooks(task.load()).blueprint_task_data()
    assert next(items) == 1
    with pytest.raises(HookFailed, match=r"blueprint_task_data of plugin hooks.py: OSError: gone \(hooks.py:6\)"):
        next(items)
    task.write("hooks.py", START + "@hookimpl\ndef blueprint_task_data(): return {'a': 1}")
    with pytest.raises(PluginError, match=r"answered {'a': 1} \(dict\); the hook wants Iterable"):
        next(runs_of.hooks(task.load()).blueprint_task_data())


def test_live_hooks_are_awaited_on_the_loop_and_can_be_cancelled(task: Task, runs_of: Runs) -> None:
    text = """
import asyncio
seen = []
@hookimpl
async def blueprint_live(assignment):
    seen.append(asyncio.get_running_loop())
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("ended")
"""
    task.write("hooks.py", START + text)
    hooks = runs_of.hooks(task.load())
    live: Any = object()

    async def main() -> None:
        going = asyncio.ensure_future(hooks.blueprint_live(live))
        await asyncio.sleep(0)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        seen = hooks._chains["blueprint_live"][0].function.__globals__["seen"]
        assert seen == [asyncio.get_running_loop(), "ended"]

    asyncio.run(main())


def test_nonblocking_hooks_run_in_place_and_others_on_threads(task: Task, runs_of: Runs) -> None:
    text = """
import threading
@hookimpl(nonblocking=True)
def provider_page(): return {"thread": threading.current_thread().name}
@hookimpl
def blueprint_frontend(): return {"thread": threading.current_thread().name}
@hookimpl(nonblocking=True)
def provider_complete(inner): return Completion("redirect", threading.current_thread().name, {})
"""
    task.write("hooks.py", START + text)
    hooks = runs_of.hooks(task.load())
    assert asyncio.run(hooks.provider_page()) == {"thread": "MainThread"}
    assert asyncio.run(hooks.blueprint_frontend())["thread"].startswith("crowd-build-")


def test_a_nonblocking_hook_that_would_take_long_is_called_again_on_a_thread(task: Task, runs_of: Runs) -> None:
    text = """
import threading
from crowdcore.plugins.markers import NotInPlace, in_place
@hookimpl(nonblocking=True)
def provider_page():
    if in_place():
        raise NotInPlace
    return {"thread": threading.current_thread().name}
"""
    task.write("hooks.py", START + text)
    hooks = runs_of.hooks(task.load())
    assert asyncio.run(hooks.provider_page())["thread"].startswith("crowd-claims-")


def test_defaults_suit_a_provider_without_a_platform(task: Task, runs_of: Runs, agent: Agent, worker: Worker) -> None:
    task.write("bare.py", "class P: pass\nclass B: pass\n")
    config = task.load(provider={"type": "./bare.py:P"}, blueprint={"type": "./bare.py:B"})
    hooks = runs_of.hooks(config)

    async def main() -> None:
        assert await hooks.provider_identify({}) == Identity(None)
        assert await hooks.provider_identify({"worker_id": "x", "assignment_id": "1"}) == Identity(
            "x", "1", {"worker_id": "x", "assignment_id": "1"}
        )
        assert await hooks.provider_complete(agent.visit, agent) == Completion("thanks")
        assert (await hooks.provider_check(), await hooks.provider_pending(), await hooks.provider_expire()) == (
            [],
            0,
            0,
        )
        assert await hooks.provider_balance() is None
        assert await hooks.provider_is_blocked(worker) is False
        assert await hooks.agent_state() is AgentState
        assert await hooks.blueprint_assignment_data(ASSIGNMENT) == {"n": 0}
        assert await hooks.blueprint_frontend() == {}
        assert await hooks.pairing_timeout(ASSIGNMENT, [agent]) == Release()
        with pytest.raises(RequestError) as caught:
            await hooks.blueprint_call(agent, "add", None)
        assert (caught.value.status, caught.value.code) == (404, "unknown_procedure")

    asyncio.run(main())
    for hook in ("provider_pay", "agent_state", "blueprint_call"):
        assert not hooks.has(hook)


def test_pairing_follows_the_configuration(task: Task, runs_of: Runs) -> None:
    hooks = runs_of.hooks(task.load(pairing={"on_timeout": "launch_reduced"}))
    assert asyncio.run(hooks.pairing_timeout(ASSIGNMENT, [])) == LaunchReduced()


def test_a_result_is_rendered_escaped(task: Task, runs_of: Runs, agent: Agent) -> None:
    agent.state.data = {"text": "<b>x</b>", "many": [1, None, True], "none": {}}
    hooks = runs_of.hooks(task.load())
    assert asyncio.run(hooks.blueprint_render(agent, "text")) == (
        "text: <b>x</b>\nmany:\n  1: 1\n  2: –\n  3: yes\nnone: {}"
    )
    page = asyncio.run(hooks.blueprint_render(agent, "html"))
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>" not in page


def test_messages_of_a_plugin_carry_the_run_s_name(task: Task, runs_of: Runs, caplog: pytest.LogCaptureFixture) -> None:
    task.write("hooks.py", START + "@hookimpl\ndef provider_setup(run, url): run.log.info('at %s', url)")
    with caplog.at_level(logging.INFO):
        asyncio.run(runs_of.hooks(task.load()).provider_setup("http://localhost/"))
    assert caplog.messages == ["t-1: at http://localhost/"]
