"""gRPC, events and jobs."""
