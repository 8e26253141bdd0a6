"""Accounts, sessions, sellers and roles."""
