"""The bot `parlai`: a ParlAI model in this process, or one that a ParlAI chat service serves elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from blueprint_parlai_chat.bot_turns import turns_of
from crowdcore.bots import Act
from crowdcore.errors import ConfigError
from crowdcore.options import Duration, option

if TYPE_CHECKING:
    from blueprint_parlai_chat.bot_local import LocalModel
    from blueprint_parlai_chat.bot_remote import ChatService
    from crowdcore import Run

__all__ = ["ParlaiBot"]

_ZOO = ("zoo:", "models:", "izoo:")


class ParlaiBot:
    """A ParlAI model as a partner: give `url`, `model_file` or `model`."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        """Options of the bot `parlai`."""

        url: str = option("", help="A ParlAI chat service (websocket): ws://HOST:PORT, or with a path; else /websocket")
        model_file: str = option(
            "", help="A model on this machine, as ParlAI's --model-file; zoo:… is fetched by ParlAI"
        )
        model: str = option("", help="An agent of ParlAI without a file, as its --model: repeat_query")
        opt: dict[str, Any] = option(factory=dict, help="Further ParlAI options of the model on this machine")
        opening: list[str] = option(
            factory=lambda: ["begin", "begin"],
            help="Lines said to the service before a conversation, each answered once",
        )
        when_first: str = option("", help="What the model hears when it is to speak first; empty = it waits")
        resend: Literal["turns", "together"] = option(
            "turns", help="How a new connection hears what was said: turn by turn, or as one message"
        )
        connect_timeout: Duration = option(10.0, help="How long connecting and the opening may take", min=0.1, max=600)
        reply_timeout: Duration = option(30.0, help="How long one answer may take", min=0.1, max=600)

        def __post_init__(self) -> None:
            given = [name for name in ("url", "model_file", "model") if getattr(self, name)]
            if len(given) != 1:
                raise ValueError("give one of url, model_file and model")
            parts = urlsplit(self.url)
            if self.url and (parts.scheme not in ("ws", "wss") or not parts.hostname or parts.username or parts.query):
                raise ValueError("url: write it as ws://HOST:PORT")
            if self.url and self.opt:
                raise ValueError("opt: a model behind a url has the options of its service; leave opt out")

    options: Options

    def __init__(self) -> None:
        self._service: ChatService | None = None
        self._model: LocalModel | None = None
        self._folder = Path()

    @property
    def seconds(self) -> float:
        """What one act may take: connecting, hearing what was said before, and the answer."""
        return self.options.connect_timeout + 2 * self.options.reply_timeout + 2.0

    def setup(self, run: Run) -> None:
        """Load the model, if it is on this machine; ConfigError if it cannot be. A service is not asked yet."""
        self._folder = run.task_dir
        if not self.options.url:
            self._loaded()

    def about(self) -> dict[str, str | None]:
        """The model, or the address of its service."""
        options = self.options
        return {"name": "parlai", "model": options.url or options.model_file or options.model}

    def act(self, item: Any, conversation: Sequence[Act], me: str) -> Any | None:
        """{"text": …} to what was said since its own last words, None if nothing was; BotFailed without an answer."""
        turns = turns_of(conversation, me, self.options.when_first)
        if not turns or turns[-1].said is not None:
            return None
        if self.options.url:
            return self._connected().answer(turns)
        return self._loaded().answer(turns)

    def close(self) -> None:
        """Close the connections."""
        if self._service is not None:
            self._service.close()

    def _connected(self) -> ChatService:
        from blueprint_parlai_chat.bot_remote import ChatService  # brings websockets along: only when it is to speak

        if self._service is None:
            self._service = ChatService(self.options)
        return self._service

    def _loaded(self) -> LocalModel:
        from blueprint_parlai_chat.bot_local import LocalModel

        if self._model is None:
            opt = dict(self.options.opt)
            if self.options.model:
                opt["model"] = self.options.model
            else:
                opt["model_file"] = self._file()
                opt["override"] = {**self.options.opt}
            self._model = LocalModel(opt, "model_file" if self.options.model_file else "model")
        return self._model

    def _file(self) -> str:
        name = self.options.model_file
        if name.startswith(_ZOO):
            return name
        path = self._folder / name
        if not path.exists():
            raise ConfigError(f"model_file: {path} does not exist")
        return str(path)
