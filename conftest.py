"""Fixtures for every test: real PostgreSQL and NATS from the embedded stack."""

import os

# The folder gateway/ would otherwise be taken for the package of that name, because its tests are
# imported as gateway.tests by their place in the repository.
import gateway  # noqa: F401

# ./soko test --containers: they need a Docker engine, which is started if need be.
collect_ignore = [] if os.environ.get("SOKO_CONTAINER_TESTS") else ["tests/deploy/containers"]

pytest_plugins = ["devstack.testing"]
