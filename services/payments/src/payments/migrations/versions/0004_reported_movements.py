"""What providers report of themselves, while it is compared with the books."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Unlogged: what a crash loses is reported again.
_MOVEMENTS = """
CREATE UNLOGGED TABLE reported_movement (
    run uuid NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    movement_id text NOT NULL,
    subject_id uuid,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT reported_movement_pkey PRIMARY KEY (run, number)
);

CREATE INDEX reported_movement_subject_id ON reported_movement (run, kind, subject_id);
"""


def upgrade() -> None:
    op.execute(_MOVEMENTS)
