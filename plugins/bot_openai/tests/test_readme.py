"""The README's table is what `crowd options` prints, and its example is a configuration."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from click.testing import CliRunner

from crowdcore.cli.group import crowd
from tests.chains import ChainMaker

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_table_has_every_option_with_its_default_and_help() -> None:
    (section,) = json.loads(CliRunner().invoke(crowd, ["options", "bot=openai", "--json"]).output)
    docs = [doc for doc in section["options"] if doc["name"] != "pairing.stand_in[].type"]
    expected = [
        (
            doc["name"].rpartition(".")[2],
            ", ".join(doc["choices"]) or doc["type"],
            "required" if doc["required"] else doc["default"],
            doc["help"],
        )
        for doc in docs
    ]
    assert re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\| (.*) \|$", README, re.MULTILINE) == expected


def test_the_example_is_accepted(chain: ChainMaker) -> None:
    chain.task.write("lines.txt", "Hello!\n")
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0])
    example["pairing"]["stand_in"][1]["file"] = str(chain.task.folder / "lines.txt")
    stand_ins = chain(*example["pairing"]["stand_in"])
    assert [bot.name for bot in stand_ins.bots] == ["openai", "scripted"]
