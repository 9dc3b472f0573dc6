"""The outbox by kind: what waits and a provider does not send is not looked at again and again."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Put the kind into the index of a run's outbox."""
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_index("outbox_of_run")
        outbox.create_index("outbox_of_run", ["run_id", "state", "kind", "id"], unique=False)
