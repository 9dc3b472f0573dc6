"""Columns that many tables have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, Text
from sqlalchemy import text as sql

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives out row ids only for INTEGER keys; PostgreSQL needs BIGINT to last."""


def only_where(condition: str) -> dict[str, Any]:
    """What makes an index hold only the rows of a condition (SQL)."""
    return {"sqlite_where": sql(condition), "postgresql_where": sql(condition)}


def id_column() -> Column[int]:
    """The primary key, given out by the database."""
    return Column(Id, primary_key=True, autoincrement=True)


def reference(table: str, *, null: bool = False) -> Column[int]:
    """The id of a row of `table`."""
    return Column(Id, ForeignKey(f"{table}.id"), nullable=null)


def text_column(*, null: bool = False) -> Column[str]:
    """Text of any length."""
    return Column(Text, nullable=null)


def time_column(*, null: bool = False) -> Column[float]:
    """Seconds since the epoch, or of service time."""
    return Column(Float(53), nullable=null)
