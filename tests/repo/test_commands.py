"""What README and docs tell people to type exists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from tests.repo.tree import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _typed(program: str) -> Iterator[tuple[str, str]]:
    """(page, first word after `program`) of each command in a block of code or in backquotes."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
        for line in lines:
            found = re.match(rf"\s*(?:\$ )?{program} ([a-z][a-z-]*)(?=\s|$)", line)
            if found:
                yield page.name, found[1]


def test_every_make_command_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {pair for pair in _typed("make") if pair[1] not in targets} == set()


def test_every_crowd_command_is_a_verb() -> None:
    help_text = subprocess.run(
        [sys.executable, "-c", "from crowdcore.cli import main; main()", "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    verbs = set(re.findall(r"^  ([a-z][a-z-]*)", help_text.split("Commands:")[1], re.M))
    assert {pair for pair in _typed("crowd") if pair[1] not in verbs} == set()


def test_make_alone_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    promised = re.search(r"^\.PHONY:(.*)$", makefile, re.M)
    assert promised is not None
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == set(promised[1].split())
