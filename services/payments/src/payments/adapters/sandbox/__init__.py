"""The sandbox provider: a payment provider in miniature with a log of its own."""
