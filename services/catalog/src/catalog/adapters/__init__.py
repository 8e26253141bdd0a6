"""PostgreSQL, the object store and identity, behind the ports of ``catalog.app``."""
