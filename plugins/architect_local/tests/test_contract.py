"""What every architect must do."""

from __future__ import annotations

from crowdcore.testing.contracts import ArchitectContract


class TestLocal(ArchitectContract):
    architect = {"type": "local", "port": 0}  # noqa: RUF012 (nobody changes it)
