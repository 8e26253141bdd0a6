"""What the use cases need, on PostgreSQL, Argon2 and Ed25519."""
