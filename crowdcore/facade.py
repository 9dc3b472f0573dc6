"""For authors of plugins: the types of what hooks are given besides plain values, for annotations.

from crowdcore.facade import LiveAssignment, Message, Run
"""

from crowdcore.plugins.live_assignment import LiveAssignment, Message
from crowdcore.plugins.records import Records, Shared
from crowdcore.plugins.run import Run, RunServices

__all__ = ["LiveAssignment", "Message", "Records", "Run", "RunServices", "Shared"]
