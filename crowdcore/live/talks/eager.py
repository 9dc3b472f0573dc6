"""A coroutine that began when it was called.

`asyncio.wait_for(assignment.receive(), 0.1)` on a busy server may give up before its coroutine has done a single
step. Then nobody could say whether the receive happened; so it does happen, in the call itself.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Begun(Coroutine[Any, Any, T]):
    """`inner` with its first step done.

    If it ended with that step and its caller gives up nevertheless, `take_back` is asked whether what it ended with
    (StopIteration has the result) may be forgotten; if not, the caller gets it all the same. `breathe`: others may run
    before it ends.
    """

    def __init__(
        self, inner: Coroutine[Any, Any, T], take_back: Callable[[BaseException], bool], *, breathe: bool = False
    ) -> None:
        self._inner = inner
        self._take_back = take_back
        self._breathe = breathe
        self._end: BaseException | None = None
        self._first: Any = None
        self._has_first = True
        try:
            self._first = inner.send(None)
        except BaseException as end:  # StopIteration has the result
            self._end = end

    def send(self, value: Any) -> Any:
        """One more step."""
        if self._breathe:
            self._breathe = False
            return None  # what asyncio.sleep(0) does
        if self._end is not None:
            raise self._end
        if self._has_first:
            self._has_first = False
            return self._first
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        """The caller gives up."""
        self._breathe = False
        if self._end is None:
            self._has_first = False
            return self._inner.throw(*error)
        if self._take_back(self._end):
            raise error[1] if len(error) > 1 and error[1] is not None else error[0]
        raise self._end

    def close(self) -> None:
        """Nobody waits for it."""
        self._inner.close()

    def __await__(self) -> Any:
        return self

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self.send(None)
