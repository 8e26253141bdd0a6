"""Indexes by time, for comparing a period with a provider's report."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Not CONCURRENTLY: that waits for every older transaction, and a second process that migrates holds
# one open while it waits for ours. Entries are never changed and stand in the order of their time,
# so that a block range index of them is built by one pass and costs a capture next to nothing.
_INDEXES = """
CREATE INDEX ledger_entry_created_at ON ledger_entry USING brin (created_at)
    WITH (autosummarize = on);

CREATE INDEX refund_succeeded_at ON refund (updated_at) WHERE status = 'succeeded';
"""


def upgrade() -> None:
    op.execute(_INDEXES)
