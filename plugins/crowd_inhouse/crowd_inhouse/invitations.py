"""Signed personal links: who holds one is that worker, and nobody can make one up."""

from __future__ import annotations

from itsdangerous import BadSignature, Signer


class Invitations:
    """Signs (task, worker) pairs with `key`. A link is good for every run of the task."""

    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key, salt="crowd-inhouse-invitation", sep=".")

    def sign(self, task: str, worker: str) -> str:
        """The value of the link's `invite` parameter."""
        return self._signer.get_signature(_pair(task, worker)).decode("ascii")

    def fits(self, task: str, worker: str, signature: str) -> bool:
        """Whether `signature` is this worker's for this task; never raises."""
        try:
            self._signer.unsign(_pair(task, worker) + b"." + signature.encode("ascii", "replace"))
        except BadSignature:
            return False
        return True


def _pair(task: str, worker: str) -> bytes:
    """Length first, so that no other task and worker give the same bytes."""
    return f"{len(task)}:{task}:{worker}".encode("utf-8", "surrogatepass")
