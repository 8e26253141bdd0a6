"""What an operation asks of every request, said once beside its handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, Literal, TypeVar

from chassis.actor import Actor
from gateway.bodies.json_body import MAX_JSON_BYTES
from gateway.query import Parameters

Handler = TypeVar("Handler", bound=Callable[..., Any])
Scope = Literal[
    "catalog:read",
    "catalog:write",
    "orders:read",
    "orders:write",
    "payments:read",
    "payments:write",
]
"""What an API key may be allowed."""
_ATTRIBUTE = "__soko_rules__"


class Access(Enum):
    """Who may call an operation, as far as the gateway decides it."""

    PUBLIC = "public"
    """Anybody; credentials are not looked at."""
    OPTIONAL = "optional"
    """Anybody; credentials must be valid if there are any."""
    ACCOUNT = "account"
    """Accounts only."""
    SIGNATURE = "signature"
    """Whoever signed the body; the service that knows the secret verifies it."""
    TICKET = "ticket"
    """A WebSocket's ticket or guest's token, which its handler redeems."""


ADMIN = frozenset({"admin"})
STAFF = frozenset({"operator", "admin"})
"""The platform's roles that most of what is not for everybody is reserved to."""

OWNERS = frozenset({"owner"})
EDITORS = frozenset({"owner", "manager"})
SHIPPERS = frozenset({"owner", "manager", "fulfilment"})
TREASURERS = frozenset({"owner", "finance"})
REFUNDERS = frozenset({"owner", "manager", "finance"})
MEMBERS = frozenset({"owner", "manager", "fulfilment", "finance", "viewer"})
"""Roles at a seller. The service that owns the data decides; here they are only declared."""


class Key(Enum):
    """Whether an operation knows ``Idempotency-Key``."""

    NONE = "none"
    HONOURED = "honoured"
    REQUIRED = "required"


class UndeclaredAccessError(Exception):
    """A route does not say who may call it, or says what nobody enforces."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one operation, and the decorator that attaches them to its handler."""

    access: Access
    _: KW_ONLY
    roles: frozenset[str] = frozenset()
    """Platform roles that it is reserved to; refused here unless a role at a seller will do too."""
    members: frozenset[str] = frozenset()
    """Roles at the seller that it is reserved to."""
    signature: str = ""
    """The header with the signature, where access is by signature."""
    key: Key = Key.NONE
    guest_header: str = ""
    """The header with a guest's token, if guests may call: X-Cart-Token or X-Order-Token."""
    guest_required: bool = False
    """Whether a caller with neither account nor guest's token is refused with 401."""
    max_body_bytes: int = MAX_JSON_BYTES
    timeout_s: float = 4.8
    """How long the answer may take, peers included."""
    if_match: bool | None = None
    """Whether ``If-Match`` is required; None where it means nothing."""
    form: bool = False
    """Whether the body is multipart/form-data instead of JSON."""
    as_sent: bool = False
    """Whether the body is somebody else's JSON, passed on byte for byte and not looked into."""
    query: type[Parameters] | None = None
    """The query parameters that the handler reads itself with ``request.query``."""
    step_up: bool = False
    """Whether an account with a second factor must have proved itself just now."""
    scope: Scope | Literal[""] = ""
    """What an API key needs; without one the operation is closed to keys."""

    def __post_init__(self) -> None:
        if (self.roles or self.members) and self.access is not Access.ACCOUNT:
            raise UndeclaredAccessError("roles belong to accounts")
        if self.scope and self.roles and not self.members:
            raise UndeclaredAccessError("an API key has no platform role")
        if bool(self.signature) is not (self.access is Access.SIGNATURE):
            raise UndeclaredAccessError("a signature stands in a header, and is all that is needed")

    def __call__(self, handler: Handler) -> Handler:
        """Attach the rules to a handler; ``ApiRoute`` enforces and documents them."""
        setattr(handler, _ATTRIBUTE, self)
        return handler

    def refuses(self, actor: Actor) -> bool:
        """Tell whether an account lacks the role, as far as that shows without its seller."""
        return bool(self.roles) and not self.members and not actor.has_role(*self.roles)


rules = Rules
"""The decorator: ``@rules(Access.ACCOUNT, roles=STAFF)`` below the route's own."""


def rules_of(handler: object) -> Rules:
    """Return a handler's rules; raise UndeclaredAccessError without any."""
    found = getattr(handler, _ATTRIBUTE, None)
    if not isinstance(found, Rules):
        raise UndeclaredAccessError(f"{handler!r} does not say who may call it: @rules(...)")
    return found
