"""A service that is slow, down, busy, over its cap or talks nonsense hands the seat to the next stand-in."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from crowdcore.bots import Act
from crowdcore.errors import ConfigError
from plugins.bot_openai.tests.conftest import KEY, Endpoint, Reply, completion
from tests.chains import ChainMaker, Talk

Section = Callable[..., dict[str, Any]]
NONSENSE = [
    (b"<h1>Welcome</h1>", "the service's answer is not JSON; does its address end in /v1?"),
    (b"[" * 100_000, "the service's answer is not JSON; does its address end in /v1?"),
    (b'{"object": "list"}', "the service's answer has no choices[0].message.content"),
    (b'{"choices": []}', "the service's answer has no choices[0].message.content"),
    (b'{"choices": [null]}', "the service's answer has no choices[0].message.content"),
    (completion("  \n"), "the service's answer has no text"),
    (completion(None), "the service's answer has no text"),
    (completion({"text": "x"}), "the service's answer has no text"),
    (b" " * 5_000_000, "the service answered more than 4,000,000 bytes"),
]


@pytest.mark.parametrize(("body", "reason"), NONSENSE)
def test_nonsense_is_a_failure(chain: ChainMaker, bot: Section, endpoint: Endpoint, body: bytes, reason: str) -> None:
    endpoint.replies = [Reply(body)]
    talk = Talk(chain(bot(), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert [(f.bot, f.reason) for f in talk.failures] == [("openai", reason)]
    assert talk.at == 1
    assert len(endpoint.requests) == 1, "asking again would cost again"


def test_one_that_is_down_is_asked_again_a_few_times(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    endpoint.stop()
    talk = Talk(chain(bot(attempts=2), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert talk.failures[0].reason.startswith("the service cannot be reached: ")


def test_one_that_is_slow_is_given_up(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    endpoint.replies = [Reply(hold=True)]
    talk = Talk(chain(bot(timeout=1), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert talk.failures[0].reason == "the service did not answer within 1 s"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_that_is_busy_is_asked_again(chain: ChainMaker, bot: Section, endpoint: Endpoint, status: int) -> None:
    endpoint.replies = [Reply(b"{}", status), Reply(b"", status, {"Retry-After": "0"}), Reply()]
    talk = Talk(chain(bot()))
    assert talk.say("Hello") == {"text": "Hi!"}
    assert (len(endpoint.requests), talk.failures) == (3, [])


@pytest.mark.parametrize("way", ["seconds", "date"])
def test_one_that_wants_more_time_than_there_is_is_not_waited_for(
    chain: ChainMaker, bot: Section, endpoint: Endpoint, way: str
) -> None:
    later = "3600" if way == "seconds" else format_datetime(datetime.now(UTC) + timedelta(hours=1))
    endpoint.replies = [Reply(b'{"error": {"message": "slow down"}}', 429, {"Retry-After": later})]
    talk = Talk(chain(bot(), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert talk.failures[0].reason == "the service answered 429: slow down"
    assert len(endpoint.requests) == 1


def test_a_refused_request_is_not_repeated(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    endpoint.replies = [Reply(b'{"error": {"message": "no model small-1"}}', 404)]
    talk = Talk(chain(bot(), "echo"))
    talk.say("Hello")
    assert (talk.failures[0].reason, len(endpoint.requests)) == ("the service answered 404: no model small-1", 1)


def test_the_cap_on_calls_counts_retries_and_survives_a_restart(
    chain: ChainMaker, bot: Section, endpoint: Endpoint
) -> None:
    endpoint.replies = [Reply(b"", 503, {"Retry-After": "0"}), Reply()]
    assert Talk(chain(bot(max_calls=3), "echo")).say("Hello") == {"text": "Hi!"}
    again = Talk(chain.restart())
    assert again.say("Hello") == {"text": "Hi!"}
    assert again.say("More") == {"text": "More"}
    assert again.failures[0].reason == "over its cap: all of max_calls (3) are used"
    assert Talk(chain.restart()).say("Hello") == {"text": "Hello"}
    assert len(endpoint.requests) == 3


def test_caps_hold_for_many_conversations_at_once(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    stand_ins = chain(bot(max_calls=10), "echo")
    talks = [Talk(stand_ins) for _ in range(40)]

    async def many() -> list[Any]:
        for talk in talks:
            talk.said.append(Act("Ann", {"text": "Hello"}))
        return await asyncio.gather(*(talk.answer() for talk in talks))

    answers = [answer["text"] for answer in asyncio.run(many())]
    assert (answers.count("Hi!"), answers.count("Hello"), len(endpoint.requests)) == (10, 30, 10)


def test_the_cap_on_spend_is_never_passed(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    """Before a request the most it can cost must be left: 1,000 tokens to write at 1 a thousand, and what it reads."""
    prices = {"price_in": "1000", "price_out": "1000", "max_tokens": 1000, "max_spend": "3"}
    endpoint.replies = [Reply(completion("Hi!", read=200, written=500))]
    chain(bot(**prices), "echo")
    answers = [Talk(chain.restart()).say("Hello") for _ in range(6)]
    assert [answer["text"] for answer in answers] == ["Hi!", "Hi!", "Hi!", "Hello", "Hello", "Hello"]
    talk = Talk(chain.restart())
    talk.say("Hello")
    assert talk.failures[0].reason == "over its cap: 0.9 of max_spend (3) is left, too little"


def test_what_is_not_told_counts_as_the_most_it_can_have_cost(
    chain: ChainMaker, bot: Section, endpoint: Endpoint
) -> None:
    prices = {"price_in": "0.000001", "price_out": "1000", "max_tokens": 1000, "max_spend": "1.5"}
    endpoint.replies = [Reply(json.dumps({"choices": [{"message": {"content": "Free?"}}], "usage": {}}).encode())]
    talk = Talk(chain(bot(**prices), "echo"))
    assert talk.say("Hello") == {"text": "Free?"}
    assert talk.say("More") == {"text": "More"}


def test_a_refused_request_costs_nothing(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    prices = {"price_in": "0.000001", "price_out": "1000", "max_tokens": 1000, "max_spend": "1.5"}
    endpoint.replies = [Reply(b"", 500, {"Retry-After": "0"}), Reply(b"", 500, {"Retry-After": "0"}), Reply()]
    assert Talk(chain(bot(**prices), "echo")).say("Hello") == {"text": "Hi!"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(f'{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}'.encode(), 401),
        Reply(f'{{"error": "{KEY} is over its quota"}}'.encode(), 402),
        Reply(f"{KEY}".encode(), 200),
    ],
)
def test_the_key_is_never_told(
    chain: ChainMaker, bot: Section, endpoint: Endpoint, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint.replies = [Reply(b"", 503, {"Retry-After": "0"}), reply]
    talk = Talk(chain(bot(), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert KEY not in talk.failures[0].reason
    assert KEY not in caplog.text.replace("'Authorization'", "")
    assert re.search(r"openai' \(crowd-bot-openai \S+\) failed: the service", caplog.text)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (None, 'the key is missing: set the environment variable OPENAI_API_KEY, or write key_variable: ""'),
        (" ", 'the key is missing: set the environment variable OPENAI_API_KEY, or write key_variable: ""'),
        ("sk-a\nb", "what is in OPENAI_API_KEY is no key: it has a space, a line break"),
    ],
)
def test_a_missing_key_stops_the_launch(
    chain: ChainMaker, bot: Section, monkeypatch: pytest.MonkeyPatch, key: str | None, told: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    if key is not None:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ConfigError) as caught:
        chain("echo", bot())
    (line,) = caught.value.problems
    assert line.startswith(f"pairing.stand_in.1: bot 'openai': {told}")
    assert "sk-a" not in line


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"url": "api.example"}, "url: write it as https://HOST/v1"),
        ({"url": "https://me:sk-9@api.example/v1"}, "a key belongs into the environment"),
        ({"instructions": "a", "instructions_file": __file__}, "give instructions or instructions_file, not both"),
        ({"max_spend": 1}, "max_spend needs price_in, price_out and max_tokens"),
    ],
)
def test_options_that_cannot_work_are_refused(
    chain: ChainMaker, bot: Section, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        chain(bot(**options))
