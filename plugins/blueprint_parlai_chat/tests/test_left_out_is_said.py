"""What the chat's page does not show of the author's HTML is said at launch: file, line, what, why, what instead."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import blueprint_parlai_chat
import pytest
from blueprint_parlai_chat import left_out as rules

WORLD = """
class World:
    def __init__(self, agents):
        self.agents = agents
    def parley(self):
        pass
    def episode_done(self):
        return True
    def shutdown(self):
        pass
def make_world(opt, agents):
    return World(agents)
"""
PAGE = """<!doctype html><html><head><title>x</title></head><body>
<script>go()</script><style>p { color: red }</style>
<iframe src="https://a.example"></iframe><form><input name="a"></form>
<p onclick="go()" data-x="1" style="color: red" class="a">if (x<y) then</p>
<img src="http://a.example/x.png"><img src="https://a.example/x.png" alt="x"><img src="x.png">
<a href="javascript:go()" target="_blank">x</a></body></html>"""
SAID = [
    "2: <script> is left out", "2: <style> is left out", "3: <iframe> is left out", "3: <form> is left out",
    "3: <input> is left out", "4: 'onclick' of <p> is left out", "4: the attribute 'data-x' of <p> is left out",
    "5: 'http://a.example/x.png' is not loaded", "6: the address 'javascript:go()' is left out",
]  # fmt: skip


def test_a_launch_says_what_is_left_out_of_the_description(chats: Any, caplog: pytest.LogCaptureFixture) -> None:
    chats.world(WORLD)
    about = chats.write("about.html", PAGE)
    with caplog.at_level(logging.WARNING):
        chats.launch(blueprint={"task_description_file": str(about), "num_conversations": 1})
    said = [record.getMessage() for record in caplog.records if "about.html" in record.getMessage()]
    for words in SAID:
        assert any(f"{about}:{words}" in line for line in said), (words, said)
    assert not [line for line in said if "title" in line or "'style'" in line or "target" in line]


def test_what_is_said_is_what_the_page_does() -> None:
    page = (Path(blueprint_parlai_chat.__file__).parent / "page" / "safe.js").read_text()

    def words(name: str) -> set[str]:
        body = re.search(rf"const {name} = new Set\((.*?)\.split", page, re.DOTALL)
        assert body is not None
        return set("".join(re.findall(r'"([^"]*)"', body[1])).split())

    assert words("TAGS") == rules.TAGS
    assert words("DROPPED") == rules.DROPPED
    assert words("ATTRIBUTES") | {"style"} == rules.ATTRIBUTES  # the style is put on by hand
