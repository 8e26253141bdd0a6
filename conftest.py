"""Fixtures for every test: real PostgreSQL and NATS from the embedded stack."""

pytest_plugins = ["devstack.testing"]
