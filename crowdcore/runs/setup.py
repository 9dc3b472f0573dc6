"""What a run is opened with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.base.clock import Clock
    from crowdcore.config import RunConfig
    from crowdcore.plugins import RunPlugins
    from crowdcore.runs.lock import RunLock
    from crowdcore.store import Database
    from crowdcore.store.queries.runs import RunRow


@dataclass(frozen=True)
class Setup:
    """Configuration, plugins and place of one run. `lock` is held; `fresh` is True for a launch, False for a resume.

    `reload`: a resume with the task's files and data as they are now.
    """

    db: Database
    row: RunRow
    config: RunConfig
    plugins: RunPlugins
    clock: Clock
    folder: Path
    secret_key: bytes
    lock: RunLock
    fresh: bool
    reload: bool = False

    @property
    def unproven(self) -> bool:
        """Whether files, data and references were never checked: all the checks of a launch are made."""
        return self.fresh or self.reload

    def changed(self, config: RunConfig, stored: str) -> RunConfig:
        """`config` with what `crowd set` may change taken from a newly stored configuration."""
        new = type(config).from_stored(stored, hooks_module=self.plugins.hooks_py)
        return replace(config, task=new.task, gates=new.gates, pairing=new.pairing)
