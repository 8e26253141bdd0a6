"""Alembic's entry for this service's tables."""

from __future__ import annotations

from alembic import context

from catalog.adapters.tables import metadata
from chassis.migrations import run_env

run_env(context, metadata)
