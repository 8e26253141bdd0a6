"""Identities that people have at other issuers, and how they lead into an account."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from identity.domain.account import (
    MAX_NAME,
    canonical_locale,
    email_violations,
    locale_violations,
    name_violations,
)
from identity.domain.errors import EmailNotVerified, IdentityNotLinked, LastLoginMethod

ATTEMPT_LIFE = timedelta(minutes=10)
"""How long somebody may take at the provider's page."""
_NOT_NAMES = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """Somebody at an issuer. Issuer and subject say who; the rest is for people to read."""

    issuer: str
    subject: str
    provider: str
    email: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """What an issuer says of whoever has just logged in there."""

    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    locale: str = ""

    def require_verified_email(self) -> str:
        """Return the address that a new account gets.

        Raises EmailNotVerified when the issuer does not vouch for it: otherwise whoever typed
        somebody else's address there would own that person's account here.
        """
        email = self.email.strip()
        if not self.email_verified or email_violations(email):
            raise EmailNotVerified
        return email

    def name_to_show(self) -> str:
        """Return the person's name without what a name may not have, or else the address's."""
        names = (_cleaned(text) for text in (self.name, self.email.partition("@")[0]))
        return next((name for name in names if not name_violations(name)), "-")

    def locale_or(self, *others: str) -> str:
        """Return the first language tag that is one; the last of the others always is."""
        known = [tag for tag in (self.locale, *others) if tag and not locale_violations(tag)]
        return canonical_locale(known[0])


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login or a link that was begun: whoever knows both secrets, here hashed, may end it."""

    state_hash: bytes
    client_hash: bytes
    issuer: str
    account_id: UUID | None = None
    """The account to link to; None for a login."""


@dataclass(slots=True)
class WaysIn:
    """How an account can be logged in to, held while one of the ways ends."""

    has_password: bool
    identities: Sequence[ExternalIdentity]
    ended: ExternalIdentity | None = field(default=None, init=False)
    """The link that has to be deleted; None when everything is as it was."""

    def unlink(self, provider: str, usable: Collection[str]) -> None:
        """End a link; ``usable`` are the issuers that logins work with at present.

        Raises IdentityNotLinked, or LastLoginMethod when nobody could log in any more.
        """
        found = next((each for each in self.identities if each.provider == provider), None)
        if found is None:
            raise IdentityNotLinked
        others = [each for each in self.identities if each is not found]
        if not self.has_password and not any(each.issuer in usable for each in others):
            raise LastLoginMethod
        self.ended = found


def _cleaned(text: str) -> str:
    line = "".join(
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in _NOT_NAMES.sub("", text)
    )
    return " ".join(line.split())[:MAX_NAME].strip()
