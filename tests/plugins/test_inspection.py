"""A plugin that cannot work says why in one line, by `crowd plugins --check` and at launch, never with a traceback."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from crowdcore import hookimpl
from crowdcore.errors import HookFailed
from tests.plugins.conftest import Distributions, Runs, Task

OPTIONS = """
from __future__ import annotations
from dataclasses import dataclass, field
from crowdcore import hookimpl
from crowdcore.options import option

class P:
    {body}

    @hookimpl
    def architect_deploy(self, app): ...
"""
FAULTY_OPTIONS = {
    "Options: when: options cannot have the type <class 'complex'>": (
        "@dataclass\n    class Options:\n        when: complex = option(1j, help='x')"
    ),
    "Options: more: options cannot have the type set[str]": (
        "@dataclass\n    class Options:\n        more: list[set[str]] | None = option(None, help='x')"
    ),
    "is not a dataclass; write @dataclass(frozen=True, kw_only=True) above it": (
        "class Options:\n        when: int = 3"
    ),
    "Options: the types of P.Options cannot be read: name 'Wehn' is not defined": (
        "@dataclass\n    class Options:\n        when: Wehn = 3"
    ),
    "Options: a default cannot be made: ZeroDivisionError: division by zero": (
        "@dataclass\n    class Options:\n        when: int = field(default_factory=lambda: 1 / 0)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", FAULTY_OPTIONS)
def test_options_that_cannot_be_are_told_everywhere(installed: Distributions, message: str) -> None:
    code = OPTIONS.format(body=FAULTY_OPTIONS[message])
    installed.add("acme", {"crowdcore.architects": {"acme": "acme:P"}}, code=code)
    (installed.folder / "task.yaml").write_text(
        json.dumps(
            {"blueprint": {"type": "mock"}, "provider": {"type": "mock"}, "architect": {"type": "acme", "when": 3}}
        )
    )
    commands = (
        ["plugins", "--check"], ["plugins", "show", "acme"], ["options", "architect=acme"],
        ["run", str(installed.folder / "task.yaml")],
    )  # fmt: skip
    for words in commands:
        done = installed.crowd(*words)
        assert done.returncode == 2, (words, done.stderr)
        assert "Traceback" not in done.stderr
        (line,) = [line for line in done.stderr.splitlines() if message.removeprefix("Options: ") in line]
        assert "acme" in line or "of P cannot" in line
    assert message in installed.crowd("plugins", "--check").stderr


CHECKED = {
    "bot 'acme' (acme 1.0) has no method act(item, conversation, me), which is what a bot does": (
        "bots", "class P: ..."
    ),
    "bot 'acme' (acme 1.0): act is an async function; write a plain def, it runs on a thread of its own": (
        "bots", "class P:\n    async def act(self, item, conversation, me): ..."
    ),
    "bot 'acme' (acme 1.0): act(item, conversation, me) cannot be called so: too many positional arguments": (
        "bots", "class P:\n    def act(self, item): ..."
    ),
    "architect 'acme' (acme 1.0) does not implement architect_deploy, so nothing can be served with it": (
        "architects", "class P: ..."
    ),
    "command 'acme' (acme 1.0): acme:P is no command; write @click.command() above it": (
        "commands", "def P(): ..."
    ),
    "exporter 'acme' (acme 1.0): acme:P cannot be called": ("exporters", "P = 3"),
    "provider 'acme' (acme 1.0) cannot be imported: ImportError: cannot import name 'gone' from 'json'": (
        "providers", "x = 1\nfrom json import gone"
    ),
}  # fmt: skip


@pytest.mark.parametrize("message", CHECKED)
def test_what_a_kind_of_plugin_must_have(installed: Distributions, message: str) -> None:
    kind, code = CHECKED[message]
    installed.add("acme", {f"crowdcore.{kind}": {"acme": "acme:P"}}, code=code)
    done = installed.crowd("plugins", "--check")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"broken: {message}")
    assert "Import" not in message or line.endswith("(acme.py:2)")


def test_a_command_that_is_none_or_is_never_reached(installed: Distributions) -> None:
    code = "import click\n@click.command()\ndef run():\n    print('mine')\ndef other(): ..."
    installed.add("acme", {"crowdcore.commands": {"run": "acme:run", "other": "acme:other"}}, code=code)
    done = installed.crowd("plugins", "--check")
    assert done.stderr.splitlines() == [
        "broken: command 'other' (acme 1.0): acme:other is no command; write @click.command() above it",
        "broken: command 'run' (acme 1.0) is never reached: `crowd run` is a command of the core; give it another name",
    ]
    used = installed.crowd("other")
    assert (used.returncode, used.stderr) == (
        2, "error: command 'other' (acme 1.0): acme:other is no command; write @click.command() above it\n"
    )  # fmt: skip


def test_a_missing_dependency_is_found_before_it_is_needed(installed: Distributions) -> None:
    code = "from crowdcore import hookimpl\nclass P:\n    def later(self): import boto33"
    requires = ("crowdcore", "boto33>=1.2", "httpx", "nowhere; extra == 'more'", "old; python_version < '3'")
    installed.add("acme", {"crowdcore.providers": {"acme": "acme:P"}}, code=code, requires=requires)
    message = "provider 'acme' (acme 1.0) needs boto33>=1.2, which is not installed; `pip install 'boto33>=1.2'`"
    assert installed.crowd("plugins", "--check").stderr == f"broken: {message}\n"
    (installed.folder / "task.yaml").write_text("provider: {type: acme}\nblueprint: {type: mock}")
    done = installed.crowd("run", str(installed.folder / "task.yaml"))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"error: {installed.folder}/task.yaml:1: provider.type: {message}"]


def test_what_comes_with_the_product_passes(installed: Distributions) -> None:
    done = installed.crowd("plugins", "--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("bot", "class P: ...", "has no method act(item, conversation, me)"),
        ("architect", "class P: ...", "the architect of this run does not implement architect_deploy"),
        ("blueprint", "class P: ...", "the blueprint of this run does not implement blueprint_task_data"),
    ],
)
def test_a_launch_is_refused_with_a_class_beside_the_task(
    installed: Distributions, name: str, text: str, told: str
) -> None:
    (installed.folder / "p.py").write_text(text)
    config: dict[str, Any] = {
        "blueprint": {"type": "mock"},
        "provider": {"type": "mock"},
        "architect": {"type": "local"},
    }
    if name == "bot":
        config["pairing"] = {"stand_in": [{"type": "./p.py:P"}]}
    else:
        config[name] = {"type": "./p.py:P"}
    (installed.folder / "task.yaml").write_text(json.dumps(config))
    done = installed.crowd("run", str(installed.folder / "task.yaml"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert told in done.stderr


def test_a_failure_at_work_names_distribution_and_version(task: Task, runs_of: Runs) -> None:
    """Of what a task itself brings its own name."""
    hooks = runs_of.hooks(task.load())
    with pytest.raises(HookFailed) as caught:
        asyncio.run(hooks.provider_pay(None))  # type: ignore[arg-type]
    assert str(caught.value).startswith("provider_pay of provider 'mock' (crowdcore ")

    @hookimpl
    def provider_pay() -> str:
        raise ConnectionError

    hooks = runs_of.hooks(task.load(), hooks=[provider_pay])
    with pytest.raises(HookFailed, match="provider_pay of plugin hooks: ConnectionError"):
        asyncio.run(hooks.provider_pay(None))  # type: ignore[arg-type]
