"""Conversations: people who work together, what they say, and what they were sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.Float(precision=53)


def upgrade() -> None:
    """Add conversations with their journals and inboxes, and what agents need to take part in them."""
    _conversation()
    _said()
    with op.batch_alter_table("agent") as agent:
        agent.add_column(sa.Column("conversation_id", ID, nullable=True))
        agent.add_column(sa.Column("waiting_from", TIME, nullable=True))
        agent.add_column(sa.Column("name", sa.Text(), nullable=True))
        agent.create_foreign_key("agent_conversation_id_fkey", "conversation", ["conversation_id"], ["id"])
        agent.create_index(
            "agent_in_conversation",
            ["conversation_id"],
            unique=False,
            sqlite_where=sa.text("conversation_id IS NOT NULL"),
            postgresql_where=sa.text("conversation_id IS NOT NULL"),
        )


def _conversation() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("assignment_id", ID, nullable=True),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("deadline", TIME, nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"]),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("conversation_of_assignment", "conversation", ["assignment_id"], unique=False)
    op.create_index(
        "conversation_open",
        "conversation",
        ["run_id", "status", "id"],
        unique=False,
        sqlite_where=sa.text("status <> 'ended'"),
        postgresql_where=sa.text("status <> 'ended'"),
    )


def _said() -> None:
    op.create_table(
        "journal",
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agent_id", ID, nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.PrimaryKeyConstraint("conversation_id", "n"),
        sa.UniqueConstraint("conversation_id", "key"),
    )
    op.create_table(
        "inbox",
        sa.Column("agent_id", ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("frame", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"]),
        sa.PrimaryKeyConstraint("agent_id", "seq"),
    )
