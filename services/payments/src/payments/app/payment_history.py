"""What is told of a payment's past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened to a payment."""

    at: datetime
    name: str
    """attempt, refund, or an event's name."""
    status: str
    detail: Mapping[str, str]
    trace_id: str = ""
    """32 hex digits; empty for the trace that the order was placed in."""


class PaymentHistory(Protocol):
    """What is stored of payments, in the order in which it happened."""

    async def of_order(self, order_id: UUID) -> Sequence[Told]:
        """Return attempts, refunds and events of an order's payment, oldest first."""
        ...
