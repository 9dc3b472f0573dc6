"""What is wrong with a plugin stops the launch with one line that names plugin and hook, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crowdcore.testing import Machine

STATE = """
@hookimpl
def agent_state():
    return Mine

"""
BEFORE_THE_RUN = {
    "a misspelt hook": (
        "@hookimpl\ndef on_unit_submited(event): ...",
        "hooks.py: unknown hook 'on_unit_submited'; did you mean 'on_unit_submitted'?",
    ),
    "a wrong argument": (
        "@hookimpl\ndef on_unit_submitted(evnt): ...",
        "hooks.py: hook on_unit_submitted has no argument 'evnt'; it offers run, event",
    ),
    "a forgotten mark": (
        "def on_unit_submitted(event): ...",
        "hooks.py: on_unit_submitted is the name of a hook, but is not marked; write @hookimpl above it",
    ),
    "an async function": (
        "@hookimpl\nasync def worker_can_do_unit(worker): ...",
        "hooks.py: worker_can_do_unit is an async function; the hook wants a plain def",
    ),
    "None from an owner hook": (
        "@hookimpl\ndef blueprint_frontend(): ...",
        "blueprint_frontend of hooks.py answered None; the hook wants dict[str, Any]",
    ),
    "a wrong type": (
        "@hookimpl\ndef provider_page(): return 'Acme'",
        "provider_page of hooks.py answered 'Acme' (str); the hook wants dict[str, Any]",
    ),
    "a wrong type, one line however long": (
        "@hookimpl\ndef provider_check(): return 'no\\nmoney ' * 40",
        "provider_check of hooks.py answered 'no\\nmoney no\\nmoney no\\nmoney no\\nmoney no\\nmoney no\\nmo"
        "… (str); the hook wants list[str]",
    ),
    "an unknown argument for inner": (
        "@hookimpl\ndef provider_page(inner): return inner(colour='red')",
        "provider_page of hooks.py called inner() with the argument 'colour'; it takes none",
    ),
    "no page": (
        "@hookimpl\ndef blueprint_build(build_dir): ...",
        "blueprint_build of hooks.py wrote no index.html into its build_dir; that is the page that workers see",
    ),
    "no items": (
        "@hookimpl\ndef blueprint_task_data(): return []",
        "blueprint 'mock': the task data has no items; add at least one",
    ),
    "an item that is no JSON": (
        "@hookimpl\ndef blueprint_task_data(): return [{1, 2}]",
        "task data, item 0: not JSON: Object of type set is not JSON serializable",
    ),
    "no address": (
        "@hookimpl\ndef architect_deploy(app): return 'the cellar'",
        "architect_deploy of hooks.py answered 'the cellar'; the hook wants an address like http://localhost:3000/",
    ),
    "no route": (
        "@hookimpl\ndef register_routes(): return ['/media']",
        "register_routes of hooks.py answered '/media' (str); the hook wants routes of starlette.routing "
        "(Route, Mount, WebSocketRoute)",
    ),
    "no gate": (
        "@hookimpl\ndef register_gates(): return [42]",
        "register_gates of hooks.py answered 42 (int); a gate has a `name` and `check(run, worker)`",
    ),
    "a state that would not be stored": (
        f"class Mine(AgentState):\n    words: int = 0\n{STATE}",
        "agent_state of hooks.py: class Mine would not store words; write @dataclass above it",
    ),
    "a state that cannot be made": (
        f"class Mine(AgentState):\n    def __init__(self, words): ...\n{STATE}",
        "agent_state of hooks.py: class Mine cannot be made without arguments: TypeError: Mine.__init__() missing 1 "
        "required positional argument: 'words'; give each field a default",
    ),
    "a state that stores nothing": (
        f"class Mine(AgentState):\n    def save_data(self): ...\n{STATE}",
        "agent_state of hooks.py: class Mine cannot load what it saved: TypeError: save_data answered None "
        "(NoneType), which is no text",
    ),
    "no state at all": (
        "@hookimpl\ndef agent_state(): return dict",
        "agent_state of hooks.py answered <class 'dict'> (type); the hook wants type[AgentState]",
    ),
    "the plugin's own words": (
        "@hookimpl\ndef provider_register(): raise ConfigError('no account yet: crowd register acme')",
        "no account yet: crowd register acme",
    ),
}


@pytest.mark.parametrize("mistake", BEFORE_THE_RUN)
def test_a_mistake_is_one_line_and_nothing_is_launched(
    machine: Machine, task: Callable[..., None], mistake: str
) -> None:
    hooks, line = BEFORE_THE_RUN[mistake]
    task(hooks)
    done = machine.crowd("run", "task.yaml")
    assert (done.stderr, done.stdout, done.returncode) == (f"error: {line}\n", "", 2)
    assert "demo-1" not in machine.crowd("runs").stdout


@pytest.mark.parametrize("hook", ["provider_check", "blueprint_task_data", "blueprint_build", "architect_deploy"])
def test_an_exception_names_plugin_hook_and_line_and_nothing_is_launched(
    machine: Machine, task: Callable[..., None], hook: str
) -> None:
    task(f"@hookimpl\ndef {hook}():\n    raise ConnectionError('the warehouse is closed')\n")
    done = machine.crowd("run", "task.yaml")
    line = f"error: {hook} of plugin hooks.py: ConnectionError: the warehouse is closed (hooks.py:5)\n"
    assert (done.stderr, done.stdout, done.returncode) == (line, "", 1)
    assert "demo-1" not in machine.crowd("runs").stdout


@pytest.mark.parametrize("hook", ["provider_setup", "provider_launch"])
def test_an_exception_after_the_page_was_served_says_how_to_go_on(
    machine: Machine, task: Callable[..., None], hook: str
) -> None:
    task(f"@hookimpl\ndef {hook}():\n    raise ConnectionError('the market is closed')\n")
    done = machine.crowd("run", "task.yaml")
    assert (done.returncode, done.stderr.splitlines()) == (1, [
        f"error: {hook} of plugin hooks.py: ConnectionError: the market is closed (hooks.py:5)",
        "error: run demo-1 is kept as it is; go on with: crowd resume demo-1 (see --reload)",
    ])  # fmt: skip
    (machine.folder / "hooks.py").write_text("")
    with machine.serve("resume", "--reload") as served:
        assert served.run == "demo-1"


def test_what_an_architect_put_up_is_taken_down_when_the_launch_fails_after_it(
    machine: Machine, task: Callable[..., None]
) -> None:
    task(
        "@hookimpl\ndef architect_deploy(): return 'nowhere'\n"
        "@hookimpl\ndef architect_shutdown(): print('machine returned')\n"
    )
    done = machine.crowd("run", "task.yaml")
    assert (done.returncode, done.stdout) == (2, "machine returned\n")


def test_all_faults_of_a_hooks_file_are_told_at_once(machine: Machine, task: Callable[..., None]) -> None:
    task("@hookimpl\ndef on_run_lanched(): ...\n\n@hookimpl\ndef worker_can_do_unit(who): ...\n")
    done = machine.crowd("run", "task.yaml")
    assert done.stderr.splitlines() == [
        "error: hooks.py: unknown hook 'on_run_lanched'; did you mean 'on_run_launched'?",
        "error: hooks.py: hook worker_can_do_unit has no argument 'who'; it offers run, worker, unit",
    ]
