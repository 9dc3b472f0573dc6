"""What the product and its plugins log, shown on the terminal of `crowd run`; and what nobody expected."""

from __future__ import annotations

import copy
import logging
import sys
import threading

from crowdcore.base.faults import without_secrets
from crowdcore.base.terminal import printable, printable_lines


class _Terminal(logging.Handler):
    """Writes to what standard error is now: a progress bar puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line, and a trace if there is one."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)


class _Printable(logging.Formatter):
    """A record is one line that only shows; the lines of its trace are indented, so that none passes for a record."""

    def format(self, record: logging.LogRecord) -> str:
        """As logging does, with a trace of our own: the record keeps that of the first who formats it."""
        own = copy.copy(record)
        own.exc_text = None
        return super().format(own)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line."""
        return printable(without_secrets(super().formatMessage(record)))

    def formatException(self, ei: object) -> str:  # noqa: N802
        """The trace."""
        return printable_lines(without_secrets(super().formatException(ei)), "  ")  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """The place of the call, if it was asked for."""
        return printable_lines(stack_info, "  ")


def show_logs() -> None:
    """Show messages of crowdcore and its plugins from INFO upwards on standard error."""
    logger = logging.getLogger("crowdcore")
    logger.addHandler(_handler("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.setLevel(logging.INFO)


def guard_terminal() -> None:
    """From now on nothing that this process prints unasked acts on the terminal: log lines, warnings, traces."""
    logging.lastResort = _handler("%(message)s", logging.WARNING)
    sys.excepthook = lambda _kind, error, _trace: _print_trace(error)
    threading.excepthook = lambda args: _print_trace(args.exc_value)


def _handler(form: str, level: int = logging.NOTSET) -> logging.Handler:
    handler = _Terminal(level)
    handler.setFormatter(_Printable(form, "%H:%M:%S"))
    return handler


def _print_trace(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        import traceback  # only for a failure

        sys.stderr.write(
            printable_lines(without_secrets("".join(traceback.format_exception(error)).rstrip("\n"))) + "\n"
        )
