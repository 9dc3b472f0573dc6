"""Runs: what is offered, in which pieces."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from crowdcore.store.models.columns import Id, id_column, only_where, reference, text_column, time_column


class Task(SQLModel, table=True):
    """A name shared by runs."""

    id: int | None = Field(default=None, sa_column=id_column())
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    created_at: float = Field(sa_column=time_column())


class Requester(SQLModel, table=True):
    """An account on a provider; its secrets live in the configuration directory."""

    __table_args__ = (UniqueConstraint("provider", "name"),)
    id: int | None = Field(default=None, sa_column=id_column())
    provider: str = Field(sa_column=text_column())
    name: str = Field(sa_column=text_column())
    created_at: float = Field(sa_column=time_column())


class Run(SQLModel, table=True):
    """One launch, its configuration frozen.

    `wanted` is what a command asked for (run, pause, drain, stop). `next_ordinal` is where launching
    goes on; `exhausted` says that the task data ended. `service_time` counts the seconds served so
    far and `heartbeat_at` says when it was last written. `plugins` is JSON {entry point: version}. `lead` counts the
    processes that have led the run: what one of them writes is refused once there was another.
    """

    __table_args__ = (UniqueConstraint("task_id", "number"),)
    id: int | None = Field(default=None, sa_column=id_column())
    task_id: int = Field(sa_column=reference("task"))
    requester_id: int | None = Field(default=None, sa_column=reference("requester", null=True))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    status: str = Field(sa_column=text_column())
    wanted: str = Field(default="run", sa_column=text_column())
    config: str = Field(sa_column=text_column())
    config_hash: str = Field(sa_column=text_column())
    sources: str = Field(default="{}", sa_column=text_column())
    plugins: str = Field(default="{}", sa_column=text_column())
    provider: str = Field(sa_column=text_column())
    currency: str = Field(sa_column=text_column())
    reason: str | None = Field(default=None, sa_column=text_column(null=True))
    url: str | None = Field(default=None, sa_column=text_column(null=True))
    next_ordinal: int = Field(default=0, sa_column=Column(Id, nullable=False))
    exhausted: bool = Field(default=False)
    shared: str = Field(default="{}", sa_column=text_column())
    service_time: float = Field(default=0.0, sa_column=time_column())
    heartbeat_at: float | None = Field(default=None, sa_column=time_column(null=True))
    created_at: float = Field(sa_column=time_column())
    launched_at: float | None = Field(default=None, sa_column=time_column(null=True))
    ended_at: float | None = Field(default=None, sa_column=time_column(null=True))
    lead: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))


class Assignment(SQLModel, table=True):
    """One item of task data; `ordinal` is null for items made on demand (gold, screening).

    `key` names such an item within its run and kind. `answers` is JSON of what is known to be right: it is
    kept apart from `item`, so that it reaches no page.
    """

    __table_args__ = (
        UniqueConstraint("run_id", "ordinal"),
        Index("assignment_special", "run_id", "kind", "key", unique=True, **only_where("key IS NOT NULL")),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    ordinal: int | None = Field(default=None, sa_column=Column(Id, nullable=True))
    kind: str = Field(default="real", sa_column=text_column())
    item: str = Field(sa_column=text_column())
    units: int = Field(sa_column=Column(Integer, nullable=False))
    key: str | None = Field(default=None, sa_column=text_column(null=True))
    answers: str | None = Field(default=None, sa_column=text_column(null=True))
    reason: str | None = Field(default=None, sa_column=text_column(null=True))


class Unit(SQLModel, table=True):
    """One seat of an assignment; `worker_id` is set while it is held or done."""

    __table_args__ = (
        UniqueConstraint("assignment_id", "seat"),
        Index("unit_free", "run_id", "seat", "id", **only_where("status = 'launched'")),
        Index("unit_one_seat", "assignment_id", "worker_id", unique=True, **only_where("worker_id IS NOT NULL")),
        Index("unit_of_run", "run_id", "status"),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    assignment_id: int = Field(sa_column=reference("assignment"))
    seat: int = Field(sa_column=Column(Integer, nullable=False))
    status: str = Field(sa_column=text_column())
    pay_micros: int = Field(sa_column=Column(BigInteger, nullable=False))
    worker_id: int | None = Field(default=None, sa_column=reference("worker", null=True))
    reason: str | None = Field(default=None, sa_column=text_column(null=True))
