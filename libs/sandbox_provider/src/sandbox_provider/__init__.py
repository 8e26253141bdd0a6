"""A payment provider in miniature, a process of its own with a log of its own."""
