"""A front end built by any tool: built when its sources are newer, then served from its folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from blueprint_static.named import named_files
from crowdcore.blueprints import publish, publish_file
from crowdcore.errors import ConfigError

if TYPE_CHECKING:
    from blueprint_static.options import StaticOptions

SHOWN_LINES = 40
"""How much of a failed build's output is shown."""
_NOT_SOURCES = {"node_modules", "__pycache__"}
_ROOTED = re.compile(r"""<(?:script|link)\b[^>]*\b(?:src|href)\s*=\s*["']?(/(?!/)[^"'\s>]*)""", re.IGNORECASE)


def build(options: StaticOptions, task_dir: Path) -> bool:
    """Run the build command if a source is newer than what it makes; whether it ran.

    ConfigError with the last lines of the output if it fails, takes too long or makes no page.
    """
    command = options.build_command
    if not command:
        return False
    folder = _folder(options, task_dir)
    made = options.task_source
    if made.is_file() and not _newer(folder, made):
        return False
    code, output = _run(command, folder, options.build_timeout)
    if code != 0:
        how = f"was stopped after {options.build_timeout:g} seconds" if code is None else f"failed with code {code}"
        raise ConfigError.many([f"build_command `{command}` in {folder} {how}; it said:", *output])
    if not made.is_file():
        raise ConfigError(f"build_command `{command}` in {folder} succeeded, but there is no {made} (task_source)")
    os.utime(made)  # a tool may leave alone what did not change; our next look compares times
    return True


def copy(options: StaticOptions, build_dir: Path, task_dir: Path) -> None:
    """The page and what it needs, as `build_dir`/index.html and so on. ConfigError if there is no page.

    That is everything beside it where it lies in a folder of its own; where the task lies there too, what it names.
    """
    page = options.task_source
    if not page.is_file():
        raise ConfigError(f"blueprint.task_source: there is no file {page}; build it, or give a build_command")
    if task_dir.resolve().is_relative_to(page.parent.resolve()):
        for name in named_files(page):
            publish_file(page.parent / name, build_dir / name, "blueprint.task_source")
        publish_file(page, build_dir / "index.html", "blueprint.task_source")
    else:
        publish(page.parent, build_dir, "blueprint.task_source")
    if page.name != "index.html" and (build_dir / page.name).exists():
        (build_dir / page.name).rename(build_dir / "index.html")
    text = page.read_text("utf-8", errors="replace")
    rooted = [found for found in _ROOTED.findall(text) if not found.startswith(("/crowd.js", "/task/"))]
    if rooted:
        raise ConfigError(
            f"{page}: {rooted[0]} would be looked for outside of the task; let the tool write relative addresses "
            '(Vite: base: \'./\'; create-react-app: "homepage": ".")'
        )


def _folder(options: StaticOptions, task_dir: Path) -> Path:
    if options.build_dir is not None:
        return Path(options.build_dir)
    above = options.task_source.parents
    return next((folder for folder in above if (folder / "package.json").is_file()), task_dir)


def _newer(folder: Path, made: Path) -> bool:
    stamp = made.stat().st_mtime
    return any(path.stat().st_mtime > stamp for path in _sources(folder, made.parent))


def _sources(folder: Path, output: Path) -> Iterator[Path]:
    for current, folders, files in os.walk(folder):
        here = Path(current)
        folders[:] = [
            name for name in folders
            if name not in _NOT_SOURCES and not name.startswith(".") and here / name != output
        ]  # fmt: skip
        if here != output:
            yield from (path for path in (here / name for name in files) if path.is_file())


def _run(command: str, folder: Path, timeout: float) -> tuple[int | None, list[str]]:
    """The exit code (None: it took too long) and the last lines of what it said."""
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                ["sh", "-c", command], cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,  # noqa: S607
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return 127, [str(error)]
        code: int | None
        try:
            code = process.wait(timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)  # with the compilers it started
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            code = None
        said.seek(max(0, said.seek(0, os.SEEK_END) - 64 * 1024))
        text = said.read().decode("utf-8", "replace")
    lines = [_plain(line) for line in text.splitlines()]
    return code, [f"    {line}" for line in lines if line.strip()][-SHOWN_LINES:]


def _plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip()
