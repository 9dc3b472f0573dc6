"""The tables, as SQLModel classes: for migrations, tests and notebooks.

The server itself speaks SQL through `crowdcore.store` and never imports this module (it costs most of a second).
`store/schema/*.sql` is generated from here (`make schema`), and a test compares the two and the migrations.

Conventions: times are float seconds since the epoch, UTC; money is an integer of millionths (`*_micros`) of the
row's currency; JSON is canonical text; a status is written by `crowdcore.store` only (see status.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives out row ids only for INTEGER keys; PostgreSQL needs BIGINT to last."""


def _only(condition: str) -> dict[str, Any]:
    """What makes an index hold only the rows of a condition (SQL)."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _key() -> Column[int]:
    return Column(Id, primary_key=True, autoincrement=True)


def _ref(table: str, *, null: bool = False) -> Column[int]:
    return Column(Id, ForeignKey(f"{table}.id"), nullable=null)


def _text(*, null: bool = False) -> Column[str]:
    return Column(Text, nullable=null)


def _time(*, null: bool = False) -> Column[float]:
    return Column(Float(53), nullable=null)


class Task(SQLModel, table=True):
    """A name shared by runs."""

    id: int | None = Field(default=None, sa_column=_key())
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    created_at: float = Field(sa_column=_time())


class Requester(SQLModel, table=True):
    """An account on a provider; its secrets live in the configuration directory."""

    __table_args__ = (UniqueConstraint("provider", "name"),)
    id: int | None = Field(default=None, sa_column=_key())
    provider: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())
    created_at: float = Field(sa_column=_time())


class Run(SQLModel, table=True):
    """One launch, its configuration frozen.

    `wanted` is what a command asked for (run, pause, drain, stop). `next_ordinal` is where launching
    goes on; `exhausted` says that the task data ended. `service_time` counts the seconds served so
    far and `heartbeat_at` says when it was last written. `plugins` is JSON {entry point: version}.
    """

    __table_args__ = (UniqueConstraint("task_id", "number"),)
    id: int | None = Field(default=None, sa_column=_key())
    task_id: int = Field(sa_column=_ref("task"))
    requester_id: int | None = Field(default=None, sa_column=_ref("requester", null=True))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    status: str = Field(sa_column=_text())
    wanted: str = Field(default="run", sa_column=_text())
    config: str = Field(sa_column=_text())
    config_hash: str = Field(sa_column=_text())
    sources: str = Field(default="{}", sa_column=_text())
    plugins: str = Field(default="{}", sa_column=_text())
    provider: str = Field(sa_column=_text())
    currency: str = Field(sa_column=_text())
    reason: str | None = Field(default=None, sa_column=_text(null=True))
    url: str | None = Field(default=None, sa_column=_text(null=True))
    next_ordinal: int = Field(default=0, sa_column=Column(Id, nullable=False))
    exhausted: bool = Field(default=False)
    shared: str = Field(default="{}", sa_column=_text())
    service_time: float = Field(default=0.0, sa_column=_time())
    heartbeat_at: float | None = Field(default=None, sa_column=_time(null=True))
    created_at: float = Field(sa_column=_time())
    launched_at: float | None = Field(default=None, sa_column=_time(null=True))
    ended_at: float | None = Field(default=None, sa_column=_time(null=True))


class Assignment(SQLModel, table=True):
    """One item of task data; `ordinal` is null for items made on demand (gold, screening).

    `key` names such an item within its run and kind. `answers` is JSON of what is known to be right: it is
    kept apart from `item`, so that it reaches no page.
    """

    __table_args__ = (
        UniqueConstraint("run_id", "ordinal"),
        Index("assignment_special", "run_id", "kind", "key", unique=True, **_only("key IS NOT NULL")),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    ordinal: int | None = Field(default=None, sa_column=Column(Id, nullable=True))
    kind: str = Field(default="real", sa_column=_text())
    item: str = Field(sa_column=_text())
    units: int = Field(sa_column=Column(Integer, nullable=False))
    key: str | None = Field(default=None, sa_column=_text(null=True))
    answers: str | None = Field(default=None, sa_column=_text(null=True))
    reason: str | None = Field(default=None, sa_column=_text(null=True))


class Unit(SQLModel, table=True):
    """One seat of an assignment; `worker_id` is set while it is held or done."""

    __table_args__ = (
        UniqueConstraint("assignment_id", "seat"),
        Index("unit_free", "run_id", "seat", "id", **_only("status = 'launched'")),
        Index("unit_one_seat", "assignment_id", "worker_id", unique=True, **_only("worker_id IS NOT NULL")),
        Index("unit_of_run", "run_id", "status"),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    assignment_id: int = Field(sa_column=_ref("assignment"))
    seat: int = Field(sa_column=Column(Integer, nullable=False))
    status: str = Field(sa_column=_text())
    pay_micros: int = Field(sa_column=Column(BigInteger, nullable=False))
    worker_id: int | None = Field(default=None, sa_column=_ref("worker", null=True))
    reason: str | None = Field(default=None, sa_column=_text(null=True))


class Worker(SQLModel, table=True):
    """A person on a provider; unique by provider and name."""

    __table_args__ = (UniqueConstraint("provider", "name"),)
    id: int | None = Field(default=None, sa_column=_key())
    provider: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())
    simulated: bool = Field(default=False)
    blocked: str | None = Field(default=None, sa_column=_text(null=True))
    created_at: float = Field(sa_column=_time())


class Visit(SQLModel, table=True):
    """One worker's stay on one place of the provider; completed and paid once."""

    __table_args__ = (UniqueConstraint("run_id", "worker_id", "external_id"),)
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    worker_id: int = Field(sa_column=_ref("worker"))
    external_id: str = Field(sa_column=_text())
    params: str = Field(sa_column=_text())
    status: str = Field(sa_column=_text())
    completion: str | None = Field(default=None, sa_column=_text(null=True))
    started_at: float = Field(sa_column=_time())
    ended_at: float | None = Field(default=None, sa_column=_time(null=True))


