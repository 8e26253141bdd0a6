"""Payments that a buyer disputes at the bank: the provider takes the money until it is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from payments.domain.ledger import LineParts

OPENED: Final = "opened"
WON: Final = "won"
LOST: Final = "lost"


@dataclass(slots=True)
class Dispute:
    """A disputed amount of a payment and what it takes of each line, in minor units."""

    id: UUID
    reference: str
    """The provider's id of it."""
    amount_minor: int
    fee_minor: int
    reason: str
    lines: tuple[LineParts, ...]
    """What each line gives; empty for money that was never divided (a late success)."""
    created_at: datetime
    status: str = OPENED

    @property
    def stands(self) -> bool:
        """Whether its amount is not ours, or may not be."""
        return self.status != WON
