"""The core's bots keep nothing but what was said, so they go on after a restart where they stood."""

from __future__ import annotations

from pathlib import Path

import pytest

from crowdcore.bots import Act, EchoBot, ScriptedBot
from crowdcore.errors import ConfigError


def said(*lines: tuple[str, str]) -> list[Act]:
    return [Act(sender, {"text": text}) for sender, text in lines]


def test_echo_says_again_what_others_said_last() -> None:
    bot = EchoBot()
    assert bot.act(None, [], "me") is None
    assert bot.act(None, said(("you", "hello")), "me") == {"text": "hello"}
    assert bot.act(None, said(("you", "hello"), ("me", "hello")), "me") is None
    bot.options = EchoBot.Options(prefix="you said: ")
    assert bot.act(None, said(("you", "hello")), "me") == {"text": "you said: hello"}
    assert bot.act(None, [Act("you", [1])], "me") == [1]


def test_scripted_says_its_lines_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "script.txt"
    path.write_text('Hello!\n\n  {"text": "Fine", "mood": 1}\n')
    bot = ScriptedBot()
    bot.options = ScriptedBot.Options(file=path)
    conversation: list[Act] = []
    for expected in ({"text": "Hello!"}, {"text": "Fine", "mood": 1}):
        act = bot.act(None, conversation, "me")
        assert act == expected
        conversation += [Act("me", act), *said(("you", "aha"))]
    assert bot.act(None, conversation, "me") is None
    again = ScriptedBot()
    again.options = ScriptedBot.Options(file=path, repeat=True)
    assert again.act(None, conversation, "me") == {"text": "Hello!"}


def test_a_script_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "script.txt"
    path.write_text("Hello!\n{oops\n")
    bot = ScriptedBot()
    bot.options = ScriptedBot.Options(file=path)
    with pytest.raises(ConfigError, match=r"script.txt:2: starts like a JSON object, but is none"):
        bot.act(None, [], "me")
