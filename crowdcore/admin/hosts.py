"""Under which names the admin pages answer: foreign pages whose name leads here (DNS rebinding) get nothing."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crowdcore.errors import RequestError

if TYPE_CHECKING:
    from crowdcore.plugins.schema import AdminConfig


class Hosts:
    """The names by which the pages of these options are reached, and those that `admin.hosts` adds."""

    def __init__(self, options: AdminConfig) -> None:
        named = [options.host, *options.hosts]
        if options.public_url:
            named.append(urlsplit(options.public_url).hostname or "")
        self._names = {_plain(name) for name in named} | {"localhost"}
        self._any_address = options.host in ("", "0.0.0.0", "::")

    def check(self, header: bytes | None) -> None:
        """RequestError 421 unless the request's Host is one of ours; a browser always sends one."""
        if header is None:
            return
        name = _name(header)
        if name not in self._names and not self._is_address(name):
            raise RequestError(
                421, "wrong_host", f"These pages are not served as {name[:100]}. If that is a name of theirs, launch "
                f"or resume with admin.hosts=[{name[:100]}].",
            )  # fmt: skip

    def _is_address(self, name: str) -> bool:
        """Whether it is an address: no foreign page can have one of this machine's."""
        try:
            return ip_address(name).is_loopback or self._any_address
        except ValueError:
            return False


def _name(header: bytes) -> str:
    text = header.decode("latin-1").strip()
    if text.startswith("["):
        return _plain(text[1:].partition("]")[0])
    return _plain(text.rpartition(":")[0] if ":" in text else text)


def _plain(name: str) -> str:
    return name.strip("[]").rstrip(".").lower()
