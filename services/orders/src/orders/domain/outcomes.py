"""What peers answered, or did not: the saga's only inputs from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer that can be trusted: it may have happened or not, so ask again."""

    why: str = ""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Reserved:
    """Catalog holds the stock of all lines."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A peer's final no, with what the buyer is to be told."""

    kind: str
    code: str
    detail: str
    extra: Mapping[str, object] = field(default_factory=dict)


ReserveOutcome = Reserved | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Paid:
    """The payment stands; ``status`` is the payment status: none means cash on delivery."""

    status: str
    payment_id: str


@dataclass(frozen=True, slots=True)
class PaymentPending:
    """The buyer must act."""

    payment_id: str
    action_type: str
    action_url: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider refused: declined, insufficient_funds, ..."""

    reason: str
    payment_id: str = ""


AuthorizeOutcome = Paid | PaymentPending | Declined | Refused | Unknown

CaptureOutcome = Literal["captured", "failed", "not_required", "deferred", "unknown"]
"""What became of the money; deferred: it was not asked for yet, the first shipment does so."""

CapturePolicy = Literal["at_confirm", "at_first_shipment"]
"""When an authorized payment is captured, each in full and once."""


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """A payment's status as an event told it."""

    order_id: str
    payment_id: str
    status: str
    reason: str
    sequence: int
    """The event's place among those of its payment, from 1: older news changes nothing."""
    goes_back: bool = False
    """Whether nobody may keep what was taken."""
