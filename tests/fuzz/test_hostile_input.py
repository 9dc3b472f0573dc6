"""What anybody can send: no 500, no hang, nothing that grows. `make fuzz` is the large form of this."""

from __future__ import annotations

import os

import pytest

from tests.fuzz.whole import fuzz


@pytest.mark.slow
@pytest.mark.timeout(900)  # half a minute on a machine that does nothing else
def test_hostile_requests_are_answered_as_documented() -> None:
    """CROWD_FUZZ_SEED=… for other requests, or for the same again."""
    assert fuzz(600, int(os.environ.get("CROWD_FUZZ_SEED", "1")), wells=6, slow=False) == []
