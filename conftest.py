"""Fixtures for every test: real PostgreSQL and NATS from the embedded stack."""

# The folder gateway/ would otherwise be taken for the package of that name, because its tests are
# imported as gateway.tests by their place in the repository.
import gateway  # noqa: F401

pytest_plugins = ["devstack.testing"]
