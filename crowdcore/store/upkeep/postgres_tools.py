"""PostgreSQL's own programs for copies of a database; the password reaches them by their environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from crowdcore.errors import StoreError

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian puts the programs of each version."""
_INSTALL = "install PostgreSQL's client programs (Debian: apt-get install postgresql-client)"


def dump(url: str, where: str, target: Path) -> None:
    """Write the database at `url` to the file `target`, in pg_dump's custom format. Raises StoreError."""
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
    _run("pg_dump", url, where, words, f"pg_dump --format=custom --file=crowd.dump {where}")


def load(url: str, where: str, source: Path) -> None:
    """Fill the empty database at `url` from what `dump` wrote, in one transaction. Raises StoreError."""
    words = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(source)]
    _run("pg_restore", url, where, words, f"pg_restore --single-transaction --dbname={where} {source}")


def _run(program: str, url: str, where: str, words: list[str], typed: str) -> None:
    found = _find(program)
    if found is None:
        raise StoreError(f"{program} is not there: {_INSTALL}, or type elsewhere: {typed}")
    plain, password = _without_password(url)
    environment = {**os.environ}
    if password is not None:
        environment["PGPASSWORD"] = password
    done = subprocess.run(
        [found, f"--dbname={plain}", *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise StoreError(f"{where}: {said}")


def _without_password(url: str) -> tuple[str, str | None]:
    """The URL as everybody may see it among the processes, and the password, which may stand in its query too."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    found = None if parts.password is None else unquote(parts.password)
    kept = []
    for pair in parts.query.split("&"):
        name, _, value = pair.partition("=")
        if unquote(name) == "password":
            found = unquote(value)
        elif pair:
            kept.append(pair)
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}", query="&".join(kept))), found


def _find(program: str) -> str | None:
    """The program: on the PATH, else the newest of Debian's."""
    newest_first = sorted(DEBIAN.glob(f"*/bin/{program}"), key=_version, reverse=True)
    return shutil.which(program) or next(map(str, newest_first), None)


def _version(path: Path) -> float:
    try:
        return float(path.parent.parent.name)
    except ValueError:
        return 0.0
