"""What is sent outside, and what money it is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field, SQLModel

from crowdcore.store.models.columns import id_column, reference, text_column, time_column


class Outbox(SQLModel, table=True):
    """What is sent outside, once; rows with an amount are the ledger.

    `kind`: reward, bonus, approve, reject, block, unblock, qualify, unqualify, message, expire, publish.
    `state`: intended, sent, confirmed, failed, unknown, withdrawn. A provider without a platform leaves rewards
    intended: that is what it owes.
    """

    __table_args__ = (
        Index("outbox_of_run", "run_id", "state", "kind", "id"),
        Index("outbox_of_worker", "worker_id"),
    )
    id: int | None = Field(default=None, sa_column=id_column())
    run_id: int = Field(sa_column=reference("run"))
    kind: str = Field(sa_column=text_column())
    key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    state: str = Field(sa_column=text_column())
    worker_id: int | None = Field(default=None, sa_column=reference("worker", null=True))
    visit_id: int | None = Field(default=None, sa_column=reference("visit", null=True))
    unit_id: int | None = Field(default=None, sa_column=reference("unit", null=True))
    amount_micros: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    currency: str | None = Field(default=None, sa_column=text_column(null=True))
    payload: str = Field(default="{}", sa_column=text_column())
    reference: str | None = Field(default=None, sa_column=text_column(null=True))
    error: str | None = Field(default=None, sa_column=text_column(null=True))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    created_at: float = Field(sa_column=time_column())
    sent_at: float | None = Field(default=None, sa_column=time_column(null=True))
    settled_at: float | None = Field(default=None, sa_column=time_column(null=True))
