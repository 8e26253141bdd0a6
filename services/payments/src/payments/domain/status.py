"""The payment's state machine, as one table; anything that is not in it raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from payments.domain.errors import IllegalTransition

NONE: Final = "none"
AUTHORIZED: Final = "authorized"
CAPTURED: Final = "captured"
PARTIALLY_REFUNDED: Final = "partially_refunded"
REFUNDED: Final = "refunded"
FAILED: Final = "failed"
VOIDED: Final = "voided"
CHARGED_BACK: Final = "charged_back"

TRANSITIONS: Final[Mapping[str, frozenset[str]]] = {
    NONE: frozenset({AUTHORIZED, CAPTURED, FAILED, VOIDED}),
    AUTHORIZED: frozenset({CAPTURED, VOIDED, FAILED}),
    CAPTURED: frozenset({PARTIALLY_REFUNDED, REFUNDED, CHARGED_BACK}),
    PARTIALLY_REFUNDED: frozenset({PARTIALLY_REFUNDED, REFUNDED, CHARGED_BACK}),
    CHARGED_BACK: frozenset({CAPTURED, PARTIALLY_REFUNDED}),
    # A provider may find money after it said that there is none.
    FAILED: frozenset({CAPTURED}),
    VOIDED: frozenset({CAPTURED}),
    REFUNDED: frozenset(),
}

HOLDS_CAPTURED_MONEY: Final = frozenset({CAPTURED, PARTIALLY_REFUNDED, CHARGED_BACK, REFUNDED})
"""The statuses of a payment that was captured at some time."""


def move(current: str, wanted: str) -> str:
    """Return ``wanted``; raise IllegalTransition when the table does not lead there."""
    if wanted not in TRANSITIONS[current]:
        raise IllegalTransition(current, wanted)
    return wanted
