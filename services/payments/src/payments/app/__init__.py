"""Use cases: one command and its handler per file."""
