"""What the ports stand for: PostgreSQL, the providers, identity."""
