"""Tokens of the worker API: one per agent, signed, bound to the run, valid across restarts."""

from __future__ import annotations

import hashlib
import hmac

from itsdangerous import BadSignature, Signer

from crowdcore.base.clock import Clock
from crowdcore.server.http.problems import bad_token


def simulation_pass(key: bytes, identity: str) -> str:
    """The value of the header X-Crowd-Simulated: only who has the key may mark workers as simulated."""
    return Signer(key, salt=b"crowd.simulated", digest_method=hashlib.sha256).sign(identity).decode()


class Tokens:
    """Makes and reads tokens. `identity` names the run for ever; `max_age` is in seconds.

    A token is `agent.issued.signature`. One that seems to come from the future is good: the wall
    clock may have been set back since.
    """

    def __init__(self, key: bytes, identity: str, clock: Clock, max_age: float) -> None:
        self._identity = identity
        salt = b"crowd.agent:" + identity.encode()
        self._signer = Signer(key, salt=salt, digest_method=hashlib.sha256)
        self._simulation = simulation_pass(key, identity).encode()
        self._clock = clock
        self._max_age = max_age

    def make(self, agent_id: int) -> str:
        """A token for `agent_id`."""
        return self._signer.sign(f"{agent_id}.{int(self._clock.now())}").decode("ascii")

    def key(self, agent_id: int) -> str:
        """Names the agent for ever, in this run and no other: what a device keeps for it is kept under this.

        It lets nobody in, and it is the same however often the agent gets a new token.
        """
        return hashlib.sha256(f"{self._identity}:{agent_id}".encode()).hexdigest()[:24]

    def read(self, token: str | bytes) -> int:
        """The agent that `token` speaks for; RequestError 401 if it is not ours or too old."""
        try:
            agent, issued = self._signer.unsign(token).split(b".")
            agent_id, age = int(agent), self._clock.now() - int(issued)
        except (BadSignature, ValueError):
            raise bad_token() from None
        if age > self._max_age:
            raise bad_token()
        return agent_id

    def check_simulation(self, value: bytes) -> None:
        """RequestError 401 unless `value` is the run's `simulation_pass`."""
        if not hmac.compare_digest(value, self._simulation):
            raise bad_token()
