"""The steps that extensions add with `register_gates`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from crowdcore.base.faults import described, place, shown
from crowdcore.base.limiter import Busy, Overrun
from crowdcore.errors import CrowdError, RequestError, whose
from crowdcore.types import Refusal
from crowdcore.work.gates.protocol import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crowdcore.base.limiter import Limiter
    from crowdcore.plugins.hooks import Contributed
    from crowdcore.plugins.run import Run
    from crowdcore.types import Worker

log = logging.getLogger("crowdcore.gates")


def unchecked() -> RequestError:
    """Nobody gets in by an error, and nothing is kept against the worker: it is not theirs."""
    return RequestError(
        502, "task_error", "We could not check whether you may take part. The people who run this task have been told; "
        "please try again later.",
    )  # fmt: skip


class Gate(Protocol):
    """An extension's own step: `name` for the operator, and a check that needs no unit."""

    name: str

    def check(self, run: Run, worker: Worker) -> Refusal | None:
        """A Refusal with the text the worker reads, or None to let them pass.

        `run.options` are the options of the plugin that added the gate. A gate may also have `close()`: this process
        serves the run no longer.
        """


async def ask_added(
    added: Sequence[Contributed], facade_for: Callable[[str], Run], worker: Worker, limiter: Limiter
) -> None:
    """Ask the steps in order, on the limiter's threads; Refused, if one refuses.

    One that raises, hangs or answers what is no decision: the operator sees the plugin, the gate and the worker, and
    then there is a RequestError task_error.
    """
    for plugin, gate, author in added:
        try:
            refusal: object = await limiter.run(lambda g=gate, p=plugin: g.check(facade_for(p), worker))  # type: ignore[misc]
            if refusal is not None and not (isinstance(refusal, Refusal) and isinstance(refusal.text, str)):
                raise TypeError(f"check answered {shown(refusal)}, which is neither a Refusal nor None")
        except Busy:
            raise RequestError(503, "busy", "Many people come at once. Please try again in a moment.") from None
        except (Overrun, CrowdError) as error:
            said = str(error) or f"took longer than {limiter.limit:g} seconds"
            log.error("gate %s of %s for worker %s: %s", gate.name, whose(author), worker.name, said)
            raise unchecked() from None
        except Exception as error:
            why = described(error) + place(error, outside=__file__)
            log.exception("gate %s of %s failed for worker %s: %s", gate.name, whose(author), worker.name, why)
            raise unchecked() from None
        if refusal is not None:
            raise Refused(gate.name, 403, "not_qualified", refusal.text)
