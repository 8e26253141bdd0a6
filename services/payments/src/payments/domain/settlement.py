"""What providers pay out of their debt to us."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from payments.domain import postings
from payments.domain.errors import AmountInvalid, CurrencyMismatch
from payments.domain.ledger import Posting

_NAMESPACE = UUID("0b8a8f0c-6a0e-5f2c-8f0e-6c1b7e1a9d42")


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment of a provider to us; amounts in minor units."""

    id: UUID
    provider: str
    reference: str
    """The provider's id of it."""
    owed_minor: int
    """By how much its debt went down, the fee not included."""
    owed_currency: str
    fee_minor: int
    received_minor: int
    received_currency: str

    @staticmethod
    def id_of(provider: str, reference: str) -> UUID:
        """Return the id of a settlement, derived from whose it is."""
        return uuid5(_NAMESPACE, f"{provider}:{reference}")

    def check(self) -> None:
        """Raise AmountInvalid or CurrencyMismatch for amounts that cannot be."""
        if self.owed_minor < 1 or self.received_minor < 1 or self.fee_minor < 0:
            raise AmountInvalid("a settlement is of more than nothing")
        same = self.owed_currency == self.received_currency
        if same and self.owed_minor != self.received_minor:
            raise CurrencyMismatch("in one currency, what was settled is what arrived")

    @property
    def postings(self) -> list[Posting]:
        """What it does to the ledger."""
        made = [
            postings.settlement(
                self.id,
                self.provider,
                (self.owed_minor, self.owed_currency),
                (self.received_minor, self.received_currency),
            )
        ]
        if self.fee_minor:
            made.append(
                postings.provider_fee(self.id, self.provider, self.fee_minor, self.owed_currency)
            )
        return made
