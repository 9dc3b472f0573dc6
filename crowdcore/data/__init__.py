"""What is stored, for commands and exporters, also those of other authors: `crowdcore.open()`.

`opened` is what they are given, `values` the values in it, `people` what may be done about workers (`crowd worker`
does it so too). May import: runs and what stands below it. Authors use `crowdcore.open` and `crowdcore.commands`.
"""

from crowdcore.data.opened import Data, open  # noqa: A004
from crowdcore.data.values import Debt, StoredRun, StoredWorker

__all__ = ["Data", "Debt", "StoredRun", "StoredWorker", "open", "people"]
