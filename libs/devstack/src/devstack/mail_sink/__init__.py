"""The sink of all mails of an embedded stack, a light process of its own."""
