"""A hooks.py with a fault is refused before anything runs, with the place and what was probably meant."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from crowdcore import hookimpl
from crowdcore.plugins import RunPlugins, load_hooks_module
from tests.plugins.conftest import Runs, Task

START = "from crowdcore import hookimpl\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef f(:\n    pass\n", "hooks.py:2: invalid syntax: def f(:"),
        ("x = 1\n\nundefined_name\n", "hooks.py:3: NameError: name 'undefined_name' is not defined"),
        ("import sys\nsys.exit(3)\n", "hooks.py:2: SystemExit: 3"),
        ("import no_such_module\n", "hooks.py:1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = '\x00'\n", None),
        ("raise ValueError('two\\nlines')\n", "hooks.py:1: ValueError: two lines"),
    ],
)
def test_a_file_that_cannot_run_is_told_in_one_line(
    task: Task, refused: Callable[..., list[str]], text: str, message: str | None
) -> None:
    path = task.folder / "hooks.py"
    path.write_text(text)
    problems = refused(load_hooks_module, path)
    assert len(problems) == 1
    assert problems == [message] if message else problems[0].startswith("hooks.py")


def test_a_missing_file_is_told(task: Task, refused: Callable[..., list[str]]) -> None:
    path = task.folder / "nothing.py"
    assert refused(load_hooks_module, path) == [f"{path}: cannot be read: No such file or directory"]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            "@hookimpl\ndef on_unit_submited(event): pass",
            ["hooks.py: unknown hook 'on_unit_submited'; did you mean 'on_unit_submitted'?"],
        ),
        ("@hookimpl\ndef abcdef(): pass", ["hooks.py: unknown hook 'abcdef'; docs/hooks.md lists all of them"]),
        (
            "@hookimpl\ndef on_unit_submitted(run, unitt): pass",
            ["hooks.py: hook on_unit_submitted has no argument 'unitt'; it offers run, event"],
        ),
        (
            "@hookimpl\ndef worker_can_do_unit(worker, inner): pass",
            ["hooks.py: hook worker_can_do_unit has no argument 'inner'; it offers run, worker, unit"],
        ),
        (
            "@hookimpl\nasync def on_run_finished(event): pass",
            ["hooks.py: on_run_finished is an async function; the hook wants a plain def"],
        ),
        (
            "@hookimpl\ndef blueprint_live(assignment): pass",
            ["hooks.py: blueprint_live is a plain function; the hook wants async def"],
        ),
        (
            "def worker_can_do_unit(worker, unit): return False",
            [
                "hooks.py: worker_can_do_unit is the name of a hook, but is not marked; write @hookimpl above it",
            ],
        ),
        (
            "@hookimpl\ndef provider_pay(payment, /): pass",
            ["hooks.py: hook provider_pay gets its arguments by name; remove the /"],
        ),
        (
            "@hookimpl\ndef on_a(): pass\n@hookimpl\ndef agent_state(ru): pass",
            [
                "hooks.py: hook agent_state has no argument 'ru'; it offers run, inner",
                "hooks.py: unknown hook 'on_a'; docs/hooks.md lists all of them",
            ],
        ),
    ],
)
def test_a_hook_that_would_never_be_called_right_is_refused(
    task: Task, refused: Callable[..., list[str]], text: str, messages: list[str]
) -> None:
    task.write("hooks.py", START + text)
    assert refused(RunPlugins, task.load()) == messages


def test_arguments_may_be_left_out_and_may_have_defaults_of_their_own(task: Task, runs_of: Runs) -> None:
    text = "@hookimpl\ndef blueprint_task_data(*, start, step=2, **more): return range(start, start + 4, step)"
    task.write("hooks.py", START + text)
    assert list(runs_of.hooks(task.load()).blueprint_task_data(10)) == [10, 12]


def test_the_search_path_is_as_before_and_modules_beside_it_are_found(task: Task) -> None:
    task.write("helpers.py", "answer = 42")
    task.write("hooks.py", "import helpers\nanswer = helpers.answer")
    before = list(sys.path)
    module = load_hooks_module(task.folder / "hooks.py")
    assert module.answer == 42
    assert sys.path == before
    assert not (task.folder / "__pycache__" / "hooks.cpython-311.pyc").exists()


def test_two_runs_share_no_globals_not_even_of_modules_beside_hooks(task: Task) -> None:
    task.write("helpers.py", "seen = []")
    task.write("hooks.py", "import helpers\nseen = helpers.seen")
    first, second = (RunPlugins(task.load()).registered["hooks.py"].instance for _ in range(2))
    assert first is not second
    assert first.seen is not second.seen  # type: ignore[attr-defined]


def test_packages_of_an_environment_below_the_task_are_imported_once(task: Task) -> None:
    task.write("venv/lib/far.py", "seen = []")
    task.write("hooks.py", "import sys\nsys.path.append(__file__[:-8] + 'venv/lib')\nimport far\nsys.path.pop()")
    first, second = (RunPlugins(task.load()).registered["hooks.py"].instance for _ in range(2))
    assert first.far is second.far  # type: ignore[attr-defined]
    del sys.modules["far"]


def test_the_file_runs_once_for_its_options_and_its_run(task: Task) -> None:
    task.write(
        "hooks.py", "import pathlib\np = pathlib.Path(__file__).with_name('log')\nwith p.open('a') as f: f.write('x')"
    )
    RunPlugins(task.load())
    assert (task.folder / "log").read_text() == "x"


def test_a_snapshot_runs_in_place_of_the_present_file(task: Task, tmp_path: object) -> None:
    task.write("hooks.py", "word = 'new'\nimport helpers")
    task.write("helpers.py", "word = 'new'")
    task.write("kept/hooks.py", "word = 'old'\nimport helpers\nhelped = helpers.word")
    task.write("kept/helpers.py", "word = 'old'")
    plugins = RunPlugins(task.load(), snapshot_dir=task.folder / "kept")
    module = plugins.registered["hooks.py"].instance
    assert (module.word, module.helped) == ("old", "old")  # type: ignore[attr-defined]
    assert module.__file__ == str(task.folder / "hooks.py")  # type: ignore[attr-defined]


def test_what_a_run_loaded_is_known_with_its_imports_from_beside(task: Task) -> None:
    task.write("helpers.py", "word = 1")
    task.write("hooks.py", "import helpers, json")
    names = {path.name for path in RunPlugins(task.load()).sources()}
    assert names == {"hooks.py", "helpers.py", "here.py"}


def test_functions_and_objects_given_from_python_are_asked_first(task: Task, runs_of: Runs) -> None:
    task.write("hooks.py", START + "@hookimpl\ndef blueprint_task_data(): return ['file']")

    @hookimpl
    def blueprint_task_data(inner: Callable[[], list[str]]) -> list[str]:
        return ["function", *inner()]

    class Listener:
        @hookimpl
        def on_run_finished(self) -> None:
            pass

    hooks = runs_of.hooks(task.load(), hooks=[blueprint_task_data, Listener()])
    assert list(hooks.blueprint_task_data()) == ["function", "file"]
    assert hooks.implementers("on_run_finished") == ["hooks 2"]


def test_a_function_without_the_marker_is_refused(task: Task, refused: Callable[..., list[str]]) -> None:
    def on_run_finished() -> None:
        pass

    assert refused(RunPlugins, task.load(), hooks=[on_run_finished]) == [
        "hooks: the function on_run_finished is not marked; write @hookimpl above it"
    ]


def test_a_class_in_a_file_is_a_plugin(task: Task, refused: Callable[..., list[str]]) -> None:
    code = """
    from dataclasses import dataclass
    from crowdcore import hookimpl
    class Mine:
        @dataclass
        class Options:
            size: int = 3
        @hookimpl
        def blueprint_task_data(self, run): return range(run.options.size)
    """
    task.write("mine.py", code)
    plugins = RunPlugins(task.load(blueprint={"type": "./mine.py:Mine", "size": 5}))
    assert plugins.registered["blueprint:./mine.py:Mine"].options.size == 5
    assert plugins.versions()["blueprint:./mine.py:Mine"].startswith("sha256:")
    assert refused(plugins.files.cls, "./mine.py:Miné") == ["./mine.py: no class Miné; it defines Mine"]
    assert refused(plugins.files.cls, "./mine.py:hookimpl") == ["./mine.py: hookimpl is no class"]


def test_what_does_not_work_together_is_refused_before_launch(task: Task, refused: Callable[..., list[str]]) -> None:
    task.write("mine.py", "class P:\n    needs = {'public_url'}\n    wants = {'tls'}\n")
    task.write("far.py", "class A:\n    options = None\n    offers = property(lambda self: {'public_url'})\n")
    provider = {"type": "./mine.py:P"}
    assert refused(RunPlugins, task.load(provider=provider)) == [
        "provider './mine.py:P' needs public_url, which none of these offers: architect './here.py:Here', "
        "provider './mine.py:P', blueprint 'mock' (crowdcore 0.1.0)"
    ]
    plugins = RunPlugins(task.load(provider=provider, architect={"type": "./far.py:A"}))
    assert plugins.warnings == [
        "provider './mine.py:P' works better with tls, which none of these offers: architect './far.py:A', "
        "provider './mine.py:P', blueprint 'mock' (crowdcore 0.1.0)"
    ]


def test_a_plugin_that_cannot_be_made_says_so(task: Task, refused: Callable[..., list[str]]) -> None:
    task.write("mine.py", "class P:\n    def __init__(self): raise OSError('no disk')\n")
    assert refused(RunPlugins, task.load(provider={"type": "./mine.py:P"})) == [
        "provider './mine.py:P' cannot be made: OSError: no disk"
    ]
