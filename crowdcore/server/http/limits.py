"""What the edge of an application lets in."""

from __future__ import annotations

from dataclasses import dataclass

from crowdcore.base.hostile_json import MAX_VALUES


@dataclass(frozen=True)
class Limits:
    """What the edge lets in. Sizes are bytes, times seconds, rates requests per second (0 = no limit).

    A body may pause for `idle` and must come at `slowest` bytes per second at least; one agent holds `sockets` live
    connections. The rates per address spare this machine's own addresses: a proxy without forwarding headers and
    simulated workers all come from there.

    `json_body` is for submissions, `draft` for drafts, `call_body` for procedure calls, `small_body` for all else;
    none may hold more than `values` JSON values. `agent_load` and `address_load` are how many bytes a second may come
    in bodies that are not small, as `crowdcore.server.reading` counts them.
    """

    json_body: int = 16 * 1024 * 1024
    draft: int = 1024 * 1024
    call_body: int = 512 * 1024
    small_body: int = 64 * 1024
    values: int = MAX_VALUES
    file: int = 100 * 1024 * 1024
    form: int = 512 * 1024 * 1024
    files: int = 100
    idle: float = 30.0
    slowest: int = 512
    sockets: int = 8
    agent_rate: float = 50.0
    address_rate: float = 300.0
    agent_load: float = 1024 * 1024.0
    address_load: float = 4 * 1024 * 1024.0
    token_age: float = 90 * 86400.0
