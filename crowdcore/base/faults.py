"""What went wrong, in one line of a message: the exception, its place, the value that was answered."""

from __future__ import annotations

from collections.abc import Collection

SHORTEST_SECRET = 6
"""Characters that a secret has at least: shorter values stand in too many words to be left out of them."""
_secrets: set[str] = set()


def hide(value: object) -> None:
    """From now on this value of a secret option is left out of what this process logs, prints and keeps of errors."""
    if isinstance(value, str) and len(value.strip()) >= SHORTEST_SECRET:
        _secrets.update((value, value.strip()))


def without_secrets(text: str) -> str:
    """The text with `(secret)` in place of every value that is hidden."""
    if not _secrets:
        return text
    from urllib.parse import quote, quote_plus  # only where there is something to hide

    for value in sorted(_secrets, key=len, reverse=True):
        for written in (value, quote(value, safe=""), quote_plus(value), repr(value)[1:-1]):
            text = text.replace(written, "(secret)")
    return text


def described(error: BaseException) -> str:
    """`ModuleNotFoundError: No module named 'boto3'`, always one line."""
    text = without_secrets(" ".join(without_secrets(str(error)).split()))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place(error: BaseException, file: str | None = None, *, outside: str = "") -> str:
    """` (hooks.py:12)`: the innermost line in `file` (None: in any) and `outside` that folder; "" if there is none."""
    import traceback  # only for a failure

    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if (file is None or frame.filename == file) and not (outside and frame.filename.startswith(outside))
    ]
    return f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""


def imported_at(error: BaseException, outside: str) -> str:
    """` (m.py:1)`: where an import went wrong, not counting Python's own machinery and the file `outside`."""
    import importlib
    import traceback  # only for a failure

    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename.rpartition('/')[2]}:{error.lineno})"
    own = importlib.__file__.rpartition("/")[0]
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<frozen", own)) and frame.filename != outside
    ]  # fmt: skip
    return f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""


def shown(value: object) -> str:
    """A value in a message: its repr, at most 60 characters, and its type."""
    text = " ".join(repr(value).split())
    return f"{text if len(text) <= 60 else text[:57] + '…'} ({type(value).__name__})"


def meant(name: str, known: Collection[str]) -> str:
    """`; did you mean 'mturk'?` if one of the known names is close, else nothing."""
    from difflib import get_close_matches  # only for a mistake

    by_case = {one.casefold(): one for one in known}
    close = get_close_matches(name.casefold(), by_case, n=1)
    return f"; did you mean {by_case[close[0]]!r}?" if close else ""
