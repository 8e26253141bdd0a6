"""Accounts: who somebody is here, and what they may do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from identity.domain.errors import ValidationFailed, Violation
from identity.domain.text import line_violations

BUYER = "buyer"
"""The role that every account has; it is never stored."""
GRANTABLE_ROLES = ("admin", "moderator", "operator")
ADMIN = "admin"

MAX_NAME = 120
MAX_EMAIL = 254
MAX_CLAIMED_SELLERS = 50
"""How many memberships an access token carries; services ask for the others."""
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f\"(),:;<>\[\]\\]{1,64}@[^@\s\x00-\x1f\x7f]{1,253}")
_DOMAIN_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_SCRIPT_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Membership:
    """A seller that an account works for."""

    seller_id: UUID
    slug: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account with what it may do at this moment."""

    id: UUID
    email: str
    name: str
    locale: str
    granted_roles: frozenset[str] = frozenset()
    memberships: tuple[Membership, ...] = ()
    email_verified: bool = False
    """Whether somebody who reads the address's mail said so."""
    second_factor: bool = False
    """Whether logging in takes a code besides the password."""

    @property
    def roles(self) -> list[str]:
        """All roles, sorted."""
        return sorted({BUYER, *self.granted_roles})

    @property
    def is_admin(self) -> bool:
        """Whether the account may change others' roles."""
        return ADMIN in self.granted_roles


def email_key(email: str) -> str:
    """Return what addresses are compared by: composed, in lower case, without outer space.

    Mail always goes to the address as it was registered, so two addresses that meet in one key
    can never be used to read another's mail.
    """
    return unicodedata.normalize("NFC", email.strip()).lower()


def canonical_locale(tag: str) -> str:
    """Return a BCP 47 tag in the case that RFC 5646 (2.1.1) recommends, such as ``sw-KE``."""
    language, *others = tag.split("-")
    cased = [
        part.title()
        if len(part) == _SCRIPT_LENGTH and part.isalpha()
        else part.upper()
        if len(part) == 2
        else part.lower()
        for part in others
    ]
    return "-".join([language.lower(), *cased])


def email_violations(email: str) -> list[Violation]:
    """Return what is wrong with an e-mail address; whether it exists is found out by mail only."""
    local, _, domain = email.rpartition("@")
    labels = domain.split(".")
    well_formed = (
        len(email) <= MAX_EMAIL
        and _EMAIL.fullmatch(email) is not None
        and not local.startswith(".")
        and not local.endswith(".")
        and ".." not in local
        and len(labels) > 1
        and all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
    )
    return [] if well_formed else [("/email", "This is no e-mail address.")]


def name_violations(name: str) -> list[Violation]:
    """Return what is wrong with a name."""
    return line_violations("/name", name, longest=MAX_NAME)


def locale_violations(locale: str) -> list[Violation]:
    """Return what is wrong with a locale."""
    return [] if _LOCALE.fullmatch(locale) else [("/locale", "This is no BCP 47 language tag.")]


def granted_of(roles: Collection[str]) -> frozenset[str]:
    """Return the roles that have to be stored; raises ValidationFailed for an unknown one."""
    unknown = sorted(set(roles) - {BUYER, *GRANTABLE_ROLES})
    if unknown:
        raise ValidationFailed([("/roles", f"There is no role {unknown[0][:40]!r}.")])
    return frozenset(roles) - {BUYER}
