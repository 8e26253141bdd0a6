"""Stand-ins for payment providers that keep their documented wire shapes; for tests."""
