"""Alembic's entry for this service's tables."""

from __future__ import annotations

from alembic import context

from chassis.migrations import run_env
from notifications.adapters.tables import metadata

run_env(context, metadata)
