"""Conversations: who sits together, what happened, what was delivered to whom."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from crowdcore.store.models.columns import Id, id_column, only_where, reference, text_column, time_column


class Conversation(SQLModel, table=True):
    """One attempt at doing one assignment together (or one worker's live onboarding: no assignment).

    `base` is the first seat of the units it fills: an assignment that is done again has more of them.
    `version` counts changes of seats. `deadline` is in the run's service seconds: while waiting, until when the
    others are waited for; while live, when it must end. `data` is JSON that the blueprint kept.
    """

    __table_args__ = (
        Index("conversation_open", "run_id", "status", "id", **only_where("status <> 'ended'")),
        Index("conversation_of_assignment", "assignment_id"),
    )  # fmt: skip
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    assignment_id: int | None = Field(default=None, sa_column=reference("assignment", null=True))
    base: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    status: str = Field(sa_column=text_column())
    version: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    seed: str = Field(sa_column=text_column())
    deadline: float | None = Field(default=None, sa_column=time_column(null=True))
    data: str | None = Field(default=None, sa_column=text_column(null=True))
    reason: str | None = Field(default=None, sa_column=text_column(null=True))
    created_at: float = Field(sa_column=time_column())
    started_at: float | None = Field(default=None, sa_column=time_column(null=True))
    ended_at: float | None = Field(default=None, sa_column=time_column(null=True))


class Journal(SQLModel, table=True):
    """What happened in a conversation, in order.

    `kind`: message (came from a person or a bot; `key` is AGENT:ID, so it counts once) or crossing (what the
    blueprint asked and got, for going on after a crash). `data` is JSON.
    """

    __table_args__ = (UniqueConstraint("conversation_id", "key"),)
    conversation_id: int = Field(sa_column=Column(Id, ForeignKey("conversation.id"), primary_key=True))
    n: int = Field(sa_column=Column(Integer, primary_key=True))
    at: float = Field(sa_column=time_column())
    kind: str = Field(sa_column=text_column())
    agent_id: int | None = Field(default=None, sa_column=reference("agent", null=True))
    key: str | None = Field(default=None, sa_column=text_column(null=True))
    data: str = Field(sa_column=text_column())


class Inbox(SQLModel, table=True):
    """A frame (JSON) that was delivered to an agent; `seq` counts from 1."""

    agent_id: int = Field(sa_column=Column(Id, ForeignKey("agent.id"), primary_key=True))
    seq: int = Field(sa_column=Column(Integer, primary_key=True))
    frame: str = Field(sa_column=text_column())
