"""Array parameters of hot statements."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID


def array_literal(values: Iterable[UUID | int | str]) -> str:
    """Return an array literal of ids, numbers or codes; DANGER: of nothing that needs quotes.

    The statement casts it (``%(ids)s::uuid[]``). psycopg looks at every element of a list to find
    its type: for the seven arrays of a reservation that costs more than the rest of the call.
    """
    return "{" + ",".join(map(str, values)) + "}"
