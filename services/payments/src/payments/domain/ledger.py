"""Double entry: every posting moves money between accounts and sums to zero per currency.

A debit is positive, a credit negative. The functions below say which event debits and credits which
accounts; the platform acts as the sellers' agent, so that what they earn is owed to them from the
moment of capture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from payments.domain.errors import LedgerUnbalanced
from payments.domain.splits import Split

PLATFORM = "platform"
_NAMESPACE = UUID("6f1b1a52-6b0e-5b38-9d0c-6c1a5f6f3c11")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose money of which kind; there is at most one account of each."""

    kind: str
    owner: str
    currency: str

    @property
    def id(self) -> UUID:
        """The account's id, derived from what it is: nobody has to look it up or take a lock."""
        return uuid5(_NAMESPACE, f"account:{self.kind}:{self.owner}:{self.currency}")


@dataclass(frozen=True, slots=True)
class Posting:
    """One ledger transaction: amounts in minor units per account, zero in sum per currency."""

    event: str
    reference: UUID
    """What it is about: the payment or the refund."""
    entries: tuple[tuple[Account, int], ...]

    @property
    def id(self) -> UUID:
        """The transaction's id, derived: posting the same event twice hits the same key."""
        return uuid5(_NAMESPACE, f"{self.event}:{self.reference}")


@dataclass(frozen=True, slots=True)
class LineParts:
    """What a refund takes back of one line, in minor units."""

    line_id: str
    seller_id: str
    quantity: int
    seller_minor: int
    tax_minor: int
    duty_minor: int
    promo_minor: int

    @property
    def amount_minor(self) -> int:
        """What the buyer gets back for the line."""
        return self.seller_minor + self.tax_minor + self.duty_minor - self.promo_minor


def posting(event: str, reference: UUID, sides: Iterable[tuple[Account, int]]) -> Posting:
    """Return a posting with one entry per account and none of zero.

    Raises LedgerUnbalanced when the entries of a currency do not sum to zero.
    """
    sums: Counter[Account] = Counter()
    for account, amount_minor in sides:
        sums[account] += amount_minor
    per_currency: Counter[str] = Counter()
    for account, amount_minor in sums.items():
        per_currency[account.currency] += amount_minor
    if any(per_currency.values()):
        raise LedgerUnbalanced(f"{event} of {reference} does not balance: {dict(per_currency)}")
    return Posting(event, reference, tuple((a, m) for a, m in sums.items() if m))


def capture(payment_id: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post that the provider owes us what the buyer paid."""
    return posting(
        "capture",
        payment_id,
        (
            (Account("provider_receivable", provider, currency), amount_minor),
            (Account("buyer_clearing", PLATFORM, currency), -amount_minor),
        ),
    )


def split(payment_id: UUID, splits: Sequence[Split], currency: str) -> Posting:
    """Post whose the captured money is."""
    sides: list[tuple[Account, int]] = []
    for line in splits:
        sides += (
            (Account("buyer_clearing", PLATFORM, currency), line.amount_minor),
            (Account("promo_expense", PLATFORM, currency), line.promo_minor),
            (Account("seller_pending", line.seller_id, currency), -line.seller_minor),
            (Account("tax_payable", PLATFORM, currency), -line.tax_minor),
            (Account("duty_payable", PLATFORM, currency), -line.duty_minor),
        )
    return posting("split", payment_id, sides)


def late_success(refund_id: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post that money of a cancelled order, which nobody else has a part in, is on its way back."""
    return posting(
        "late_success",
        refund_id,
        (
            (Account("buyer_clearing", PLATFORM, currency), amount_minor),
            (Account("refund_in_transit", provider, currency), -amount_minor),
        ),
    )


def refund_requested(
    refund_id: UUID, provider: str, lines: Sequence[LineParts], currency: str
) -> Posting:
    """Post that those who earned a part give it back; a seller's balance may go below zero."""
    sides: list[tuple[Account, int]] = []
    for line in lines:
        sides += (
            (Account("seller_pending", line.seller_id, currency), line.seller_minor),
            (Account("tax_payable", PLATFORM, currency), line.tax_minor),
            (Account("duty_payable", PLATFORM, currency), line.duty_minor),
            (Account("promo_expense", PLATFORM, currency), -line.promo_minor),
            (Account("refund_in_transit", provider, currency), -line.amount_minor),
        )
    return posting("refund_requested", refund_id, sides)


def refund_succeeded(refund_id: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post that the provider paid the refund out of what it owes us."""
    return posting(
        "refund_succeeded",
        refund_id,
        (
            (Account("refund_in_transit", provider, currency), amount_minor),
            (Account("provider_receivable", provider, currency), -amount_minor),
        ),
    )


def refund_failed(request: Posting) -> Posting:
    """Post the reverse of a refund's request."""
    return posting(
        "refund_failed", request.reference, ((a, -minor) for a, minor in request.entries)
    )
