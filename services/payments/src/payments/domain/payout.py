"""Money that goes to a seller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from payments.domain import postings
from payments.domain.ledger import Posting

REQUESTED: Final = "requested"
PAID: Final = "paid"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout; the amount in minor units. requested becomes paid or failed, and stays so."""

    id: UUID
    seller_id: str
    amount_minor: int
    currency: str
    status: str
    failure: str
    created_at: datetime
    updated_at: datetime

    @property
    def requested(self) -> Posting:
        """The posting of its request."""
        return postings.payout_requested(self.id, self.seller_id, self.amount_minor, self.currency)

    @property
    def outcome(self) -> Posting:
        """The posting of its end."""
        if self.status == PAID:
            return postings.payout_paid(self.id, self.seller_id, self.amount_minor, self.currency)
        return postings.payout_failed(self.requested)
