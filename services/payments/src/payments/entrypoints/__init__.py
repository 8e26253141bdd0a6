"""Where requests and time come in: gRPC servicers and the resolver."""
