"""What the edge of an application lets in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What the edge lets in. Sizes are bytes, times seconds, rates requests per second (0 = no limit).

    A body may pause for `idle` and must come at `slowest` bytes per second at least; one agent holds `sockets` live
    connections. The rate per address spares this machine's own addresses: a proxy without forwarding headers and
    simulated workers all come from there.
    """

    json_body: int = 16 * 1024 * 1024
    file: int = 100 * 1024 * 1024
    form: int = 512 * 1024 * 1024
    files: int = 100
    idle: float = 30.0
    slowest: int = 512
    sockets: int = 8
    agent_rate: float = 50.0
    address_rate: float = 300.0
    token_age: float = 90 * 86400.0