class Agent(SQLModel, table=True):
    """One piece of work within a visit.

    `state` is AgentState.save_data() text; `draft` any JSON the page saved; `answer` the JSON that
    the submission was answered with (a repeat gets the same). `deadline` is in the run's service
    seconds. `bot` is JSON about a stand-in, null for a person; `name` is what the others of a conversation read,
    `waiting_from` when (service seconds) this person began to wait for others. `late` is JSON of a submission that
    came when the unit was already somebody else's. `passed` is the judgement of onboarding, screening
    and gold, null while there is none.
    """

    __table_args__ = (
        Index("agent_of_visit", "visit_id"),
        Index("agent_of_worker", "worker_id", "run_id", "status"),
        Index("agent_open_unit", "unit_id", unique=True, **_only("status IN ('waiting', 'in_task')")),
        Index("agent_of_unit", "unit_id"),
        Index("agent_due", "run_id", "deadline", **_only("status IN ('waiting', 'in_task')")),
        Index("agent_of_run", "run_id", "id"),
        Index("agent_in_conversation", "conversation_id", **_only("conversation_id IS NOT NULL")),
        Index("agent_special", "run_id", "kind", **_only("kind <> 'unit'")),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    visit_id: int = Field(sa_column=_ref("visit"))
    worker_id: int = Field(sa_column=_ref("worker"))
    unit_id: int | None = Field(default=None, sa_column=_ref("unit", null=True))
    kind: str = Field(sa_column=_text())
    status: str = Field(sa_column=_text())
    end_reason: str | None = Field(default=None, sa_column=_text(null=True))
    deadline: float | None = Field(default=None, sa_column=_time(null=True))
    state: str | None = Field(default=None, sa_column=_text(null=True))
    draft: str | None = Field(default=None, sa_column=_text(null=True))
    answer: str | None = Field(default=None, sa_column=_text(null=True))
    late: str | None = Field(default=None, sa_column=_text(null=True))
    bot: str | None = Field(default=None, sa_column=_text(null=True))
    passed: bool | None = Field(default=None, nullable=True)
    started_at: float = Field(sa_column=_time())
    ended_at: float | None = Field(default=None, sa_column=_time(null=True))
    conversation_id: int | None = Field(default=None, sa_column=_ref("conversation", null=True))
    waiting_from: float | None = Field(default=None, sa_column=_time(null=True))
    name: str | None = Field(default=None, sa_column=_text(null=True))


class Conversation(SQLModel, table=True):
    """One attempt at doing one assignment together (or one worker's live onboarding: no assignment).

    `base` is the first seat of the units it fills: an assignment that is done again has more of them.
    `version` counts changes of seats. `deadline` is in the run's service seconds: while waiting, until when the
    others are waited for; while live, when it must end. `data` is JSON that the blueprint kept.
    """

    __table_args__ = (
        Index("conversation_open", "run_id", "status", "id", **_only("status <> 'ended'")),
        Index("conversation_of_assignment", "assignment_id"),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    assignment_id: int | None = Field(default=None, sa_column=_ref("assignment", null=True))
    base: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    status: str = Field(sa_column=_text())
    version: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    seed: str = Field(sa_column=_text())
    deadline: float | None = Field(default=None, sa_column=_time(null=True))
    data: str | None = Field(default=None, sa_column=_text(null=True))
    reason: str | None = Field(default=None, sa_column=_text(null=True))
    created_at: float = Field(sa_column=_time())
    started_at: float | None = Field(default=None, sa_column=_time(null=True))
    ended_at: float | None = Field(default=None, sa_column=_time(null=True))


class Journal(SQLModel, table=True):
    """What happened in a conversation, in order.

    `kind`: message (came from a person or a bot; `key` is AGENT:ID, so it counts once) or crossing (what the
    blueprint asked and got, for going on after a crash). `data` is JSON.
    """

    __table_args__ = (UniqueConstraint("conversation_id", "key"),)
    conversation_id: int = Field(sa_column=Column(Id, ForeignKey("conversation.id"), primary_key=True))
    n: int = Field(sa_column=Column(Integer, primary_key=True))
    at: float = Field(sa_column=_time())
    kind: str = Field(sa_column=_text())
    agent_id: int | None = Field(default=None, sa_column=_ref("agent", null=True))
    key: str | None = Field(default=None, sa_column=_text(null=True))
    data: str = Field(sa_column=_text())


class Inbox(SQLModel, table=True):
    """A frame (JSON) that was delivered to an agent; `seq` counts from 1."""

    agent_id: int = Field(sa_column=Column(Id, ForeignKey("agent.id"), primary_key=True))
    seq: int = Field(sa_column=Column(Integer, primary_key=True))
    frame: str = Field(sa_column=_text())


class File(SQLModel, table=True):
    """One upload; its bytes lie in the file store under `sha256`. `key` is the id a page knows."""

    __table_args__ = (Index("file_of_agent", "agent_id"),)
    id: int | None = Field(default=None, sa_column=_key())
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    agent_id: int = Field(sa_column=_ref("agent"))
    field: str = Field(sa_column=_text())
    name: str = Field(sa_column=_text())
    media_type: str = Field(sa_column=_text())
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=_text())
    created_at: float = Field(sa_column=_time())


class Call(SQLModel, table=True):
    """One answered call of a server procedure; `args`, `result` and `error` are JSON, one of the last two is null.

    `request_id` is the page's: a repeat gets the same answer.
    """

    __table_args__ = (UniqueConstraint("agent_id", "request_id"),)
    id: int | None = Field(default=None, sa_column=_key())
    agent_id: int = Field(sa_column=_ref("agent"))
    request_id: str = Field(sa_column=_text())
    procedure: str = Field(sa_column=_text())
    args: str = Field(sa_column=_text())
    result: str | None = Field(default=None, sa_column=_text(null=True))
    error: str | None = Field(default=None, sa_column=_text(null=True))
    started_at: float = Field(sa_column=_time())
    seconds: float = Field(sa_column=_time())


class Note(SQLModel, table=True):
    """What a worker wrote to the author (`kind` feedback) or for other workers (tip).

    `status`: new, accepted (a tip that others are shown) or removed. `unit_id` is null in onboarding.
    """

    __table_args__ = (Index("note_of_run", "run_id", "kind", "status"), Index("note_of_agent", "agent_id"))
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    agent_id: int = Field(sa_column=_ref("agent"))
    worker_id: int = Field(sa_column=_ref("worker"))
    unit_id: int | None = Field(default=None, sa_column=_ref("unit", null=True))
    kind: str = Field(sa_column=_text())
    text: str = Field(sa_column=_text())
    status: str = Field(default="new", sa_column=_text())
    created_at: float = Field(sa_column=_time())


class Event(SQLModel, table=True):
    """One operation, with all its moves: ids only, no content.

    `kind` is a word like unit_submitted; `data` is JSON: ids and moves
    ([["unit", 7, "assigned", "completed"], …]).
    """

    __table_args__ = (Index("event_of_run", "run_id", "id"),)
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int | None = Field(default=None, sa_column=_ref("run", null=True))
    at: float = Field(sa_column=_time())
    kind: str = Field(sa_column=_text())
    actor: str = Field(sa_column=_text())
    data: str = Field(sa_column=_text())


class Cursor(SQLModel, table=True):
    """How far a consumer of a run's events has come."""

    run_id: int = Field(sa_column=Column(Id, ForeignKey("run.id"), primary_key=True))
    consumer: str = Field(sa_column=Column(Text, primary_key=True))
    event_id: int = Field(sa_column=Column(Id, nullable=False))


class Record(SQLModel, table=True):
    """A plugin's own JSON row, keyed."""

    __table_args__ = (UniqueConstraint("run_id", "plugin", "kind", "key"),)
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    plugin: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    key: str = Field(sa_column=_text())
    value: str = Field(sa_column=_text())


class Qualification(SQLModel, table=True):
    """A named property of workers."""

    id: int | None = Field(default=None, sa_column=_key())
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    description: str = Field(default="", sa_column=_text())
    created_at: float = Field(sa_column=_time())


class Grant(SQLModel, table=True):
    """A qualification's value for one worker (`grant` is a reserved word of SQL)."""

    __tablename__ = "granted"
    __table_args__ = (UniqueConstraint("qualification_id", "worker_id"),)
    id: int | None = Field(default=None, sa_column=_key())
    qualification_id: int = Field(sa_column=_ref("qualification"))
    worker_id: int = Field(sa_column=_ref("worker"))
    value: int = Field(sa_column=Column(Integer, nullable=False))
    granted_at: float = Field(sa_column=_time())


class Outbox(SQLModel, table=True):
    """What is sent outside, once; rows with an amount are the ledger.

    `kind`: reward, bonus, approve, reject, block, unblock, qualify, unqualify, message, expire, publish.
    `state`: intended, sent, confirmed, failed, unknown. A provider without a platform leaves rewards
    intended: that is what it owes.
    """

    __table_args__ = (
        Index("outbox_of_run", "run_id", "state", "kind", "id"),
        Index("outbox_of_worker", "worker_id"),
    )
    id: int | None = Field(default=None, sa_column=_key())
    run_id: int = Field(sa_column=_ref("run"))
    kind: str = Field(sa_column=_text())
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    state: str = Field(sa_column=_text())
    worker_id: int | None = Field(default=None, sa_column=_ref("worker", null=True))
    visit_id: int | None = Field(default=None, sa_column=_ref("visit", null=True))
    unit_id: int | None = Field(default=None, sa_column=_ref("unit", null=True))
    amount_micros: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    currency: str | None = Field(default=None, sa_column=_text(null=True))
    payload: str = Field(default="{}", sa_column=_text())
    reference: str | None = Field(default=None, sa_column=_text(null=True))
    error: str | None = Field(default=None, sa_column=_text(null=True))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    created_at: float = Field(sa_column=_time())
    sent_at: float | None = Field(default=None, sa_column=_time(null=True))
    settled_at: float | None = Field(default=None, sa_column=_time(null=True))


class Meta(SQLModel, table=True):
    """Facts about the database itself: `schema` holds the migration it is at."""

    key: str = Field(sa_column=Column(Text, primary_key=True))
    value: str = Field(sa_column=_text())
