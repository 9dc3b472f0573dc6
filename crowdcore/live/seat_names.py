"""What the seats of a conversation are called, as the people in it read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crowdcore.config import RunConfig


def number(config: RunConfig, seat: int) -> int:
    """The seat of a unit as its conversation counts it: an assignment that is done again has more units."""
    return seat % config.blueprint.units_per_assignment


def role(config: RunConfig, seat: int) -> str:
    """The role of a seat, "" if it has none."""
    return config.pairing.role(number(config, seat))


def display(config: RunConfig, seat: int) -> str:
    """The display name of a seat, unique in its conversation: its role, or Person 1, Person 2, …"""
    name = role(config, seat) or f"Person {number(config, seat) + 1}"
    while not role(config, seat) and name in config.pairing.roles:
        name += "*"
    return name
