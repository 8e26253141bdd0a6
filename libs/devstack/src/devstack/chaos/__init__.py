"""Faults as tests: buyers, faults from a seeded schedule, and an audit when all is quiet."""
