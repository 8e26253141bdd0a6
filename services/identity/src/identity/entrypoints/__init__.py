"""The gRPC services and the background work."""
