"""The configuration of a run, as its plugins see it in `run.config`. `crowdcore.config` reads it from task.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from crowdcore.plugins.schema import (
        AdminConfig,
        ArchitectChoice,
        BlueprintChoice,
        ExtensionChoice,
        GatesConfig,
        PairingConfig,
        ProviderChoice,
        TaskConfig,
    )


class Configuration(Protocol):
    """Every section, typed and frozen; fulfilled by `crowdcore.RunConfig`, which also knows how it is stored."""

    @property
    def task(self) -> TaskConfig:
        """What is offered to workers."""

    @property
    def args(self) -> Any:
        """The task's own options: an instance of `Args` of hooks.py, or a dict."""

    @property
    def blueprint(self) -> BlueprintChoice:
        """What a worker does."""

    @property
    def provider(self) -> ProviderChoice:
        """Who works."""

    @property
    def architect(self) -> ArchitectChoice:
        """Where the server runs."""

    @property
    def gates(self) -> GatesConfig:
        """What stands between a worker and a unit."""

    @property
    def pairing(self) -> PairingConfig:
        """How people come together in live work."""

    @property
    def admin(self) -> AdminConfig:
        """Where the requester's pages are."""

    @property
    def extensions(self) -> list[ExtensionChoice]:
        """The listed extensions, each with its options."""

    @property
    def hooks(self) -> Path | None:
        """The task's hooks.py."""

    @property
    def task_dir(self) -> Path:
        """The folder of task.yaml."""

    @property
    def currency(self) -> str:
        """The provider's currency."""

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that name this configuration."""
