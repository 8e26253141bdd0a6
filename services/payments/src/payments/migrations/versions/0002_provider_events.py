"""What providers tell: their own ids of attempts, and the webhooks that they sent."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ATTEMPT = """
ALTER TABLE attempt
    ADD COLUMN reference text NOT NULL DEFAULT '',
    ADD COLUMN action_url text NOT NULL DEFAULT '';

CREATE INDEX attempt_reference ON attempt (reference) WHERE reference <> '';
"""

# An event without a handled_at was not applied yet; next_try_at says when somebody tries again.
_PROVIDER_EVENT = """
CREATE TABLE provider_event (
    id uuid PRIMARY KEY,
    provider text NOT NULL,
    event_id text NOT NULL,
    kind text NOT NULL,
    attempt_id uuid,
    reference text NOT NULL,
    details jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    next_try_at timestamptz,
    tries integer NOT NULL,
    handled_at timestamptz,
    CONSTRAINT provider_event_provider_event_id_key UNIQUE (provider, event_id)
);

CREATE INDEX provider_event_next_try_at ON provider_event (next_try_at)
    WHERE next_try_at IS NOT NULL;
CREATE INDEX provider_event_attempt_id ON provider_event (attempt_id)
    WHERE attempt_id IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_ATTEMPT)
    op.execute(_PROVIDER_EVENT)
