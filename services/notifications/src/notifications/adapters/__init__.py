"""PostgreSQL, gRPC peers, NATS, SMTP and templates behind the ports."""
