"""What calls the use cases: gRPC, events and background jobs."""
