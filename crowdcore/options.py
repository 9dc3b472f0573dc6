"""For authors of plugins: how an option is declared, and the types that an option may have besides Python's own.

    from crowdcore.options import ByteSize, Duration, Price, option

`crowdcore.plugins.options` reads them.
"""

from crowdcore.base.quantities import ByteSize, Duration, Price
from crowdcore.plugins.options import option

__all__ = ["ByteSize", "Duration", "Price", "option"]
