"""What hooks are given and what they give back: plain frozen values, no ORM object, no session.

Times are seconds since the epoch (UTC), money is `Decimal` in the run's currency, ids are integers of
the database. Fields may be added in later versions; none is removed within one major version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from crowdcore.status import AgentKind, AssignmentKind

if TYPE_CHECKING:  # dataclasses-json costs 50 ms, and only a run needs it
    from crowdcore.state import AgentState


@dataclass(frozen=True)
class Worker:
    """A person on a provider; `name` is the platform's own id of that person."""

    id: int
    name: str
    provider: str
    simulated: bool = False


@dataclass(frozen=True)
class Assignment:
    """One item of task data. `item` is JSON; `ordinal` counts the run's real assignments from 0.

    `answers` (JSON) is what is known to be right of a gold or screening item: for judges, never for pages.
    """

    id: int
    ordinal: int
    kind: AssignmentKind
    item: Any
    units: int = 1
    answers: Any = None


@dataclass(frozen=True)
class Unit:
    """One seat of an assignment, with its own pay; `role` is the seat's name in live work, if it has one."""

    id: int
    assignment: Assignment
    seat: int
    pay: Decimal
    status: str = "launched"
    role: str = ""


@dataclass(frozen=True)
class Visit:
    """One worker's stay on one place of the provider; `params` are the platform's URL parameters."""

    id: int
    external_id: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Agent:
    """One piece of work within a visit, with its state."""

    id: int
    kind: AgentKind
    status: str
    worker: Worker
    visit: Visit
    unit: Unit | None
    state: AgentState
    passed: bool | None = None
    """What was judged of onboarding, screening and gold; None while there is no judgement."""


@dataclass(frozen=True)
class Identity:
    """What `provider_identify` found in the URL parameters.

    `worker_name` None means a visitor without identity: the preview. `visit_id` is the platform's id
    of this stay; None lets the core open a fresh visit for each piece of work ("next task"). `params` are
    those to keep: a selection, or what the hook was given, of which the core keeps what says who comes.
    """

    worker_name: str | None
    visit_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Completion:
    """How a visit ends in the worker's browser: a thanks page, a redirect, or a form post."""

    kind: Literal["thanks", "redirect", "post"] = "thanks"
    url: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The JSON of the worker API."""
        return {"kind": self.kind, "url": self.url, "fields": dict(self.fields)}


@dataclass(frozen=True)
class Payment:
    """Money owed to one worker for one reason; `key` makes it payable once."""

    key: str
    worker: Worker
    amount: Decimal
    currency: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    """A decision hook's no, with the text the worker reads."""

    text: str


@dataclass(frozen=True)
class AdminPage:
    """A page of the requester's application (`register_admin_pages`); `title` stands in its navigation.

    `content` answers the page's HTML (what stands in `<main>`), anew each time somebody looks, on a thread, within 30
    seconds; escape what people wrote. Without it `path` is that of a route of `register_admin_routes`. `path` is one
    word of an address, "" the plugin's first page.
    """

    title: str
    content: Callable[[], str] | None = None
    path: str = ""


# What `pairing_timeout` may answer.


@dataclass(frozen=True)
class Wait:
    """Go on waiting for `seconds` more."""

    seconds: float


@dataclass(frozen=True)
class StandIn:
    """Give the empty seats to the bot `bot` (a name of the group crowdcore.bots)."""

    bot: str


@dataclass(frozen=True)
class LaunchReduced:
    """Start with those present; the empty units expire."""


@dataclass(frozen=True)
class Release:
    """Send those who wait away with thanks, paid `pay` (Decimal, the run's currency)."""

    pay: Decimal = Decimal(0)


@dataclass(frozen=True)
class Requeue:
    """Put those who wait at the end of the queue of another assignment."""


PairingDecision = Wait | StandIn | LaunchReduced | Release | Requeue


# Events that listeners receive, in commit order, at least once. `event` is the row's id.


@dataclass(frozen=True)
class RunLaunched:
    """The run serves pages; its first units are launched."""

    event: int
    at: float
    units: int


@dataclass(frozen=True)
class UnitLaunched:
    """A slice of units became available: ids `first`..`last` (both included), `count` units."""

    event: int
    at: float
    first: int
    last: int
    count: int


@dataclass(frozen=True)
class UnitSubmitted:
    """A worker's submission for `unit` is stored; `agent.state` holds its data."""

    event: int
    at: float
    unit: Unit
    worker: Worker
    agent: Agent


@dataclass(frozen=True)
class UnitReviewed:
    """`unit` got the outcome `status` (accepted, soft_rejected, rejected)."""

    event: int
    at: float
    unit: Unit
    worker: Worker
    status: str
    note: str = ""


@dataclass(frozen=True)
class AgentEnded:
    """An agent ended without a submission; `reason` is returned, left, timed_out, expired, replaced or blocked."""

    event: int
    at: float
    agent: Agent
    reason: str


@dataclass(frozen=True)
class RunFinished:
    """The run ended: `status` is finished or stopped, `reason` in plain words."""

    event: int
    at: float
    status: str
    reason: str
