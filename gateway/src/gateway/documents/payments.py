"""Payments, refunds and the ledger."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from gateway.documents.values import Document, Money


class Attempt(Document):
    """One try at the provider."""

    id: str
    status: str
    code: str | None = None
    created_at: datetime


class Payment(Document):
    """A payment of an order."""

    id: str
    order_id: str
    provider: str
    status: str
    amount: Money
    captured: Money
    refunded: Money
    attempts: list[Attempt]
    created_at: datetime


class Payments(Document):
    """The payments of an order."""

    items: list[Payment]


class Received(Document):
    """A webhook was taken."""

    received: bool


class PaymentMethod(Document):
    """A way to pay."""

    type: str
    name: str


class PaymentMethods(Document):
    """The ways to pay."""

    items: list[PaymentMethod]


class Refund(Document):
    """A refund."""

    id: str
    order_id: str
    amount: Money
    status: str = Field(description="pending, succeeded, failed")
    reason: str
    created_at: datetime


class LedgerAccount(Document):
    """An account of the ledger."""

    id: str
    kind: str
    owner: str
    currency: str
    balance: Money = Field(description="Debits minus credits")


class LedgerAccounts(Document):
    """A page of ledger accounts."""

    items: list[LedgerAccount]
    next_cursor: str | None


class LedgerAccountName(Document):
    """The account of an entry."""

    id: str
    kind: str
    owner: str


class LedgerEntry(Document):
    """One side of a transaction; a positive amount is a debit."""

    id: str
    transaction_id: str
    event: str
    account: LedgerAccountName
    amount: Money
    order_id: str | None = None
    created_at: datetime


class LedgerEntries(Document):
    """A page of ledger entries."""

    items: list[LedgerEntry]
    next_cursor: str | None


class CurrencyBalance(Document):
    """What a seller has in one currency."""

    pending: Money = Field(description="Earned, but not delivered yet or just now")
    available: Money = Field(description="May be paid out; below zero after late refunds")
    reserved: Money = Field(description="Held until disputes are decided")
    in_transit: Money = Field(description="On its way to the seller")


class SellerBalance(CurrencyBalance):
    """What a seller has: in its own currency, and in others."""

    seller_id: str
    others: list[CurrencyBalance]


class Payout(Document):
    """Money that goes to a seller."""

    id: str
    seller_id: str
    amount: Money
    status: str = Field(description="requested, paid, failed")
    failure: str | None = None
    created_at: datetime
    updated_at: datetime


class Payouts(Document):
    """A page of payouts."""

    items: list[Payout]
    next_cursor: str | None


class Dispute(Document):
    """Money that a buyer disputes at the bank."""

    id: str
    order_id: str
    reference: str
    status: str = Field(description="opened, won, lost")
    amount: Money
    fee: Money
    reason: str | None = None
    created_at: datetime


class Settlement(Document):
    """A payment of a provider, noted in the books."""

    id: str


class CommissionRule(Document):
    """A commission in basis points; without seller or category it is for any."""

    id: str
    seller_id: str | None = None
    category_id: str | None = None
    rate_bps: int
    tax_bps: int


class CommissionRules(Document):
    """The commission rules."""

    items: list[CommissionRule]
    next_cursor: str | None


class Difference(Document):
    """A capture or refund on which the books and a provider disagree."""

    kind: str = Field(description="missing_here, missing_there, amount_differs, status_differs")
    movement: str = Field(description="capture, refund")
    movement_id: str | None = Field(default=None, description="The provider's id of it")
    order_id: str | None = None
    subject_id: str | None = Field(default=None, description="Our attempt or refund")
    ours: Money | None = None
    theirs: Money | None = None
    status: str | None = Field(default=None, description="How it stands with us")


class Reconciliation(Document):
    """What a comparison with a provider's report found."""

    since: datetime
    until: datetime = Field(description="End of what was looked at")
    checked: dict[str, int] = Field(description="How many of `theirs` and of `ours`")
    complete: bool = Field(description="False when there are more differences than these")
    items: list[Difference]
