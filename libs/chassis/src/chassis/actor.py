"""Who is calling."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from chassis.errors import forbidden, insufficient_scope, unauthenticated

_STAFF: Final = ("operator", "admin")


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller of a request: a guest, an account or one of our own services."""

    kind: Literal["guest", "account", "service"] = "guest"
    account_id: str = ""
    """TypeID of the account; empty unless kind is ``account``."""
    session_id: str = ""
    """TypeID of the session, or of the API key, that the access token belongs to."""
    roles: frozenset[str] = frozenset()
    memberships: Mapping[str, str] = field(default_factory=dict)
    """Role per tenant id, as the access token said when it was signed."""
    service: str = ""
    """Name of the calling service; empty unless kind is ``service``."""
    second_factor: bool = False
    """Whether the account logs in with a second factor, as the access token said."""
    stepped_up_until: float = 0.0
    """Unix time, in seconds, up to which the account proved itself once more."""
    scopes: frozenset[str] | None = None
    """What an API key lets its account do; None for a session, which is not narrowed."""

    def require_account(self) -> str:
        """Return the account's id; raise ServiceError ``unauthenticated`` for anyone else."""
        if self.kind != "account":
            raise unauthenticated()
        return self.account_id

    def has_role(self, *roles: str) -> bool:
        """Tell whether the account has any of the roles."""
        return not self.roles.isdisjoint(roles)

    def require_role(self, *roles: str) -> None:
        """Raise ``unauthenticated`` for a guest and ``forbidden`` for one without the roles."""
        self.require_account()
        if not self.has_role(*roles):
            raise forbidden()

    @property
    def is_staff(self) -> bool:
        """Whether the account is an operator's or an admin's."""
        return self.has_role(*_STAFF)

    def require_staff(self) -> None:
        """Raise ``unauthenticated`` for a guest and ``forbidden`` for who is no staff."""
        self.require_role(*_STAFF)

    def require_step_up(self) -> None:
        """Raise ``forbidden`` (``step_up_required``) unless the account proved itself just now.

        Only accounts with a second factor are asked. Whoever moves money or makes lasting
        credentials calls this besides deciding who may.
        """
        if self.second_factor and self.stepped_up_until <= time.time():
            raise forbidden("step_up_required", "Prove once more that it is you, then try again.")

    def require_scope(self, scope: str) -> None:
        """Raise ``forbidden`` for an API key without the scope; no key has an empty one."""
        if self.scopes is not None and scope not in self.scopes:
            raise insufficient_scope()

    def require_service(self) -> None:
        """Raise ServiceError ``forbidden`` unless one of our own services calls."""
        if self.kind != "service":
            raise forbidden()


GUEST = Actor()
