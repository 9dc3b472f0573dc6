"""One chat completions service over HTTP: asked again while it is busy, believed only when its answer makes sense."""

from __future__ import annotations

import json
import logging
import math
import time
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import stamina

from bot_openai.caps import Caps
from crowdcore.bots import BotFailed

_MOST = 4_000_000
"""Bytes of an answer at most."""
_SHOWN = 200
_RETRIED = frozenset({408, 409, 425, 429})
_FREE = Decimal(0)


class Unavailable(BotFailed):
    """The service may answer later: after `retry_after` seconds if it said so."""

    retry_after: float | None = None


class Service:
    """The service at `url`; `timeout` seconds and `attempts` requests for one answer. Safe for many threads."""

    def __init__(self, url: str, key: str, caps: Caps, timeout: float, attempts: int) -> None:
        url = url.rstrip("/")
        self._url = url if url.endswith("/chat/completions") else f"{url}/chat/completions"
        self._key = key
        self._caps = caps
        self._timeout = timeout
        self._attempts = attempts
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx.Client(headers=headers, limits=httpx.Limits(max_connections=64))
        _quiet()

    def say(self, body: dict[str, Any], max_tokens: int) -> str:
        """The text that the model answers to `body`; BotFailed, one line without the key, if there is none."""
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        deadline = time.monotonic() + self._timeout

        def again(error: Exception) -> bool | float:
            left = deadline - time.monotonic()
            if not isinstance(error, Unavailable) or left <= 0.5:
                return False
            if error.retry_after is None:
                return True
            return error.retry_after if error.retry_after < left else False

        for attempt in stamina.retry_context(
            on=again, attempts=self._attempts, timeout=self._timeout, wait_initial=0.2, wait_max=2.0, wait_jitter=0.3
        ):
            with attempt:
                return self._once(content, max_tokens, deadline)
        raise AssertionError("stamina lets the last failure through")

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _once(self, content: bytes, max_tokens: int, deadline: float) -> str:
        most = self._caps.prices.of(len(content), max_tokens)  # no token is shorter than a byte
        self._caps.reserve(most)
        try:
            status, headers, answer = self._exchange(content, deadline)
        except httpx.ConnectError as error:
            self._caps.settle(most, _FREE)
            raise Unavailable(f"the service cannot be reached: {self._hidden(str(error))}") from None
        except httpx.TimeoutException:
            raise Unavailable(f"the service did not answer within {self._timeout:g} s") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"the service broke off: {self._hidden(str(error) or type(error).__name__)}") from None
        if status != 200:
            self._caps.settle(most, _FREE)
            raise self._refusal(status, headers, answer)
        document = _json(answer)
        self._caps.settle(most, self._cost(document, most))
        return _text(document)

    def _exchange(self, content: bytes, deadline: float) -> tuple[int, httpx.Headers, bytes]:
        left = max(deadline - time.monotonic(), 0.001)
        chunks, size = [], 0
        with self._client.stream("POST", self._url, content=content, timeout=left) as response:
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if time.monotonic() > deadline:  # httpx's own timeout is for each read
                    raise httpx.ReadTimeout("")
                if size > _MOST:
                    raise BotFailed(f"the service answered more than {_MOST:,} bytes")
        return response.status_code, response.headers, b"".join(chunks)

    def _refusal(self, status: int, headers: httpx.Headers, answer: bytes) -> BotFailed:
        said = f"the service answered {status}"
        if status in (401, 403):
            return BotFailed(f"{said}: it does not take the key")
        reason = self._hidden(_reason(answer))
        text = f"{said}: {reason}" if reason else said
        if status not in _RETRIED and status < 500:
            return BotFailed(text)
        later = Unavailable(text)
        later.retry_after = _seconds(headers.get("Retry-After"))
        return later

    def _cost(self, document: Any, most: Decimal) -> Decimal:
        """What the answer says that it cost; the most it can have cost if it does not say."""
        usage = document.get("usage") if isinstance(document, dict) else None
        read, written = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
        return most if read is None or written is None else self._caps.prices.of(read, written)

    def _hidden(self, text: str) -> str:
        text = " ".join(text.split())
        text = text.replace(self._key, "…") if self._key else text
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _json(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise BotFailed("the service's answer is not JSON; does its address end in /v1?") from None


def _count(usage: Any, name: str) -> int | None:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if type(count) is int and count >= 0 else None


def _text(document: Any) -> str:
    try:
        content = document["choices"][0]["message"]["content"]
    except (TypeError, LookupError):
        raise BotFailed("the service's answer has no choices[0].message.content") from None
    if isinstance(content, list):  # some services answer in parts
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str) or not content.strip():
        raise BotFailed("the service's answer has no text")
    return content.strip()


def _reason(answer: bytes) -> str:
    """What an error document says, as most services write them."""
    try:
        error = json.loads(answer)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, TypeError, LookupError, RecursionError):
        return ""


def _seconds(retry_after: str | None) -> float | None:
    """A Retry-After header: seconds, or a date; None if there is none that can be read."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            at = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.01) if math.isfinite(seconds) else None


def _quiet() -> None:
    """stamina warns of each retry with nothing but its own name; the stand-in that fails at last is told anyway."""
    log = logging.getLogger("stamina")
    if log.level == logging.NOTSET:
        log.setLevel(logging.ERROR)
