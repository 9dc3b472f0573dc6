"""The lead of a run is counted, so that what an earlier leader still writes can be refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nobody has led the runs that there are."""
    op.add_column("run", sa.Column("lead", sa.Integer(), nullable=False, server_default="0"))
