"""What every provider must do."""

from __future__ import annotations

from crowdcore.testing.contracts import ProviderContract


class TestOpen(ProviderContract):
    provider = {"type": "inhouse", "access": "open"}  # noqa: RUF012 (nobody changes it)
