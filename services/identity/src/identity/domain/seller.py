"""Sellers, the tenants of the marketplace, and who works for them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.domain.errors import (
    LastOwner,
    MemberNotFound,
    RoleRequired,
    SellerNotFound,
    TooManyMembers,
    ValidationFailed,
    Violation,
)
from identity.domain.text import line_violations

OWNER = "owner"
MANAGER = "manager"
MEMBER_ROLES = (OWNER, MANAGER, "fulfilment", "finance", "viewer")
"""What a member may be, the mightiest first."""
ACTIVE = "active"
MAX_NAME = 120
MAX_SLUG = 60
MAX_MEMBERS = 100
MAX_OPENED_PER_ACCOUNT = 50
DEFAULT_TIMEZONE = "UTC"
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_APOSTROPHES = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}`]")


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller."""

    id: UUID
    slug: str
    name: str
    country: str
    currency: str
    timezone: str
    created_at: datetime
    status: str = ACTIVE


@dataclass(frozen=True, slots=True)
class Member:
    """An account that works for a seller."""

    account_id: UUID
    email: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A membership that was made or changed, or that ended when there is no role."""

    account_id: UUID
    role: str | None


def slug_of(name: str) -> str:
    """Return a name for addresses: ASCII letters and digits of the name, joined by hyphens.

    A name without any, such as one in Arabic script, gives ``seller``.
    """
    plain = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name)).encode("ascii", "ignore")
    slug = _NOT_SLUG.sub("-", plain.decode().lower()).strip("-")
    return slug[:MAX_SLUG].strip("-") or "seller"


def is_slug(text: str) -> bool:
    """Tell whether a text can be a slug at all."""
    return _SLUG.fullmatch(text) is not None and len(text) <= 2 * MAX_SLUG


def name_violations(name: str) -> list[Violation]:
    """Return what is wrong with a seller's name."""
    return line_violations("/name", name, longest=MAX_NAME)


class Roster:
    """The members of one seller, held while one of them changes.

    Rules: only owners change it, somebody owns the seller at all times, and it is bounded.
    """

    def __init__(self, seller_id: UUID, roles: Iterable[tuple[UUID, str]]) -> None:
        self.seller_id = seller_id
        self._roles = dict(roles)
        self.change: MemberChange | None = None
        """What has to be stored; None when everything is as it was."""

    def put(self, by: UUID, account_id: UUID, role: str) -> None:
        """Add a member or change its role.

        Raises SellerNotFound, RoleRequired, ValidationFailed, LastOwner or TooManyMembers.
        """
        self._require_owner(by)
        if role not in MEMBER_ROLES:
            raise ValidationFailed([("/role", f"It must be one of {', '.join(MEMBER_ROLES)}.")])
        before = self._roles.get(account_id)
        if before == role:
            return
        if before is None and len(self._roles) >= MAX_MEMBERS:
            raise TooManyMembers
        self._keep_an_owner(account_id, role)
        self._roles[account_id] = role
        self.change = MemberChange(account_id, role)

    def remove(self, by: UUID, account_id: UUID) -> None:
        """End a membership.

        Raises SellerNotFound, RoleRequired, MemberNotFound or LastOwner.
        """
        self._require_owner(by)
        if account_id not in self._roles:
            raise MemberNotFound
        self._keep_an_owner(account_id, None)
        del self._roles[account_id]
        self.change = MemberChange(account_id, None)

    def _require_owner(self, account_id: UUID) -> None:
        role = self._roles.get(account_id)
        if role is None:
            raise SellerNotFound
        if role != OWNER:
            raise RoleRequired

    def _keep_an_owner(self, account_id: UUID, new_role: str | None) -> None:
        owners = {member for member, role in self._roles.items() if role == OWNER}
        if new_role != OWNER and owners == {account_id}:
            raise LastOwner
