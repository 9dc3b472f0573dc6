"""The rows of task data, one conversation each: from a file, or as many empty ones as task.yaml says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from crowdcore.blueprints import Format, read_rows
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from blueprint_parlai_chat.options import ChatOptions

CHECKED_FIRST = 32 * 1024 * 1024
"""Bytes of a file that is read to its end before anything is launched; a larger one is checked on the way."""


def order(options: ChatOptions) -> tuple[str, ...]:
    """The columns of the first row, as the author wrote them: rows are stored in alphabetical order."""
    path = options.context_csv or options.context_jsonl
    if path is None or not path.is_file():
        return ()
    first = next(read_rows(path, "csv" if options.context_csv is not None else "jsonl"), None)
    return () if first is None else tuple(first[1])


def rows(options: ChatOptions, start: int = 0) -> Iterator[dict[str, Any]]:
    """The rows from number `start` (from 0); ConfigError with file and line for a bad one."""
    if options.num_conversations is not None:
        return iter([{} for _ in range(start, options.num_conversations)])
    path = options.context_csv or options.context_jsonl
    if path is None:
        raise ConfigError(
            "blueprint 'parlai_chat': no task data; give num_conversations, context_csv or context_jsonl, or "
            "yield rows from blueprint_task_data in hooks.py"
        )
    kind: Format = "csv" if options.context_csv is not None else "jsonl"
    if start == 0 and path.is_file() and path.stat().st_size <= CHECKED_FIRST:
        for _ in read_rows(path, kind):
            pass
    return islice((row for _, row in read_rows(path, kind)), start, None)
