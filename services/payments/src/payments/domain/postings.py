"""The one place that says which event debits and credits which accounts.

The platform acts as the sellers' agent: what they earn is owed to them from the moment of capture.
Amounts are in minor units; a debit is positive, a credit negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID, uuid5

from payments.domain.ledger import PLATFORM, Account, LineParts, Posting, posting
from payments.domain.splits import Split

CASH: Final = "cash_on_delivery"
"""The provider of payments whose money the courier collects."""

Sides = list[tuple[Account, int]]

REFUNDABLE: Final[frozenset[tuple[str, str]]] = frozenset(
    {
        ("capture", "provider_receivable"),
        ("cash_collected", "cod_receivable"),
        ("late_success", "refund_in_transit"),
        ("refund_requested", "refund_in_transit"),
        ("refund_failed", "refund_in_transit"),
        ("dispute_hold", "seller_reserve"),
        ("dispute_released", "seller_reserve"),
    }
)
"""The entries, by event and kind of account, that sum to what may still go back to a buyer."""


def refundable_effect(made: Posting) -> int:
    """Return by how much a posting changes what may still go back to the buyer."""
    return sum(
        amount for account, amount in made.entries if (made.event, account.kind) in REFUNDABLE
    )


def receivable(provider: str, currency: str) -> Account:
    """Return what a provider, or the couriers who collect cash, owe us."""
    kind = "cod_receivable" if provider == CASH else "provider_receivable"
    return Account(kind, provider, currency)


def capture(payment_id: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post that the provider owes us what the buyer paid."""
    return _move(
        "capture", payment_id, receivable(provider, currency), _clearing(currency), amount_minor
    )


def split(payment_id: UUID, splits: Sequence[Split], currency: str) -> Posting:
    """Post whose the captured money is."""
    sides: Sides = []
    for line in splits:
        sides += (
            (_clearing(currency), line.amount_minor),
            (Account("promo_expense", PLATFORM, currency), line.promo_minor),
            (Account("seller_pending", line.seller_id, currency), -line.seller_minor),
            (Account("tax_payable", PLATFORM, currency), -line.tax_minor),
            (Account("duty_payable", PLATFORM, currency), -line.duty_minor),
        )
    return posting("split", payment_id, sides)


def cash_collected(
    payment_id: UUID, seller_order_id: str, splits: Sequence[Split], currency: str
) -> tuple[Posting, Posting]:
    """Post that the courier has a seller order's cash for us, and whose it is."""
    reference = uuid5(payment_id, seller_order_id)
    amount_minor = sum(line.amount_minor for line in splits)
    collected = _move(
        "cash_collected", reference, receivable(CASH, currency), _clearing(currency), amount_minor
    )
    return collected, split(reference, splits, currency)


def commission(reference: UUID, lines: Iterable[LineParts], currency: str) -> Posting:
    """Post that sellers may have their part, and that the platform earned its commission."""
    sides: Sides = []
    for line in lines:
        sides += (
            (Account("seller_pending", line.seller_id, currency), line.seller_minor),
            (Account("commission_revenue", PLATFORM, currency), -line.commission_minor),
            (Account("commission_tax", PLATFORM, currency), -line.commission_tax_minor),
            (Account("seller_available", line.seller_id, currency), -line.net_minor),
        )
    return posting("commission", reference, sides)


