"""Whoever waits while units are still being made waits until launching has looked; nobody is sent away for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from crowdcore import Run, hookimpl
from crowdcore.testing import until
from tests.live.conftest import Stage


class SlowData:
    """One item at once; that there is another, or none, is known when the test says so."""

    def __init__(self, items: int) -> None:
        self.go_on = threading.Event()
        self._items = items

    @hookimpl
    def blueprint_task_data(self, run: Run, start: int = 0) -> Iterator[Any]:
        """So many items."""
        if not start:
            yield {"n": 0}
        self.go_on.wait()
        yield from ({"n": n} for n in range(max(start, 1), self._items))


@pytest.mark.parametrize("items", [2, 1])
def test_who_waits_meanwhile_gets_a_seat_or_is_told_that_there_is_none(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, items: int
) -> None:
    monkeypatch.setattr("crowdcore.runs.open.MORE_SECONDS", 0.05)  # what a request waits for launching to look
    data = SlowData(items)
    stage.launch(hooks=[data], pairing={"disconnect_grace": "1h", "timeout": "1h"})
    three = [stage.person(name, connected=False) for name in ("one", "two", "three")]
    for person in three[:2]:
        person.connect()
    for person in three[:2]:
        person.wait("status", status="in_task")
    last = three[2].connect()
    frame = last.wait("status")  # after a look of launching that found nothing ready
    assert (frame["status"], frame["phase"]) == ("waiting", "waiting")
    assert stage.agent(last)["conversation_id"] is None
    data.go_on.set()
    if items == 2:
        until(lambda: stage.agent(last)["conversation_id"] is not None)
        assert last.wait("status", status="waiting", you="Person 1")["waiting"]["present"] == 1
    else:
        assert "there is no more" in last.wait("status", status="ended")["note"]
