"""What the product and its plugins log, shown on the terminal of `crowd run`."""

from __future__ import annotations

import logging
import sys


class _Terminal(logging.Handler):
    """Writes to what standard error is now: a progress bar puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line, and a trace if there is one."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)


def show_logs() -> None:
    """Show messages of crowdcore and its plugins from INFO upwards on standard error."""
    handler = _Terminal()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("crowdcore")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
