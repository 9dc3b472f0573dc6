"""An architect of a third party: where the run is served, kept over restarts, taken down at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crowdcore.testing import Browserless, Machine

TASK = """
task: {name: count}
blueprint: {type: mock, num_assignments: 1}
provider: {access: open}
architect: {type: card, card: address.txt}
"""


@pytest.mark.slow
def test_it_serves_the_run_at_one_address_until_its_end(
    machine: Machine, task: Callable[..., None], tmp_path: Path
) -> None:
    task(TASK)
    card = tmp_path / "address.txt"
    with machine.serve("run", "task.yaml") as served:
        assert card.read_text() == served.url
        address = served.url
        worker = Browserless(address, worker_id="x", assignment_id="1").enter()
        served.kill()
    assert card.exists()
    with machine.serve("resume") as served:
        assert served.url == address, "a link that was sent out stays good"
        assert worker.submit({"text": "the page was open all the time"}).is_success
        assert served.wait() == 0
    assert not card.exists()
    assert "the page was open all the time" in machine.crowd("export", "count").stdout
