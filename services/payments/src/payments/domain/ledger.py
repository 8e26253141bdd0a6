"""Double entry: every posting moves money between accounts and sums to zero per currency.

A debit is positive, a credit negative. Which event debits and credits which accounts is said in
``postings``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5

from payments.domain.errors import LedgerUnbalanced

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
    """What it is about: the payment, the refund, the payout, ..."""
    entries: tuple[tuple[Account, int], ...]

    @property
    def id(self) -> UUID:
        """The transaction's id, derived: posting the same event twice hits the same key."""
        return uuid5(_NAMESPACE, f"{self.event}:{self.reference}")


@dataclass(frozen=True, slots=True)
class LineParts:
    """What a refund or a dispute takes back of one line, in minor units."""

    line_id: str
    seller_id: str
    quantity: int
    seller_minor: int
    """The seller's part, commission included."""
    tax_minor: int
    duty_minor: int
    promo_minor: int
    released: bool = False
    """Whether the seller's part had been released: then its commission comes back too."""
    commission_minor: int = 0
    commission_tax_minor: int = 0

    @property
    def amount_minor(self) -> int:
        """What the buyer gets back for the line."""
        return self.seller_minor + self.tax_minor + self.duty_minor - self.promo_minor

    @property
    def net_minor(self) -> int:
        """What the seller itself gives of it."""
        return self.seller_minor - self.commission_minor - self.commission_tax_minor


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
