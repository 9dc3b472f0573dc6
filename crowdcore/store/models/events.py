"""Events, how far they were read, and what plugins keep."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from crowdcore.store.models.columns import Id, id_column, reference, text_column, time_column


class Event(SQLModel, table=True):
    """One operation, with all its moves: ids only, no content.

    `kind` is a word like unit_submitted; `data` is JSON: ids and moves
    ([["unit", 7, "assigned", "completed"], …]).
    """

    __table_args__ = (Index("event_of_run", "run_id", "id"),)
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int | None = Field(default=None, sa_column=reference("run", null=True))
    at: float = Field(sa_column=time_column())
    kind: str = Field(sa_column=text_column())
    actor: str = Field(sa_column=text_column())
    data: str = Field(sa_column=text_column())


class Cursor(SQLModel, table=True):
    """How far a consumer of a run's events has come."""

    run_id: int = Field(sa_column=Column(Id, ForeignKey("run.id"), primary_key=True))
    consumer: str = Field(sa_column=Column(Text, primary_key=True))
    event_id: int = Field(sa_column=Column(Id, nullable=False))


class Record(SQLModel, table=True):
    """A plugin's own JSON row, keyed."""

    __table_args__ = (UniqueConstraint("run_id", "plugin", "kind", "key"),)
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    plugin: str = Field(sa_column=text_column())
    kind: str = Field(sa_column=text_column())
    key: str = Field(sa_column=text_column())
    value: str = Field(sa_column=text_column())


class Meta(SQLModel, table=True):
    """Facts about the database itself: `schema` holds the migration it is at."""

    key: str = Field(sa_column=Column(Text, primary_key=True))
    value: str = Field(sa_column=text_column())
