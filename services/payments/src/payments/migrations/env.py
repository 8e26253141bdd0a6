"""Alembic's entry to the payments' schema."""

from alembic import context

from chassis.migrations import run_env
from payments.adapters.tables import metadata

run_env(context, metadata)
