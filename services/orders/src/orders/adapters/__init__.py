"""What the use cases need of the world: PostgreSQL and the peers."""
