"""What is installed is known without importing it; what cannot be used says why in one line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from crowdcore.plugins import Catalogue, Entry, catalogue
from tests.plugins.conftest import Distributions

LOAD = "from crowdcore.plugins import catalogue; import sys; catalogue().load(*sys.argv[1:])"


def entry(kind: str, name: str, dist: str = "crowd-x", version: str = "1.0", value: str = "x:X") -> Entry:
    return Entry(kind, name, dist, version, value, f"crowdcore.{kind}s")


def test_entries_are_known_by_kind_and_name() -> None:
    known = Catalogue([entry("provider", "b"), entry("provider", "a"), entry("blueprint", "a")])
    assert [(e.kind, e.name) for e in known.entries()] == [("blueprint", "a"), ("provider", "a"), ("provider", "b")]
    assert known.find("provider", "b").dist == "crowd-x"


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("provider", "inhose", "no provider named 'inhose'; did you mean 'inhouse'? Installed: inhouse, mock"),
        ("provider", "mturk", "no provider named 'mturk'; perhaps `pip install crowd-mturk`. Installed: inhouse, mock"),
        (
            "provider", "mturk_sandbox",
            "no provider named 'mturk_sandbox'; perhaps `pip install crowd-mturk`. Installed: inhouse, mock",
        ),
        (
            "blueprint", "parlai_chat",
            "no blueprint named 'parlai_chat'; perhaps `pip install crowd-blueprint-parlai-chat`. Installed: none",
        ),
        ("architect", "inhouse", "no architect named 'inhouse' ('inhouse' is the name of a provider). Installed: none"),
        ("blueprint", "./mine.py", "blueprint './mine.py' names a file without a class; write it as "
         "./file.py:ClassName"),
        ("provider", "a b", "no provider named 'a b'. Installed: inhouse, mock"),
    ],
)  # fmt: skip
def test_a_missing_plugin_is_told_with_what_to_type(
    kind: str, name: str, message: str, refused: Callable[..., list[str]]
) -> None:
    known = Catalogue([entry("provider", "inhouse"), entry("provider", "mock")])
    assert refused(known.find, kind, name) == [message]


def test_two_distributions_with_one_name_are_an_error_only_for_who_uses_it(refused: Callable[..., list[str]]) -> None:
    twice = [entry("blueprint", "form", "acme-form", "3.1", "acme:F"), entry("blueprint", "form", "crowd-f", "0.2")]
    known = Catalogue([*twice, entry("blueprint", "other")])
    assert known.find("blueprint", "other").name == "other"
    assert refused(known.find, "blueprint", "form") == [
        "blueprint 'form' is provided by acme-form 3.1 (acme:F) and crowd-f 0.2 (x:X); uninstall all but one"
    ]


def test_the_default_is_the_one_marked_in_its_distribution(refused: Callable[..., list[str]]) -> None:
    one, two = entry("provider", "one", value="x:One"), entry("provider", "two", "crowd-y", "2.0", "y:Two")
    mark = Entry("default", "provider", "crowd-x", "1.0", "x:One", "crowdcore.defaults")
    also = Entry("default", "provider", "crowd-y", "2.0", "y:Two", "crowdcore.defaults")
    assert Catalogue([one, two, mark]).default("provider") == one
    assert refused(Catalogue([one, two]).default, "provider") == [
        "the task names no provider and none is the default; write provider: {type: NAME} (installed: one, two)"
    ]
    assert refused(Catalogue([one, two, mark, also]).default, "provider") == [
        "provider: one (crowd-x 1.0) and two (crowd-y 2.0) all claim to be the default; "
        "write provider: {type: NAME} in task.yaml"
    ]


def test_a_distribution_made_for_another_crowdcore_is_refused_before_it_is_imported(installed: Distributions) -> None:
    points = {"crowdcore.providers": {"late": "late:P"}}
    installed.add("late", points, version="3.1", code="print('imported')", requires=("crowdcore>=9,<10", "httpx"))
    done = installed.python(LOAD, "provider", "late")
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (
        "crowdcore.errors.PluginError: provider 'late' (late 3.1) needs crowdcore<10,>=9, but crowdcore 0.1.0 is "
        "installed; `pip install --upgrade crowdcore late` finds versions that fit"
    )


@pytest.mark.parametrize(
    ("code", "value", "message"),
    [
        ("import boto33", "m:P", "cannot be imported: ModuleNotFoundError: No module named 'boto33' (m.py:1)"),
        ("import sys; sys.exit('no')", "m:P", "cannot be imported: SystemExit: no (m.py:1)"),
        ("", "m:P", "cannot be imported: AttributeError: module 'm' has no attribute 'P'"),
        ("\nclass P:\n    x = 1 +\n", "m:P", "cannot be imported: SyntaxError: invalid syntax (m.py, line 3) (m.py:3)"),
        ("P = 3", "m:P", "m:P is no class"),
    ],
)
def test_a_broken_plugin_says_whose_it_is(installed: Distributions, code: str, value: str, message: str) -> None:
    installed.add("crowd-m", {"crowdcore.providers": {"m": value}}, code=code, module="m")
    done = installed.python(LOAD, "provider", "m")
    joint = ": " if message.startswith("m:P") else " "
    assert done.stderr.splitlines()[-1] == (f"crowdcore.errors.PluginError: provider 'm' (crowd-m 1.0){joint}{message}")


def test_crowd_plugins_lists_kind_name_distribution_and_version(installed: Distributions) -> None:
    installed.add("acme", {"crowdcore.exporters": {"xml": "acme:xml"}}, version="2.5", code="raise ValueError")
    done = installed.crowd("plugins", "--kind", "exporter")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "kind      name  distribution  version  entry point",
        "exporter  xml   acme          2.5      acme:xml",
    ]
    rows = json.loads(installed.crowd("plugins", "--json", "--kind", "exporter").stdout)
    assert rows == [
        {"kind": "exporter", "name": "xml", "distribution": "acme", "version": "2.5", "entry_point": "acme:xml",
         "default": False, "clash": False}
    ]  # fmt: skip


def test_crowd_plugins_shows_a_clash_and_check_fails_for_it(installed: Distributions) -> None:
    for name in ("acme", "base"):
        installed.add(name, {"crowdcore.exporters": {"xml": f"{name}:xml"}}, code="def xml(): pass")
    done = installed.crowd("plugins", "--kind", "exporter")
    assert done.returncode == 0
    assert done.stderr == (
        "clash: exporter 'xml' is provided by acme 1.0 (acme:xml) and base 1.0 (base:xml); uninstall all but one\n"
    )
    assert installed.crowd("plugins", "--check", "--kind", "exporter").returncode == 2


def test_check_imports_each_plugin_and_names_every_fault(installed: Distributions) -> None:
    code = """
    from crowdcore import hookimpl
    class P:
        @hookimpl
        def provider_approv(self, visit): pass
        @hookimpl
        async def provider_pay(self, amount): pass
        def provider_block(self): pass
    """
    installed.add("acme", {"crowdcore.providers": {"acme": "acme:P"}}, code=code)
    installed.add("fails", {"crowdcore.exporters": {"fails": "fails:f"}}, code="1 / 0")
    done = installed.crowd("plugins", "--check")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "broken: exporter 'fails' (fails 1.0) cannot be imported: ZeroDivisionError: division by zero (fails.py:1)",
        "broken: provider 'acme' (acme 1.0): unknown hook 'provider_approv'; did you mean 'provider_approve'?",
        "broken: provider 'acme' (acme 1.0): provider_block is the name of a hook, but is not marked; "
        "write @hookimpl above it",
        "broken: provider 'acme' (acme 1.0): hook provider_pay has no argument 'amount'; it offers run, payment, inner",
        "broken: provider 'acme' (acme 1.0): provider_pay is an async function; the hook wants a plain def",
    ]
    broken = [line for line in done.stdout.splitlines() if line.endswith("broken")]
    assert [line.split()[1] for line in broken] == ["fails", "acme"]


def test_show_tells_origin_hooks_and_options(installed: Distributions) -> None:
    code = '''
    from dataclasses import dataclass
    from crowdcore import hookimpl
    from crowdcore.options import option
    class P:
        """Pays in shells."""
        needs = {"public_url"}
        @dataclass
        class Options:
            colour: str = option("red", help="Colour of the shells")
        @hookimpl
        def provider_pay(self, payment): return "paid"
    '''
    installed.add("acme", {"crowdcore.providers": {"acme": "acme:P"}}, code=code)
    done = installed.crowd("plugins", "show", "acme")
    assert done.stdout.splitlines() == [
        "provider acme: Pays in shells.",
        "  from     acme 1.0",
        "  class    acme:P",
        f"  file     {installed.folder / 'acme.py'}",
        "  needs    public_url",
        "  hooks",
        "    provider_pay",
        "  options",
        "    colour  text  red  Colour of the shells",
    ]
    missing = installed.crowd("plugins", "show", "acmee")
    assert (missing.returncode, missing.stderr) == (
        2, "error: no plugin named 'acmee'; did you mean 'acme'? `crowd plugins` lists all of them\n"
    )  # fmt: skip


def test_a_damaged_distribution_takes_nobody_along(installed: Distributions) -> None:
    installed.add("acme", {"crowdcore.exporters": {"xml": "acme:xml"}})
    broken = installed.folder / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "entry_points.txt").write_text("[crowdcore.exporters]\nno value here\n= neither\n")
    done = installed.crowd("plugins", "--kind", "exporter")
    assert done.returncode == 0
    assert "xml" in done.stdout


def test_the_core_brings_its_own_mock_plugins_and_bots() -> None:
    known = catalogue()
    for kind, name in (("blueprint", "mock"), ("provider", "mock"), ("bot", "echo"), ("bot", "scripted")):
        assert known.load(kind, name).__module__.startswith("crowdcore.")
