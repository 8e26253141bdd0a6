"""Who holds what is reserved and not paid, and how many units."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COLUMNS = """
ALTER TABLE orders ADD COLUMN holder bigint, ADD COLUMN held_units integer
"""

# A statement sees what was committed before it began, and has to see what was while it waited for
# the locks: the statements of a volatile function each look again. What is counted here cannot be
# added to before the caller's transaction ends. The plan, made while the table was small, never
# reads all of it. Give it sorted holders, so that two callers cannot wait for each other.
_UNITS_HELD = """
CREATE FUNCTION units_held(holders bigint[]) RETURNS TABLE (holder bigint, units bigint)
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(each) FROM unnest(holders) AS each;
    RETURN QUERY SELECT o.holder, sum(o.held_units) FROM orders o
        WHERE o.holder = ANY (holders) AND o.expires_at IS NOT NULL
        GROUP BY o.holder;
END
$$
"""


def upgrade() -> None:
    op.execute(_COLUMNS)
    op.execute(_UNITS_HELD)
