"""How the world reaches the use cases: gRPC, events and background work."""
