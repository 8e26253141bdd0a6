"""Use cases, one per file, and the ports that they need."""
