"""Deliveries of mail: each ends succeeded or dead, and never gets lost in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

PENDING = "pending"
SUCCEEDED = "succeeded"
DEAD = "dead"
DROPPED = "dropped"
"""No status of a row: the row is gone, because nobody wants the mail any more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail that is to be sent, claimed for one attempt."""

    id: UUID
    kind: str
    order_id: str
    """Empty for a mail that is about no order."""
    account_id: str
    params: Mapping[str, object]
    attempts: int
    """How often it was claimed, this attempt included."""
    traceparent: str = ""
    """The trace of the event that asked for it."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait for the next attempt, and when to give up.

    Delays grow fourfold: with the defaults 5 s, 20 s, 80 s, ... capped at six hours, the tenth and
    last attempt comes about a day after the first.
    """

    max_attempts: int = 10
    base_s: float = 5.0
    factor: float = 4.0
    cap_s: float = 6 * 3600.0

    def exhausted(self, attempts: int) -> bool:
        """Tell whether no further attempt may follow this many."""
        return attempts >= self.max_attempts

    def delay_s(self, attempts: int, spread: float) -> float:
        """Return the seconds until the attempt after this many.

        ``spread`` from 0 to 1 moves the delay by up to a fifth either way, so that mails that
        failed together do not come back together.
        """
        delay = min(self.cap_s, self.base_s * self.factor ** (attempts - 1))
        return delay * (0.8 + 0.4 * spread)


def message_id(delivery_id: UUID, domain: str) -> str:
    """Return the Message-ID (RFC 5322, 3.6.4) of every attempt to send one delivery.

    An attempt whose answer was lost may have arrived; mail systems know the next one as the same.
    """
    return f"<{delivery_id}@{domain}>"
