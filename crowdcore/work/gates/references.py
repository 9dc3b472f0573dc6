"""The names that `gates:` and `pairing:` take from elsewhere: each means something, or the launch is refused.

A name that means nothing would drop its condition without a word: nobody works for a provider that is not installed,
nobody holds a qualification that is spelt otherwise where it is granted.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crowdcore.base.faults import meant
from crowdcore.store.queries.qualifications import RECORDS

if TYPE_CHECKING:
    from crowdcore.config import RunConfig
    from crowdcore.plugins.hooks import Hooks
    from crowdcore.plugins.schema import GatesConfig

log = logging.getLogger("crowdcore.gates")


@dataclass(frozen=True)
class Known:
    """What names may mean: the qualifications of the database, the providers that are installed."""

    qualifications: Collection[str]
    providers: Collection[str]


def defined(gates: GatesConfig) -> list[str]:
    """The qualifications that the task itself brings: those of its gates, and those it says are new."""
    own = [gate.qualification for gate in (gates.onboarding, gates.screening, gates.gold) if gate is not None]
    return list(dict.fromkeys([*own, *gates.new_qualifications]))


def problems(config: RunConfig, known: Known) -> Iterator[str]:
    """A line for each name that means nothing; what is not asked in this run at all is a warning."""
    gates, provider = config.gates, config.provider.type
    qualifications = {*known.qualifications, *defined(gates)}
    qualifications |= {f"{name}.{record}" for name in qualifications for record in RECORDS}
    providers = {*known.providers, provider}
    if gates.block_qualification is not None and gates.block_qualification not in qualifications:
        yield f"gates.block_qualification: {_no_qualification(gates.block_qualification, qualifications)}"
    for required in gates.qualifications:
        if required.name not in qualifications:
            yield f"gates.qualifications: {_no_qualification(required.name, qualifications)}"
        for name in required.providers:
            if name not in providers:
                said = f"{required.name!r} is asked of workers of {name!r}, and no provider has that name"
                yield f"gates.qualifications: {said}{meant(name, providers)}; installed: {', '.join(sorted(providers))}"
        if required.providers and provider not in required.providers:
            log.warning(
                "gates.qualifications: %r is asked of nobody in this run: it is for workers of %s, these come from %s",
                required.name, ", ".join(required.providers), provider,
            )  # fmt: skip


def of_pairing(config: RunConfig, hooks: Hooks) -> Iterator[str]:
    """A line for each role that nobody can have; where nobody works together, the rest of `pairing:` is a warning."""
    pairing, blueprint, seats = config.pairing, config.blueprint.type, config.blueprint.units_per_assignment
    if not hooks.has("blueprint_live"):
        alone = f"with blueprint {blueprint!r} nobody works together (it has no blueprint_live)"
        if pairing.roles:
            yield f"pairing.roles: {alone}, so there are no seats to name; leave it out"
        elif pairing != type(pairing)():
            log.warning("pairing: does nothing in this run: %s", alone)
    elif len(pairing.roles) > seats:
        extra = ", ".join(map(repr, pairing.roles[seats:]))
        many = f"{seats} {'seat' if seats == 1 else 'seats'} (blueprint.units_per_assignment)"
        yield f"pairing.roles: {len(pairing.roles)} roles for {many}, so nobody is {extra}; take it out or add a seat"


def _no_qualification(name: str, known: Collection[str]) -> str:
    new = f"if it is new, say so: gates.new_qualifications: [{name}]"
    return f"no qualification is named {name!r}{meant(name, known)}; {new}"
