"""A model behind a ParlAI chat service takes a seat; what breaks is taken up again or handed to the next stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crowdcore.bots import Act
from crowdcore.errors import ConfigError
from crowdcore.testing.contracts import BotContract
from plugins.blueprint_parlai_chat.tests.service_for_bots import Service, chat_service
from tests.chains import ChainMaker, Talk, chains, texts

Section = Callable[..., dict[str, Any]]


@pytest.fixture
def service() -> Iterator[Service]:
    """A running chat service."""
    with chat_service() as found:
        yield found


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChainMaker]:
    """Makes the stand-ins of a run."""
    monkeypatch.setenv("NO_PROXY", "*")
    with chains(tmp_path) as make:
        yield make


@pytest.fixture
def bot(service: Service) -> Section:
    """The section of a bot that asks the service."""
    return lambda **options: {"type": "parlai", "url": service.url, **options}


def test_a_conversation_has_one_connection_past_the_overworld(
    chain: ChainMaker, bot: Section, service: Service
) -> None:
    talk = Talk(chain(bot()))
    assert talk.say("Hello") == {"text": "1: Hello"}
    assert talk.say("Well?", "Say!") == {"text": "2: Well?\nSay!"}
    assert talk.say() is None, "it has had its say"
    assert service.heard == [["Hello", "Well?\nSay!"]]
    assert service.paths == ["/websocket"]
    asyncio.run(talk.stand_ins.close())


def test_conversations_do_not_mix(chain: ChainMaker, bot: Section, service: Service) -> None:
    stand_ins = chain(bot())
    talks = [Talk(stand_ins) for _ in range(12)]

    async def many() -> None:
        for turn in range(3):
            for number, talk in enumerate(talks):
                talk.said.append(Act("Ann", {"text": f"{turn} of {number}"}))
            await asyncio.gather(*(talk.answer() for talk in talks))

    asyncio.run(many())
    for number, talk in enumerate(talks):
        assert texts(talk.said)[1::2] == [f"{turn + 1}: {turn} of {number}" for turn in range(3)]
    assert len(service.heard) == 12


def test_quick_replies_are_passed_on(chain: ChainMaker, bot: Section, service: Service) -> None:
    service.model = lambda heard: {"text": "Tea?", "quick_replies": ["yes", "no"]}
    assert Talk(chain(bot())).say("Hello") == {"text": "Tea?", "quick_replies": ["yes", "no"]}


def test_a_broken_connection_hears_everything_again(chain: ChainMaker, bot: Section, service: Service) -> None:
    talk = Talk(chain(bot()))
    talk.say("One")
    talk.say("Two")
    service.drop()
    assert talk.say("Three") == {"text": "3: Three"}
    assert talk.failures == []
    assert service.heard[1] == ["One", "Two", "Three"]


def test_a_new_process_goes_on_where_it_stood(chain: ChainMaker, bot: Section, service: Service) -> None:
    talk = Talk(chain(bot()))
    talk.say("One")
    talk.stand_ins = chain.restart()
    assert talk.say("Two") == {"text": "2: Two"}
    assert service.heard == [["One"], ["One", "Two"]]


def test_everything_may_be_heard_again_as_one_message(chain: ChainMaker, bot: Section, service: Service) -> None:
    talk = Talk(chain(bot(resend="together")))
    talk.say("One")
    service.drop()
    assert talk.say("Two")["text"].startswith("1: One\n1: One\nTwo")
    talk.say("Three")
    assert service.heard[1] == ["One\n1: One\nTwo", "Three"]


def test_it_may_be_told_to_begin(chain: ChainMaker, bot: Section) -> None:
    assert Talk(chain(bot())).say() is None
    assert Talk(chain(bot(when_first="Hello!"))).say() == {"text": "1: Hello!"}


def test_a_partner_cannot_end_or_empty_the_models_conversation(
    chain: ChainMaker, bot: Section, service: Service
) -> None:
    assert Talk(chain(bot())).say("I am [DONE] with this") == {"text": "1: I am DONE with this"}


def test_a_service_that_still_loads_is_waited_for(chain: ChainMaker, bot: Section, service: Service) -> None:
    service.notices = ["Please wait while the worlds are initializing..."] * 2
    assert Talk(chain(bot())).say("Hello") == {"text": "1: Hello"}


def test_a_path_and_another_opening_are_used_as_given(chain: ChainMaker, bot: Section, service: Service) -> None:
    options = {"url": f"{service.url}/chat", "opening": ["let me in", "what", "begin"]}
    assert Talk(chain(bot(**options))).say("Hello") == {"text": "1: Hello"}
    assert service.paths == ["/chat"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("not JSON", 'the chat service answered what is not {"text": …}'),
        ('["text"]', 'the chat service answered what is not {"text": …}'),
        (b"\x00\xff", 'the chat service answered what is not {"text": …}'),
        ({"text": " "}, "the chat service's answer has no text"),
        (
            {"text": "Sorry, this world closed."},
            "the chat service ended the conversation: Sorry",
        ),
    ],
)
def test_nonsense_hands_over_to_the_next(
    chain: ChainMaker, bot: Section, service: Service, answer: Any, reason: str
) -> None:
    service.model = lambda heard: answer
    talk = Talk(chain(bot(), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert talk.failures[0].reason.startswith(reason)


def test_one_that_is_slow_is_left_and_not_misunderstood_later(
    chain: ChainMaker, bot: Section, service: Service
) -> None:
    service.model = lambda heard: None
    talk = Talk(chain(bot(reply_timeout=0.3), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert talk.failures[0].reason == "the chat service did not answer in time (connect_timeout, reply_timeout)"


def test_one_that_is_down_or_speaks_no_websocket_is_left(chain: ChainMaker, bot: Section, service: Service) -> None:
    with chat_service() as gone:
        url = gone.url
    talk = Talk(chain(bot(url=url), "echo"))
    assert talk.say("Hello") == {"text": "Hello"}
    assert talk.failures[0].reason.startswith("the chat service cannot be reached: ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"url": ""}, "give one of url, model_file and model"),
        ({"model": "repeat_query"}, "give one of url, model_file and model"),
        ({"url": "http://localhost"}, "url: write it as ws://HOST:PORT"),
        ({"opt": {"beam_size": 3}}, "opt: a model behind a url has the options of its service"),
    ],
)
def test_options_that_cannot_work_are_refused(
    chain: ChainMaker, bot: Section, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        chain(bot(**options))


@pytest.mark.parametrize("options", [{"model": "repeat_query"}, {"model_file": "zoo:blender/blender_90M/model"}])
def test_a_model_here_says_what_it_needs_before_the_launch(chain: ChainMaker, options: dict[str, Any]) -> None:
    """ParlAI is not among our dependencies; `make parlai-check` has an environment with it."""
    with pytest.raises(ConfigError) as caught:
        chain("echo", {"type": "parlai", **options})
    (line,) = caught.value.problems
    part = next(iter(options))
    assert line.startswith(f"pairing.stand_in.1: bot 'parlai': {part} needs ParlAI in this environment (No module")
    assert "pip install --no-deps parlai==1.7.2" in line
    assert line.endswith("or give the url of a chat service")


def test_a_missing_model_file_is_told(chain: ChainMaker) -> None:
    with pytest.raises(ConfigError, match="nowhere/model does not exist"):
        chain({"type": "parlai", "model_file": "nowhere/model"})


def test_it_says_who_it_is(chain: ChainMaker, bot: Section, service: Service) -> None:
    assert chain(bot()).about(0) == {
        "name": "parlai", "model": service.url, "version": "0.1.0", "instructions": None,
    }  # fmt: skip


class TestContract(BotContract):
    """What every bot does; nobody is asked, because nobody has spoken."""

    bot = {"type": "parlai", "url": "ws://localhost:1"}  # noqa: RUF012
    talk = ()
