"""Into an event loop from another thread. A loop that has ended in the meantime is nobody's fault.

A run's loop may end at any instant: while the writer commits, while a hook's thread brings back its answer. Whoever
waited there is gone, so nobody is left to be told; whoever asks now has to be told that nobody answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar, TypeVarTuple, Unpack
from weakref import WeakSet

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_LOOK = 1.0
"""Seconds between two looks whether a loop that does not answer has ended."""


_serving: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
"""The loops that serve somebody: what blocks one of them keeps everybody waiting."""


def serves(loop: asyncio.AbstractEventLoop) -> None:
    """Note that `loop` serves somebody."""
    _serving.add(loop)


def on_serving_loop() -> bool:
    """Whether this code runs on a loop that serves somebody."""
    try:
        return asyncio.get_running_loop() in _serving
    except RuntimeError:
        return False


class Closed(Exception):
    """The loop has ended, so there will be no answer."""


def tell(loop: asyncio.AbstractEventLoop, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments) -> bool:
    """Have `callback(*args)` called in `loop`; from any thread. False if the loop has ended: then nothing happens."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        if not loop.is_closed():
            raise
        return False
    return True


def start(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run `coroutine` in `loop`; from any other thread. Closed if the loop has ended.

    The answer is cancelled if the loop ends meanwhile, and never comes if the coroutine had not begun by then.
    """
    try:
        return asyncio.run_coroutine_threadsafe(coroutine, loop)
    except RuntimeError:
        coroutine.close()
        if not loop.is_closed():
            raise
        raise Closed from None


def ask(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    """What `coroutine`, run in `loop`, answers or raises; from any other thread. Closed if the loop has ended, or ends.

    Waits for as long as it takes; RuntimeError on `loop` itself, which would wait for ever.
    """
    if asyncio._get_running_loop() is loop:
        coroutine.close()
        raise RuntimeError("a loop cannot wait for itself: await this instead")
    answer = start(loop, coroutine)
    while True:
        try:
            return answer.result(_LOOK)
        except CancelledError:
            raise Closed from None
        except TimeoutError:
            if answer.done():  # in the very last moment, or it is what the coroutine raised
                return answer.result()
            if loop.is_closed():
                raise Closed from None
