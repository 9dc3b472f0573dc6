"""The tree speaks of the project, not of the machine that it was written on."""

from __future__ import annotations

import re

from tests.repo.tree import ROOT, texts

HOSTS = [".".join(words) for words in (
    ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("deb", "debian", "org"),
    ("registry", "yarnpkg", "com"),
)]  # fmt: skip
PATHS = re.compile(r"(?<![\w.<}~-])/(?:" + "|".join(["home", "root", "Users", "work"]) + r")/[\w.]")
LEFT_OVERS = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")


def test_no_address_of_a_registry_is_recorded() -> None:
    assert [(str(path), host) for path, text in texts() for host in HOSTS if host in text] == []


def test_no_path_of_one_machine_is_recorded() -> None:
    assert [(str(path.relative_to(ROOT)), found[0]) for path, text in texts() for found in PATHS.finditer(text)] == []


def test_nothing_is_left_for_later() -> None:
    code = [pair for pair in texts() if pair[0].suffix in {".py", ".js", ".mjs", ".css", ".sh", ".toml"}]
    found = [(str(path.relative_to(ROOT)), match[0]) for path, text in code for match in LEFT_OVERS.finditer(text)]
    assert found == []


def test_no_test_is_skipped() -> None:
    """A missing browser or database fails, with the command that installs it."""
    ways = "|".join(["skip", "importorskip", "xfail", r"mark\.skip", r"mark\.xfail"])
    skipping = re.compile(rf"pytest\.(?:{ways})")
    tests = [pair for pair in texts() if pair[0].suffix == ".py" and "tests" in pair[0].parts]
    assert [str(path.relative_to(ROOT)) for path, text in tests if skipping.search(text)] == []
