from alembic import context
from sqlalchemy import MetaData

from chassis.migrations import chassis_tables, run_env

metadata = MetaData()
chassis_tables(metadata, audit_log=True)
run_env(context, metadata)
