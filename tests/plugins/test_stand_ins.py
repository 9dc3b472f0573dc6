"""Several bots may be listed: the next one takes over when one fails, and everybody knows which one speaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from crowdcore import Run
from crowdcore.bots import Act, fingerprint
from crowdcore.errors import ConfigError
from crowdcore.plugins import RunPlugins
from crowdcore.plugins.stand_ins import Failure, NoStandIn, StandIns, make_bots
from tests.plugins.conftest import Runs, Task

BOTS = """
import sys, threading
from dataclasses import dataclass
from crowdcore.bots import BotFailed
from crowdcore.errors import ConfigError
from crowdcore.options import option

released = threading.Event()
together = threading.Barrier(32)

class Failing:
    @dataclass(frozen=True, kw_only=True)
    class Options:
        how: str = option("", help="What it does wrong")
        key: str = option("", help="A key", secret=True)

    seconds = 20.0

    def act(self, item, conversation, me):
        match self.options.how:
            case "raises":
                raise KeyError("gone\\nand more")
            case "plain":
                raise BotFailed("the service is on holiday")
            case "leaks":
                raise RuntimeError(f"Authorization: Bearer {self.options.key}")
            case "exits":
                sys.exit(3)
            case "no JSON":
                return {"text": {1, 2}}
            case "NaN":
                return float("nan")
            case "half":
                return {"text": "\\ud800"}
            case "long":
                return {"text": "x" * 300_000}

class Hanging:
    seconds = 0.05

    def act(self, item, conversation, me):
        released.wait(2)

class Sociable:
    def act(self, item, conversation, me):
        together.wait(60)
        return {"text": me}

class Careful:
    made = 0

    def __init__(self):
        type(self).made += 1

    def setup(self, run):
        self.run = run
        run.records("calls").put("n", run.records("calls").get("n", 0))

    def about(self):
        return {"name": "careful", "model": "m-1", "instructions": "0123456789abcdef", "mood": "fine"}

    def act(self, item, conversation, me):
        calls = self.run.records("calls")
        calls.put("n", calls.get("n") + 1)
        return {"text": f"{me} on {item['topic']}, {calls.get('n')}"}

class NeedsKey:
    def setup(self, run):
        raise ConfigError.many(["no key; set KEY", "no model"])

    def act(self, item, conversation, me):
        return {"text": "never"}

class Open:
    def act(self, item, conversation, me):
        return None

    def close(self):
        print("closed", flush=True)
