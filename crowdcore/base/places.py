"""Names and addresses of machines, without asking anybody about them."""

from __future__ import annotations

from ipaddress import ip_address


def is_address(name: str) -> bool:
    """Whether it is an IP address rather than a name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether who listens there is reached from this machine only."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)
