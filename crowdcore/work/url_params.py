"""Which parameters of a visit's address are kept: links carry names, but also tokens and what follows people about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from crowdcore.errors import ConfigError
from crowdcore.types import Identity

KNOWN = frozenset({
    "worker_id", "assignment_id", "workerId", "assignmentId", "hitId", "turkSubmitTo", "PROLIFIC_PID", "STUDY_ID",
    "SESSION_ID",
})  # fmt: skip
"""By these platforms say who comes, with which piece of work, and where it is handed in."""
_SECRET = re.compile(
    r"token|secret|passw|pwd|api_?key|auth|credential|signature|invite|jwt|cookie|^(key|sig|code)$", re.IGNORECASE
)
_TRACKING = re.compile(r"^(utm_.*|fbclid|gclid|dclid|msclkid|mc_[ce]id|_ga|igshid|ref(errer)?)$", re.IGNORECASE)


class UrlParams(dict[str, str]):
    """All parameters of an address: a provider that answers with them has chosen none."""


class Kept:
    """The names that are kept: `listed` by the task, the blueprint's `own`, `declared` by the provider, if any are."""

    def __init__(
        self, listed: Iterable[str] = (), own: Iterable[str] = (), declared: Iterable[str] | None = None
    ) -> None:  # fmt: skip
        listed = list(listed)
        secret = next(filter(_SECRET.search, listed), None)
        if secret is not None:
            raise ConfigError(f"task.visit_params: {secret!r} is the name of a secret; what opens doors is not kept")
        self._chosen: frozenset[str] | None = None if declared is None else frozenset(declared)
        self._wanted = frozenset([*listed, *own, *(declared or ())])

    def of(self, who: Identity, params: UrlParams) -> Identity:
        """`who` with the parameters that are kept.

        The provider's `visit_params`, if it declares any; else those that it chose for its answer, or the known ones
        and those that hold its names. Those of the task and the blueprint besides; never what looks like a secret.
        """
        given = {**params, **who.params}
        names = set(self._wanted)
        if self._chosen is None:
            names |= self._usual(who, given) if isinstance(who.params, UrlParams) else _untracked(who.params)
        return replace(who, params={n: v for n, v in given.items() if n in names and not _SECRET.search(n)})

    @staticmethod
    def _usual(who: Identity, given: dict[str, str]) -> set[str]:
        ours = {who.worker_name, who.visit_id} - {None, ""}
        return {name for name, value in given.items() if name in KNOWN or value in ours}


def _untracked(names: Iterable[str]) -> set[str]:
    return {name for name in names if not _TRACKING.search(name)}
