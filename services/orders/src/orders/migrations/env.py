"""Alembic's entry to the orders' schema."""

from alembic import context

from chassis.migrations import run_env
from orders.adapters.tables import metadata

run_env(context, metadata)
