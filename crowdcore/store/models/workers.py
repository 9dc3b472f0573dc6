"""Workers: who they are, what they were granted, their visits."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from crowdcore.store.models.columns import id_column, reference, text_column, time_column


class Worker(SQLModel, table=True):
    """A person on a provider; unique by provider and name."""

    __table_args__ = (UniqueConstraint("provider", "name"),)
    id: int | None = Field(default=None, sa_column=id_column())
    provider: str = Field(sa_column=text_column())
    name: str = Field(sa_column=text_column())
    simulated: bool = Field(default=False)
    blocked: str | None = Field(default=None, sa_column=text_column(null=True))
    created_at: float = Field(sa_column=time_column())


class Qualification(SQLModel, table=True):
    """A named property of workers."""

    id: int | None = Field(default=None, sa_column=id_column())
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    description: str = Field(default="", sa_column=text_column())
    created_at: float = Field(sa_column=time_column())


class Grant(SQLModel, table=True):
    """A qualification's value for one worker (`grant` is a reserved word of SQL)."""

    __tablename__ = "granted"
    __table_args__ = (UniqueConstraint("qualification_id", "worker_id"),)
    id: int | None = Field(default=None, sa_column=id_column())
    qualification_id: int = Field(sa_column=reference("qualification"))
    worker_id: int = Field(sa_column=reference("worker"))
    value: int = Field(sa_column=Column(Integer, nullable=False))
    granted_at: float = Field(sa_column=time_column())


class Visit(SQLModel, table=True):
    """One worker's stay on one place of the provider; completed once, each of its units is paid."""

    __table_args__ = (UniqueConstraint("run_id", "worker_id", "external_id"),)
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    worker_id: int = Field(sa_column=reference("worker"))
    external_id: str = Field(sa_column=text_column())
    params: str = Field(sa_column=text_column())
    status: str = Field(sa_column=text_column())
    completion: str | None = Field(default=None, sa_column=text_column(null=True))
    started_at: float = Field(sa_column=time_column())
    ended_at: float | None = Field(default=None, sa_column=time_column(null=True))
