"""How long pages are, and where they go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from chassis.cursors import CursorCodec
from chassis.errors import invalid

_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100


def limit_of(asked: int) -> int:
    """Return a page's length; raises ServiceError ``limit_invalid`` for one out of bounds."""
    if not 0 <= asked <= _MAX_LIMIT:
        raise invalid("limit_invalid", f"A page holds 1 to {_MAX_LIMIT} items.")
    return asked or _DEFAULT_LIMIT


class Identified(Protocol):
    """Something in a list."""

    @property
    def id(self) -> UUID:
        """What a cursor names."""
        ...


class Pages:
    """The cursors of one kind of list; ``filters`` is what the list was asked for."""

    def __init__(self, cursors: CursorCodec, kind: str) -> None:
        self._cursors = cursors
        self._kind = kind

    def position(self, filters: str, cursor: str) -> UUID | None:
        """Return the id after which a page begins, None for the first; raises invalid_cursor."""
        if not cursor:
            return None
        return UUID(str(self._cursors.decode(self._kind, filters, cursor)[0]))

    def next_cursor(self, filters: str, found: Sequence[Identified], limit: int) -> str:
        """Return the next page's cursor if more than ``limit`` things were found, else nothing."""
        if len(found) <= limit:
            return ""
        return self._cursors.encode(self._kind, filters, [str(found[limit - 1].id)])
