"""What an operation asks of every request, said once beside its handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from gateway.bodies.json_body import MAX_JSON_BYTES
from gateway.query import Parameters

Handler = TypeVar("Handler", bound=Callable[..., Any])
_ATTRIBUTE = "__soko_rules__"


class Access(Enum):
    """Who may call an operation, as far as the gateway decides it."""

    PUBLIC = "public"
    """Anybody; credentials are not looked at."""
    OPTIONAL = "optional"
    """Anybody; credentials must be valid if there are any."""
    ACCOUNT = "account"
    """Accounts only."""


class Key(Enum):
    """Whether an operation knows ``Idempotency-Key``."""

    NONE = "none"
    HONOURED = "honoured"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one operation."""

    access: Access = Access.PUBLIC
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


_DEFAULT = Rules()


def rules(
    access: Access = Access.PUBLIC,
    *,
    key: Key = Key.NONE,
    guest_header: str = "",
    guest_required: bool = False,
    max_body_bytes: int = MAX_JSON_BYTES,
    timeout_s: float = 4.8,
    if_match: bool | None = None,
    form: bool = False,
    as_sent: bool = False,
    query: type[Parameters] | None = None,
    step_up: bool = False,
) -> Callable[[Handler], Handler]:
    """Attach rules to a handler; ``ApiRoute`` enforces and documents them."""

    def attach(handler: Handler) -> Handler:
        setattr(
            handler,
            _ATTRIBUTE,
            Rules(
                access,
                key,
                guest_header,
                guest_required,
                max_body_bytes,
                timeout_s,
                if_match,
                form,
                as_sent,
                query,
                step_up,
            ),
        )
        return handler

    return attach


def rules_of(handler: Callable[..., Any]) -> Rules:
    """Return a handler's rules; without any, it is public."""
    found = getattr(handler, _ATTRIBUTE, _DEFAULT)
    return found if isinstance(found, Rules) else _DEFAULT
