"""A conversation becomes messages, and what the model says becomes the next act."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from crowdcore.bots import fingerprint
from crowdcore.testing.contracts import BotContract
from plugins.bot_openai.tests.conftest import KEY, Endpoint, Reply, completion
from tests.chains import ChainMaker, Talk

Section = Callable[..., dict[str, Any]]


def test_own_acts_are_the_assistants_and_the_others_are_the_users(
    chain: ChainMaker, bot: Section, endpoint: Endpoint
) -> None:
    talk = Talk(chain(bot(instructions="You talk about {topic}, not {this}.", temperature=0.5)), {"topic": "tea"})
    assert talk.say("Hello") == {"text": "Hi!"}
    endpoint.replies = [Reply(completion("Guest: Green tea.\n"))]
    assert talk.say("What do you like?", "Tell me.") == {"text": "Green tea."}
    assert endpoint.messages() == [
        ("system", "You talk about tea, not {this}."), ("user", "Hello"), ("assistant", "Hi!"),
        ("user", "What do you like?\nTell me."),
    ]  # fmt: skip
    request = endpoint.requests[-1]
    assert (request["path"], request["model"], request["temperature"], request["max_tokens"]) == (
        "/v1/chat/completions", "small-1", 0.5, 300,
    )  # fmt: skip
    assert endpoint.headers[-1]["Authorization"] == f"Bearer {KEY}"


def test_among_more_than_two_people_the_others_have_names(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    talk = Talk(chain(bot()))
    talk.say("Hello", sender="Ann")
    assert endpoint.messages() == [("user", "Hello")]
    talk.say("Hello all", sender="Ben")
    assert endpoint.messages() == [("user", "Ann: Hello"), ("assistant", "Hi!"), ("user", "Ben: Hello all")]


def test_it_begins_when_it_is_told_what_to_do_and_is_silent_after_its_own_words(
    chain: ChainMaker, bot: Section, endpoint: Endpoint
) -> None:
    talk = Talk(chain(bot(instructions="Begin.")))
    assert talk.say() == {"text": "Hi!"}
    assert talk.say() is None
    assert len(endpoint.requests) == 1
    assert Talk(chain(bot())).say() is None


def test_what_is_no_text_is_told_as_json(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    from crowdcore.bots import Act

    talk = Talk(chain(bot()))
    talk.said.append(Act("Ann", {"answers": {"mood": 3}}))
    talk.say()
    assert endpoint.messages() == [("user", '{"answers":{"mood":3}}')]


def test_other_services_are_spoken_to_as_they_want(
    chain: ChainMaker, bot: Section, endpoint: Endpoint, monkeypatch: Any
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    options = {
        "url": f"{endpoint.url}/chat/completions/",
        "tokens_field": "max_completion_tokens",
        "extra": {"top_p": 1},
    }
    endpoint.replies = [Reply(completion([{"type": "text", "text": "In "}, {"type": "text", "text": "parts"}]))]
    assert Talk(chain(bot(**options, key_variable=""))).say("Hello") == {"text": "In parts"}
    request = endpoint.requests[-1]
    assert (request["path"], request["max_completion_tokens"], request["top_p"]) == ("/v1/chat/completions", 300, 1)
    assert "max_tokens" not in request
    assert "Authorization" not in endpoint.headers[-1]


def test_it_says_which_model_with_which_instructions(chain: ChainMaker, bot: Section) -> None:
    path = chain.task.write("told.txt", "Be kind about {topic}.\n")
    stand_ins = chain(bot(instructions_file=str(path)), bot())
    assert stand_ins.about(0) == {
        "name": "openai", "model": "small-1", "version": "0.1.0",
        "instructions": fingerprint("Be kind about {topic}.\n"),
    }  # fmt: skip
    assert stand_ins.about(1)["instructions"] is None


class TestContract(BotContract):
    """What every bot does; nobody is asked, because nobody has spoken."""

    bot = {"type": "openai", "model": "small-1", "key_variable": ""}  # noqa: RUF012
    talk = ()


def test_a_conversation_goes_on_after_a_restart(chain: ChainMaker, bot: Section, endpoint: Endpoint) -> None:
    talk = Talk(chain(bot()))
    talk.say("One")
    talk.stand_ins = chain.restart()
    endpoint.replies = [Reply(completion("Again"))]
    assert talk.say("Two") == {"text": "Again"}
    assert json.dumps([content for _, content in endpoint.messages()]) == '["One", "Hi!", "Two"]'