def late_success(refund_id: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post that money of a cancelled order, which nobody else has a part in, is on its way back."""
    in_transit = Account("refund_in_transit", provider, currency)
    return _move("late_success", refund_id, _clearing(currency), in_transit, amount_minor)


def refund_requested(
    refund_id: UUID, provider: str, lines: Sequence[LineParts], currency: str
) -> Posting:
    """Post that those who earned a part give it back; a seller's balance may go below zero."""
    sides = _given_back(lines, currency)
    in_transit = Account("refund_in_transit", provider, currency)
    sides += ((in_transit, -line.amount_minor) for line in lines)
    return posting("refund_requested", refund_id, sides)


def refund_succeeded(refund_id: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post that the provider paid the refund out of what it owes us."""
    in_transit = Account("refund_in_transit", provider, currency)
    paid_by = receivable(provider, currency)
    return _move("refund_succeeded", refund_id, in_transit, paid_by, amount_minor)


def refund_failed(request: Posting) -> Posting:
    """Post the reverse of a refund's request."""
    return _reverse("refund_failed", request)


def dispute_opened(
    dispute_id: UUID, provider: str, amount_minor: int, fee_minor: int, currency: str
) -> Posting:
    """Post that the provider took a disputed amount back, and its fee."""
    sides: Sides = [
        (Account("dispute_receivable", provider, currency), amount_minor),
        (Account("dispute_fees", provider, currency), fee_minor),
        (receivable(provider, currency), -amount_minor - fee_minor),
    ]
    return posting("dispute_opened", dispute_id, sides)


def dispute_hold(dispute_id: UUID, lines: Sequence[LineParts], currency: str) -> Posting:
    """Post that what a refund would take from everybody is held until the dispute is decided."""
    sides = _given_back(lines, currency)
    sides += (
        (Account("seller_reserve", line.seller_id, currency), -line.amount_minor) for line in lines
    )
    return posting("dispute_hold", dispute_id, sides)


def late_dispute_hold(dispute_id: UUID, amount_minor: int, currency: str) -> Posting:
    """Post that money of a cancelled order, which nobody has a part in, is held."""
    reserve = Account("seller_reserve", PLATFORM, currency)
    return _move("dispute_hold", dispute_id, _clearing(currency), reserve, amount_minor)


def dispute_lost(dispute_id: UUID, provider: str, hold: Posting, currency: str) -> Posting:
    """Post that what was held is gone: it pays what the provider took."""
    held: Sides = [
        (account, -minor) for account, minor in hold.entries if account.kind == "seller_reserve"
    ]
    amount_minor = sum(minor for _, minor in held)
    receivable_back = (Account("dispute_receivable", provider, currency), -amount_minor)
    return posting("dispute_lost", dispute_id, [*held, receivable_back])


def dispute_won(dispute_id: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post that the provider owes us the disputed amount again; its fee it keeps."""
    disputed = Account("dispute_receivable", provider, currency)
    return _move("dispute_won", dispute_id, receivable(provider, currency), disputed, amount_minor)


def dispute_released(hold: Posting) -> Posting:
    """Post that everybody has again what was held of them."""
    return _reverse("dispute_released", hold)


def provider_fee(reference: UUID, provider: str, amount_minor: int, currency: str) -> Posting:
    """Post what a provider, or a courier, keeps for its service."""
    kind = "cod_fees" if provider == CASH else "provider_fees"
    fees = Account(kind, provider, currency)
    return _move("provider_fee", reference, fees, receivable(provider, currency), amount_minor)


def settlement(
    reference: UUID, provider: str, owed: tuple[int, str], received: tuple[int, str]
) -> Posting:
    """Post that a provider paid out: ``owed`` of its debt (minor units, currency) is settled.

    What arrived in another currency goes through ``fx_clearing``, one leg per currency.
    """
    sides: Sides = [
        (Account("bank", PLATFORM, received[1]), received[0]),
        (receivable(provider, owed[1]), -owed[0]),
    ]
    if received[1] != owed[1]:
        sides.append((Account("fx_clearing", PLATFORM, received[1]), -received[0]))
        sides.append((Account("fx_clearing", PLATFORM, owed[1]), owed[0]))
    return posting("settlement", reference, sides)


def payout_requested(payout_id: UUID, seller_id: str, amount_minor: int, currency: str) -> Posting:
    """Post that a seller's money is on its way to it."""
    available = Account("seller_available", seller_id, currency)
    in_transit = Account("payout_in_transit", seller_id, currency)
    return _move("payout_requested", payout_id, available, in_transit, amount_minor)


def payout_paid(payout_id: UUID, seller_id: str, amount_minor: int, currency: str) -> Posting:
    """Post that the money left the bank."""
    in_transit = Account("payout_in_transit", seller_id, currency)
    bank = Account("bank", PLATFORM, currency)
    return _move("payout_paid", payout_id, in_transit, bank, amount_minor)


def payout_failed(request: Posting) -> Posting:
    """Post the reverse of a payout's request."""
    return _reverse("payout_failed", request)


def _clearing(currency: str) -> Account:
    return Account("buyer_clearing", PLATFORM, currency)


def _move(
    event: str, reference: UUID, debit: Account, credit: Account, amount_minor: int
) -> Posting:
    return posting(event, reference, ((debit, amount_minor), (credit, -amount_minor)))


def _reverse(event: str, made: Posting) -> Posting:
    return posting(event, made.reference, ((a, -minor) for a, minor in made.entries))


def _given_back(lines: Iterable[LineParts], currency: str) -> Sides:
    """Return the debits of everybody who has a part in what goes back to the buyer."""
    sides: Sides = []
    for line in lines:
        kind = "seller_available" if line.released else "seller_pending"
        sides += (
            (Account(kind, line.seller_id, currency), line.net_minor),
            (Account("commission_revenue", PLATFORM, currency), line.commission_minor),
            (Account("commission_tax", PLATFORM, currency), line.commission_tax_minor),
            (Account("tax_payable", PLATFORM, currency), line.tax_minor),
            (Account("duty_payable", PLATFORM, currency), line.duty_minor),
            (Account("promo_expense", PLATFORM, currency), -line.promo_minor),
        )
    return sides
