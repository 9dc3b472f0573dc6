"""The `crowd` command. Each verb is imported when it is used, so `crowd --help` stays quick and
works however broken an installed plugin is. May import every room but testing; commands of plugins use `group`
(the table of verbs) and `common`."""

from __future__ import annotations

import io
import sys

from crowdcore.base.faults import without_secrets
from crowdcore.base.terminal import printable, printable_lines
from crowdcore.errors import CrowdError

__all__ = ["common", "group", "main"]


def main() -> None:
    """Run the command line; expected errors are plain lines and an exit code, never a stack trace."""
    from crowdcore.cli.group import crowd
    from crowdcore.cli.logs import guard_terminal

    guard_terminal()
    try:
        code = crowd(standalone_mode=False, prog_name="crowd")
        sys.exit(code if isinstance(code, int) else 0)
    except CrowdError as error:
        for line in error.problems:
            sys.stderr.write(f"error: {printable(without_secrets(line))}\n")
        sys.exit(error.exit_code)
    except Exception as error:
        sys.exit(_click_exit(error))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)


def _click_exit(error: Exception) -> int:
    import click  # is loaded by now

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        sys.stderr.write("interrupted\n")
        return 130
    if isinstance(error, click.ClickException):
        shown = io.StringIO()
        error.show(shown)
        sys.stderr.write(printable_lines(shown.getvalue()))
        return 2
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, OSError) and error.filename is not None:  # a file that the user named
        sys.stderr.write(f"error: {printable(str(error.filename))}: {error.strerror}\n")
        return 2
    if isinstance(error, UnicodeEncodeError) and (odd := [word for word in sys.argv if not _is_text(word)]):
        sys.stderr.write(
            f"error: command line: {printable(odd[0])}: has bytes that are no UTF-8; nothing is named so\n"
        )
        return 2
    raise error


def _is_text(word: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in word)
