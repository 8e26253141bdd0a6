"""Backups of an embedded stack: taken while it works, at one moment of all databases."""


class BackupError(Exception):
    """A backup cannot be made or restored; the text says why and what to do."""
