"""Serve a crowdcore run from this machine."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from architect_local.only_here import OnlyHere
from crowdcore import hookimpl
from crowdcore.options import option

if TYPE_CHECKING:
    from crowdcore import Run

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True)
class LocalOptions:
    """Where this machine serves the run."""

    host: str = option("127.0.0.1", help="Address to listen on; 0.0.0.0 lets other machines in")
    port: int = option(3000, help="Port to listen on; 0 takes any free one", min=0, max=65535)
    public_url: str | None = option(None, help="Address that workers see when a proxy stands in front")
    trusted_proxies: list[str] = option(
        factory=list, help="Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed"
    )
    tls_certificate: Path | None = option(None, help="PEM file of the certificate: serves https", path=True)
    tls_key: Path | None = option(None, help="PEM file of the certificate's key", path=True)

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("give both tls_certificate and tls_key, or neither")
        for word in self.trusted_proxies:
            try:
                ipaddress.ip_network(word)
            except ValueError as error:
                raise ValueError(f"trusted_proxies: {error}; give addresses or networks, as in 10.0.0.0/8") from None


class LocalArchitect:
    """The run's server is a part of the `crowd run` process."""

    Options = LocalOptions
    options: LocalOptions

    @property
    def offers(self) -> set[str]:
        """Live pages always; an address that the world can reach, when one is configured."""
        return {"live"} | ({"public_url"} if self.options.public_url else set())

    @hookimpl
    def architect_deploy(self, run: Run, app: Any) -> str:
        """Listen, and answer with the address in a browser."""
        o = self.options
        if o.host in LOOPBACK and o.public_url is None and _is_open_here_only(run):
            app = OnlyHere(app, partial(_tell, run))
        port = run.serve(
            app, host=o.host, port=o.port, ssl_certfile=o.tls_certificate, ssl_keyfile=o.tls_key,
            trusted_proxies=o.trusted_proxies,
        )  # fmt: skip
        if o.public_url is not None:
            return o.public_url.rstrip("/") + "/"
        shown = "localhost" if o.host in (*LOOPBACK, "0.0.0.0") else o.host
        return f"{'https' if o.tls_certificate else 'http'}://{shown}:{port}/"

    @hookimpl
    def architect_status(self, run: Run) -> str:
        """Up, for as long as this process asks."""
        return "up"


def _is_open_here_only(run: Run) -> bool:
    """Whether the provider lets everybody in because nobody else can come (in-house `access: auto`)."""
    return getattr(run.config.provider.options, "access", None) == "auto"


def _tell(run: Run, way: str) -> None:
    run.log.error(
        "somebody came from elsewhere (%s), through a proxy or tunnel, and was not let in: with provider.access=auto "
        "everybody on this machine may say who they are. Launch again with architect.public_url=https://ADDRESS for "
        "personal links (crowd invite), or with provider.access=open to let everybody in without one", way,
    )  # fmt: skip
