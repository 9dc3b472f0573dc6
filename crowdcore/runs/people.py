"""What is known of workers, and what is done about them: grants and blocks, each with its event.

Functions are for transactions. What the worker's platform is to hear goes into the outbox of their newest run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crowdcore.base.faults import meant
from crowdcore.errors import RunError
from crowdcore.plugins import catalogue
from crowdcore.store.queries import events, outbox, qualifications, workers

if TYPE_CHECKING:
    from crowdcore.store import Conn
    from crowdcore.types import Worker


def find(conn: Conn, name: str, provider: str | None) -> Worker:
    """The worker of this name; RunError if there is none, or several providers know one."""
    found = [w for w in workers.named(conn, name) if provider in (None, w.provider)]
    if len(found) == 1:
        return found[0]
    if not found:
        at = f" on provider {provider!r}" if provider else ""
        raise RunError(f"no worker is named {name!r}{at}; `crowd export TASK` shows the names of those who worked")
    known = ", ".join(w.provider for w in found)
    raise RunError(f"several providers know a worker {name!r}: {known}; add --provider NAME")


def find_or_expect(conn: Conn, name: str, provider: str | None, now: float) -> Worker:
    """The worker; with a provider also somebody who has not come yet."""
    known = [w for w in workers.named(conn, name) if provider in (None, w.provider)]
    if known:
        return find(conn, name, provider)
    if provider is None:
        raise RunError(f"no worker is named {name!r}; of somebody who has not come yet say from where: --provider NAME")
    if not name or name != name.strip() or not name.isprintable():
        raise RunError(f"{name!r} is no name of a worker: spaces around it, or what cannot be printed, never come so")
    installed = {*catalogue().names("provider"), *workers.providers(conn)}
    if provider not in installed:
        raise RunError(f"no provider is named {provider!r}{meant(provider, installed)}; `crowd plugins` lists them")
    return workers.ensure(conn, provider, name, simulated=False, now=now)


def grant(conn: Conn, worker: Worker, qualification: str, value: int, now: float) -> None:
    """Grant a qualification, or change its value."""
    qualifications.grant(conn, worker.id, qualification, value, now)
    note(conn, worker, "qualify", now, name=qualification, value=value)


def revoke(conn: Conn, worker: Worker, qualification: str, now: float) -> bool:
    """Take a qualification away; False if the worker does not have it."""
    if not qualifications.revoke(conn, worker.id, qualification):
        return False
    note(conn, worker, "unqualify", now, name=qualification)
    return True


def block(conn: Conn, worker: Worker, reason: str, now: float) -> None:
    """Nothing more for this worker, in any task; what they have open ends within seconds."""
    workers.set_blocked(conn, worker.id, reason)
    note(conn, worker, "block", now, reason=reason)


def unblock(conn: Conn, worker: Worker, reason: str, now: float) -> None:
    """Let the worker work again; `reason` is for the platform."""
    workers.set_blocked(conn, worker.id, None)
    note(conn, worker, "unblock", now, reason=reason)


def note(conn: Conn, found: Worker, kind: str, now: float, **payload: Any) -> None:
    """The event, and the row by which the worker's newest run tells its platform, if it has one."""
    for kinds in (("block", "unblock"), ("qualify", "unqualify")):  # what waits goes out in its order, before this
        if kind in kinds:
            outbox.withdraw(conn, kinds, now, worker_id=found.id, name=payload.get("name"), waiting=False)
    words = {k: v for k, v in payload.items() if k != "reason"}
    event = events.append(conn, None, now, f"worker_{kind}", "operator", [], worker=found.id, **words)
    run_id = workers.newest_run(conn, found)
    if run_id is not None:
        outbox.intend(
            conn, run_id=run_id, kind=kind, key=f"{kind}:event:{event}", now=now, worker_id=found.id,
            payload=json.dumps(payload),
        )  # fmt: skip
