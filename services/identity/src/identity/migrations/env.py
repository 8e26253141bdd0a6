"""Where alembic starts: the tables of identity."""

from __future__ import annotations

from alembic import context

from chassis.migrations import run_env
from identity.adapters.tables import metadata

run_env(context, metadata)
