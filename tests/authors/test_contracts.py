"""The suites for authors hold for the distributions in this folder, and find what they are made to find."""

# ruff: noqa: RUF012 - what a suite is given is changed by nobody
from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from crowdcore.testing.contracts import ArchitectContract, BlueprintContract, BotContract, ProviderContract
from tests.plugins.examples import Platform

HERE = Path(__file__).parent / "distributions"
HEADLINE = f"{HERE}/crowd_blueprint_headline/crowd_blueprint_headline.py:HeadlineBlueprint"


class TestHeadline(BlueprintContract):
    blueprint = {"type": HEADLINE, "texts": ["Rain all week", "Market opens again"], "most_words": 4}
    accepted = {"headline": "Umbrellas sell out"}
    refused = ({}, {"headline": ""}, {"headline": 7}, {"headline": "five words are too many"}, ["a list"])


class TestBadge(ProviderContract):
    provider = {"type": f"{HERE}/crowd_badge/crowd_badge.py:BadgeProvider", "badges": ["x", "y"]}

    def section(self, folder: Path) -> dict[str, Any]:
        (folder / "payroll").mkdir(parents=True)
        return {**self.provider, "payroll": str(folder / "payroll")}

    def params(self, worker: str) -> dict[str, str]:
        return {"badge": worker, "place": f"desk-{worker}"}


class TestCard(ArchitectContract):
    architect = {"type": f"{HERE}/crowd_architect_card/crowd_architect_card.py:CardArchitect"}

    def section(self, folder: Path) -> dict[str, Any]:
        return {**self.architect, "card": str(folder / "address.txt")}


class TestPolite(BotContract):
    bot = {"type": f"{HERE}/crowd_bot_polite/crowd_bot_polite.py:PoliteBot", "patience": 1}
    item = {"topic": "tea"}


BOARD = """
from dataclasses import dataclass
from pathlib import Path
from crowdcore import Completion, hookimpl
from crowdcore.options import option

class Board:
    delivers = frozenset({"reward"})

    @dataclass(frozen=True, kw_only=True)
    class Options:
        folder: Path = option(help="The platform's books", path=True)
        home: str = option(help="Where the platform is")
        key: str = option(help="Password", secret=True)

    def write(self, name, value):
        assert self.options.key == "letmein", f"the platform knows no key {self.options.key!r}"
        (self.options.folder / name).write_text(str(value))

    @hookimpl
    def provider_register(self):
        self.write("account", "here")

    @hookimpl
    def provider_launch(self, total):
        self.write("places", total)

    @hookimpl
    def provider_extend(self, total):
        self.write("places", total)

    @hookimpl
    def provider_complete(self, visit):
        return Completion("redirect", f"{self.options.home}/done?visit={visit.external_id}")

    @hookimpl
    def provider_pay(self, payment):
        self.write("paid-" + payment.key.replace(":", "-"), payment.amount)
        return payment.key
"""
DOUBLING = """
class Doubling(Board):
    @hookimpl
    def provider_extend(self, places):
        self.write("places", int((self.options.folder / "places").read_text()) + places)
"""


class TestBoard(ProviderContract):
    """A provider with a platform and a password."""

    board = BOARD
    name = "Board"

    @pytest.fixture(autouse=True)
    def platform(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
        monkeypatch.setenv("BOARD_KEY", "letmein")
        with Platform().serve() as self.seen:
            yield self.seen

    def section(self, folder: Path) -> dict[str, Any]:
        self.books = folder / "books"
        self.books.mkdir(parents=True, exist_ok=True)
        (folder / "board.py").write_text(self.board)
        return {"type": f"{folder}/board.py:{self.name}", "folder": str(self.books), "home": self.seen.url,
                "key": "${oc.env:BOARD_KEY}"}  # fmt: skip

    def places(self, run: Any) -> int:
        return int((self.books / "places").read_text())

    def redirected(self, completion: Mapping[str, Any]) -> None:
        super().redirected(completion)
        assert self.seen.got("GET /done?visit=visit-of-x") == [None], "the platform saw it"


def test_places_that_double_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = type("Suite", (TestBoard,), {"board": BOARD + DOUBLING, "name": "Doubling"})()
    monkeypatch.setenv("BOARD_KEY", "letmein")
    with Platform().serve() as suite.seen, pytest.raises(AssertionError, match="provider_extend was called twice"):
        suite.test_a_repeated_launch_offers_nothing_twice(tmp_path, monkeypatch)


BAD_BLUEPRINT = """
import random
from dataclasses import dataclass
from crowdcore import hookimpl
from crowdcore.testing.mock import MockBlueprint

class Bad(MockBlueprint):
    @dataclass(frozen=True, kw_only=True)
    class Options:
        colour: str = "red"

    @hookimpl
    def blueprint_task_data(self, start=0):
        return [{"n": random.random()} for _ in range(start, 3)]

    @hookimpl
    def blueprint_build(self, build_dir):
        (build_dir / "index.html").write_text("<html lang='en'><title>Bad</title><script src='gone.js'></script>")

    @hookimpl
    def blueprint_validate(self, data):
        return {"text": ["Too long."]} if len(data["text"]) > 3 else None

    @hookimpl
    def blueprint_render(self, agent, format):
        return ""
"""


class Bad(BlueprintContract):
    accepted = {"text": "abc"}
    refused = ({"text": "abcd"}, {"texts": "no text at all"})

    def section(self, folder: Path) -> dict[str, Any]:
        folder.mkdir(exist_ok=True)
        (folder / "bad.py").write_text(BAD_BLUEPRINT)
        return {"type": f"{folder}/bad.py:Bad"}


@pytest.mark.parametrize(
    ("rule", "finding"),
    [
        ("test_every_option_has_a_help_text", "colour"),
        ("test_items_are_json_and_go_on_from_any_ordinal", "other items from ordinal 0"),
        ("test_the_page_and_what_it_refers_to_are_served", "gone.js"),
        ("test_a_good_answer_is_stored_parsed_and_rendered", "strip"),
        ("test_bad_answers_are_refused_and_the_work_stays_open", r"checking {'texts': 'no text at all'} failed"),
    ],
)
def test_a_bad_blueprint_is_found(rule: str, finding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"tmp_path": tmp_path, "monkeypatch": monkeypatch}
    method = getattr(Bad(), rule)
    with pytest.raises(AssertionError, match=finding):
        method(**{name: asked[name] for name in inspect.signature(method).parameters})


def test_the_suites_can_be_imported_without_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import crowdcore.testing.contracts"
    subprocess.run([sys.executable, "-c", code], check=True)
