"""Agents: one piece of work each, with its files, calls and notes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from crowdcore.store.models.columns import id_column, only_where, reference, text_column, time_column


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
        Index("agent_open_unit", "unit_id", unique=True, **only_where("status IN ('waiting', 'in_task')")),
        Index("agent_of_unit", "unit_id"),
        Index("agent_due", "run_id", "deadline", **only_where("status IN ('waiting', 'in_task')")),
        Index("agent_of_run", "run_id", "id"),
        Index("agent_in_conversation", "conversation_id", **only_where("conversation_id IS NOT NULL")),
        Index("agent_special", "run_id", "kind", **only_where("kind <> 'unit'")),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    visit_id: int = Field(sa_column=reference("visit"))
    worker_id: int = Field(sa_column=reference("worker"))
    unit_id: int | None = Field(default=None, sa_column=reference("unit", null=True))
    kind: str = Field(sa_column=text_column())
    status: str = Field(sa_column=text_column())
    end_reason: str | None = Field(default=None, sa_column=text_column(null=True))
    deadline: float | None = Field(default=None, sa_column=time_column(null=True))
    state: str | None = Field(default=None, sa_column=text_column(null=True))
    draft: str | None = Field(default=None, sa_column=text_column(null=True))
    answer: str | None = Field(default=None, sa_column=text_column(null=True))
    late: str | None = Field(default=None, sa_column=text_column(null=True))
    bot: str | None = Field(default=None, sa_column=text_column(null=True))
    passed: bool | None = Field(default=None, nullable=True)
    started_at: float = Field(sa_column=time_column())
    ended_at: float | None = Field(default=None, sa_column=time_column(null=True))
    conversation_id: int | None = Field(default=None, sa_column=reference("conversation", null=True))
    waiting_from: float | None = Field(default=None, sa_column=time_column(null=True))
    name: str | None = Field(default=None, sa_column=text_column(null=True))


class File(SQLModel, table=True):
    """One upload; its bytes lie in the file store under `sha256`. `key` is the id a page knows."""

    __table_args__ = (Index("file_of_agent", "agent_id"),)
    id: int | None = Field(default=None, sa_column=id_column())
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    agent_id: int = Field(sa_column=reference("agent"))
    field: str = Field(sa_column=text_column())
    name: str = Field(sa_column=text_column())
    media_type: str = Field(sa_column=text_column())
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=text_column())
    created_at: float = Field(sa_column=time_column())


class Call(SQLModel, table=True):
    """One answered call of a server procedure; `args`, `result` and `error` are JSON, one of the last two is null.

    `request_id` is the page's: a repeat gets the same answer.
    """

    __table_args__ = (UniqueConstraint("agent_id", "request_id"),)
    id: int | None = Field(default=None, sa_column=id_column())
    agent_id: int = Field(sa_column=reference("agent"))
    request_id: str = Field(sa_column=text_column())
    procedure: str = Field(sa_column=text_column())
    args: str = Field(sa_column=text_column())
    result: str | None = Field(default=None, sa_column=text_column(null=True))
    error: str | None = Field(default=None, sa_column=text_column(null=True))
    started_at: float = Field(sa_column=time_column())
    seconds: float = Field(sa_column=time_column())


class Note(SQLModel, table=True):
    """What a worker wrote to the author (`kind` feedback) or for other workers (tip).

    `status`: new, accepted (a tip that others are shown) or removed. `unit_id` is null in onboarding.
    """

    __table_args__ = (Index("note_of_run", "run_id", "kind", "status"), Index("note_of_agent", "agent_id"))
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    agent_id: int = Field(sa_column=reference("agent"))
    worker_id: int = Field(sa_column=reference("worker"))
    unit_id: int | None = Field(default=None, sa_column=reference("unit", null=True))
    kind: str = Field(sa_column=text_column())
    text: str = Field(sa_column=text_column())
    status: str = Field(default="new", sa_column=text_column())
    created_at: float = Field(sa_column=time_column())
