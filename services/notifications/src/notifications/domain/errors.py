"""Facts that stop a use case; ``kind`` and ``code`` say how callers are told."""

# ruff: noqa: N818 - errors are named for the fact that they state.

from __future__ import annotations


class NotificationNotFound(Exception):
    """There is no such notification in the caller's inbox."""

    kind = "not_found"
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such notification.")


class UnknownGroup(Exception):
    """The name is not that of a group."""

    kind = "not_found"
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such group.")


class MailRefused(Exception):
    """A mail will never be accepted, such as one to an address that does not exist."""


class MailNotWanted(Exception):
    """What a mail was to tell is no longer so, or never was: nothing is to be sent."""


class MailNotAccepted(Exception):
    """A mail was not accepted, or nobody knows whether it was; a later attempt may succeed."""


class SubjectUnavailable(Exception):
    """What a mail is about could not be fetched now."""