"""
SAID = [Act("Ann", {"text": "Hello"})]
Chain = Callable[..., StandIns]


@pytest.fixture
def chain(task: Task, runs_of: Runs) -> Chain:
    """The stand-ins of a new run: names of classes, options, or names of installed bots."""
    task.write("bots.py", BOTS)

    def make(*bots: Any) -> StandIns:
        listed = [{"type": bot} if isinstance(bot, str) else bot for bot in bots]
        listed = [{**bot, "type": f"./bots.py:{bot['type']}"} if bot["type"][0].isupper() else bot for bot in listed]
        config = task.load(pairing={"stand_in": listed})
        return StandIns(make_bots(RunPlugins(config), runs_of.services(config)))

    return make


def ask(stand_ins: StandIns, at: int = 0, failed: Callable[[Failure], None] | None = None) -> tuple[Any, int]:
    return asyncio.run(stand_ins.act({"topic": "tea"}, SAID, "Guest", at, failed))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("raises", r"KeyError: 'gone\nand more' (bots.py:22)"),
        ("plain", "the service is on holiday"),
        ("exits", "SystemExit: 3 (bots.py:28)"),
        ("no JSON", "what it answered is not JSON: TypeError: Object of type set is not JSON serializable"),
        ("NaN", "what it answered is not JSON: ValueError: Out of range float values are not JSON compliant"),
        ("half", "what it answered is not JSON: UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800'"),
        ("long", "what it answered has 300,011 bytes of JSON, 262,144 are allowed"),
    ],
)
def test_the_next_one_takes_over_when_one_fails(
    chain: Chain, how: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[Failure] = []
    stand_ins = chain({"type": "Failing", "how": how}, "echo")
    assert ask(stand_ins, failed=failures.append) == ({"text": "Hello"}, 1)
    (failure,) = failures
    assert (failure.at, failure.bot) == (0, "./bots.py:Failing")
    assert failure.reason.startswith(reason)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "crowdcore.bots"]
    assert line == f"t-1: stand-in './bots.py:Failing' failed: {failure.reason}; 'echo' takes over"
    assert ask(stand_ins, at=1) == ({"text": "Hello"}, 1), "who took over keeps the seat"


def test_one_that_takes_too_long_is_left_behind_and_does_not_hold_up_the_next(chain: Chain) -> None:
    stand_ins = chain("Hanging", "echo")
    failures: list[Failure] = []

    async def many() -> list[tuple[Any, int]]:
        calls = [stand_ins.act({}, SAID, f"Guest {n}", failed=failures.append) for n in range(40)]
        return await asyncio.gather(*calls)

    try:
        assert asyncio.run(many()) == [({"text": "Hello"}, 1)] * 40
        assert {failure.reason for failure in failures} <= {
            "took longer than 0.05 s", "no thread became free: its earlier calls have not ended",
        }  # fmt: skip
        assert len(failures) == 40
    finally:
        stand_ins.bots[0].bot.act.__globals__["released"].set()


def test_32_conversations_are_answered_at_the_same_time(chain: Chain) -> None:
    """The bot answers only when all 32 have asked."""
    stand_ins = chain("Sociable")

    async def many() -> list[tuple[Any, int]]:
        return await asyncio.gather(*(stand_ins.act({}, SAID, f"Guest {n}") for n in range(64)))

    assert asyncio.run(many()) == [({"text": f"Guest {n}"}, 0) for n in range(64)]


def test_when_all_have_failed_the_caller_is_told_why(chain: Chain) -> None:
    stand_ins = chain({"type": "Failing", "how": "plain"}, {"type": "Failing", "how": "exits"})
    with pytest.raises(NoStandIn) as caught:
        ask(stand_ins)
    assert [failure.at for failure in caught.value.failures] == [0, 1]
    assert "the service is on holiday; ./bots.py:Failing: SystemExit: 3" in str(caught.value)
    with pytest.raises(NoStandIn, match="lists no other"):
        ask(stand_ins, at=2)


def test_a_secret_option_is_not_told(chain: Chain, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setenv("BOT_KEY", "k9y-of-the-service")
    stand_ins = chain({"type": "Failing", "how": "leaks", "key": "${oc.env:BOT_KEY}"})
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NoStandIn, match=r"Authorization: Bearer \(secret\)") as caught:
        ask(stand_ins)
    assert "k9y" not in str(caught.value) + caplog.text


def test_each_says_who_it_is(chain: Chain, task: Task) -> None:
    script = task.write("script.txt", "Hello!\n")
    stand_ins = chain("Careful", "echo", {"type": "scripted", "file": str(script)})
    digest = RunPlugins(task.load(pairing={"stand_in": "./bots.py:Careful"})).versions()["bot:./bots.py:Careful"]
    assert digest.startswith("sha256:")
    assert stand_ins.about(0) == {
        "name": "careful", "model": "m-1", "version": digest, "instructions": "0123456789abcdef",
    }  # fmt: skip
    assert stand_ins.about(1) == {"name": "echo", "model": None, "version": "0.1.0", "instructions": None}
    assert stand_ins.about(2)["instructions"] == fingerprint('[{"text": "Hello!"}]')
    assert [stand_ins.index(name) for name in ("echo", "scripted")] == [1, 2]
    with pytest.raises(NoStandIn, match=r"polite: pairing\.stand_in does not list it"):
        stand_ins.index("polite")


def test_a_bot_is_made_once_and_keeps_numbers_over_a_restart(chain: Chain, task: Task, runs_of: Runs) -> None:
    task.write("bots.py", BOTS)
    config = task.load(pairing={"stand_in": [{"type": "./bots.py:Careful"}] * 2})
    services = runs_of.services(config)
    for expected in ("1", "2", "3"):
        stand_ins = StandIns(make_bots(RunPlugins(config), services))
        asyncio.run(stand_ins.prepare())
        assert ask(stand_ins)[0] == {"text": f"Guest on tea, {expected}"}
        assert isinstance(stand_ins.bots[0].bot.run, Run)
        assert stand_ins.bots[0].bot.made == 2, "one object for each place in the list"
    assert ask(stand_ins, at=1)[0] == {"text": "Guest on tea, 1"}, "two of one type do not share their numbers"


def test_what_a_bot_lacks_is_told_before_the_launch(chain: Chain) -> None:
    with pytest.raises(ConfigError) as caught:
        asyncio.run(chain("echo", "NeedsKey", {"type": "scripted", "file": __file__}).prepare())
    assert caught.value.problems == [
        "pairing.stand_in.1: bot './bots.py:NeedsKey': no key; set KEY",
        "pairing.stand_in.1: bot './bots.py:NeedsKey': no model",
    ]


def test_bots_are_closed(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(chain("Open", "echo").close())
    assert capsys.readouterr().out == "closed\n"
