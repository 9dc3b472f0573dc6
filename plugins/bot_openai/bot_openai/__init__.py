"""The bot `openai`: what a chat completions service says next in a conversation."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from bot_openai.caps import Caps, Prices
from bot_openai.messages import filled, messages_of
from crowdcore.bots import Act, fingerprint
from crowdcore.errors import ConfigError
from crowdcore.options import Duration, Price, option

if TYPE_CHECKING:
    from bot_openai.service import Service
    from crowdcore import Run

__all__ = ["OpenAIBot"]


class OpenAIBot:
    """A partner from any service with OpenAI's `/chat/completions`."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Options of the bot `openai`."""

        url: str = option("https://api.openai.com/v1", help="Address of the service, with or without /chat/completions")
        model: str = option(help="Name of the model, as the service calls it")
        instructions: str = option(
            "", help="What the model is told before the conversation; {field} is the item's text"
        )
        instructions_file: Path | None = option(None, help="The same from a UTF-8 file", path=True)
        temperature: float | None = option(
            None, help="How freely it speaks; none = the service's default", min=0, max=2
        )
        max_tokens: int = option(300, help="Tokens of one answer at most; 0 = the service's limit", min=0)
        tokens_field: Literal["max_tokens", "max_completion_tokens"] = option(
            "max_tokens", help="How the service calls that limit"
        )
        extra: dict[str, Any] = option(factory=dict, help="Further fields of the request, as the service knows them")
        timeout: Duration = option(30.0, help="How long one answer may take, retries included", min=1, max=600)
        attempts: int = option(4, help="Requests for one answer at most", min=1, max=20)
        key_variable: str = option(
            "OPENAI_API_KEY", help='Environment variable that holds the key; "" = the service needs none'
        )
        max_calls: int = option(0, help="Requests in one run at most, retries included; 0 = no limit", min=0)
        max_spend: Price = option(Decimal(0), help="Money that one run may cost here at most; 0 = no limit", min=0)
        price_in: Price = option(Decimal(0), help="Price of a million tokens that the model reads", min=0)
        price_out: Price = option(Decimal(0), help="Price of a million tokens that the model writes", min=0)

        def __post_init__(self) -> None:
            parts = urlsplit(self.url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("url: write it as https://HOST/v1")
            if parts.username or parts.password or parts.query or parts.fragment:
                raise ValueError("url: only scheme, host and path; a key belongs into the environment (key_variable)")
            if self.instructions and self.instructions_file:
                raise ValueError("give instructions or instructions_file, not both")
            if self.max_spend and not (self.price_in and self.price_out and self.max_tokens):
                raise ValueError("max_spend needs price_in, price_out and max_tokens, from which the cost is reckoned")

    options: Options

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._service: Service | None = None
        self._caps: Caps | None = None
        self._instructions: str | None = None

    @property
    def seconds(self) -> float:
        """What one act may take: the timeout, and a moment to give up."""
        return self.options.timeout + 3.0

    def setup(self, run: Run) -> None:
        """Find the key and the instructions, and what this run has used so far; ConfigError if something is missing."""
        self._key()
        self._told()
        self._caps = Caps(self.options.max_calls, self.options.max_spend, self._prices(), run.records("used"))

    def about(self) -> dict[str, str | None]:
        """The model and the fingerprint of its instructions as they are written."""
        told = self._told()
        return {"name": "openai", "model": self.options.model, "instructions": fingerprint(told) if told else None}

    def act(self, item: Any, conversation: Sequence[Act], me: str) -> Any | None:
        """{"text": …} when it was told something or begins, None after its own words; BotFailed without an answer."""
        if conversation and conversation[-1].sender == me:
            return None
        messages = messages_of(filled(self._told(), item), conversation, me)
        if not messages:
            return None
        options = self.options
        body: dict[str, Any] = {**options.extra, "model": options.model, "messages": messages}
        if options.temperature is not None:
            body["temperature"] = options.temperature
        if options.max_tokens:
            body[options.tokens_field] = options.max_tokens
        text = self._made().say(body, options.max_tokens)
        return {"text": text.removeprefix(f"{me}: ")}

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            service, self._service = self._service, None
        if service is not None:
            service.close()

    def _made(self) -> Service:
        from bot_openai.service import Service  # brings httpx along: only when it is to speak

        with self._lock:
            if self._caps is None:
                self._caps = Caps(self.options.max_calls, self.options.max_spend, self._prices(), None)
            if self._service is None:
                options = self.options
                self._service = Service(options.url, self._key(), self._caps, options.timeout, options.attempts)
            return self._service

    def _prices(self) -> Prices:
        return Prices(self.options.price_in, self.options.price_out)

    def _key(self) -> str:
        name = self.options.key_variable
        if not name:
            return ""
        key = os.environ.get(name, "").strip()
        if not key:
            told = 'or write key_variable: "" if the service needs no key'
            raise ConfigError(f"the key is missing: set the environment variable {name}, {told}")
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise ConfigError(f"what is in {name} is no key: it has a space, a line break or a letter beyond ASCII")
        return key

    def _told(self) -> str:
        if self._instructions is None:
            path = self.options.instructions_file
            try:
                self._instructions = self.options.instructions if path is None else path.read_text("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path}: cannot be read as UTF-8 text: {error}") from None
        return self._instructions
