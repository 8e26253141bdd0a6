"""Use cases, one per file, and what they need from outside."""
