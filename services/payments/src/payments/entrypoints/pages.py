"""How long pages are."""

from __future__ import annotations

from chassis.errors import invalid

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100


def limit_of(asked: int) -> int:
    """Return a page's length; raises ServiceError ``limit_invalid`` for one out of bounds."""
    if not 0 <= asked <= _MAX_LIMIT:
        raise invalid("limit_invalid", f"A page holds 1 to {_MAX_LIMIT} items.")
    return asked or _DEFAULT_LIMIT
