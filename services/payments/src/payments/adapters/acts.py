"""What the audit log tells of people who move money or change the books.

What services do by themselves, such as refunding a cancelled order, stands in the ledger alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.audit_log import Act, record
from chassis.context import current_actor
from chassis.database import Statements
from chassis.ids import format_id
from payments.domain.commission import CommissionRule
from payments.domain.payment import Payment
from payments.domain.payout import Payout
from payments.domain.settlement import Settlement


@dataclass(frozen=True, slots=True)
class Known:
    """The refunds and disputes of a payment, before somebody changed it."""

    refunds: frozenset[UUID]
    disputes: frozenset[tuple[UUID, str]]

    @staticmethod
    def of(payment: Payment) -> Known:
        """Return what a payment has now."""
        return Known(
            frozenset(refund.id for refund in payment.refunds),
            frozenset((dispute.id, dispute.status) for dispute in payment.disputes),
        )


async def record_changes(session: Statements, before: Known, payment: Payment) -> None:
    """Record the refunds that an account asked for, and the disputes that it noted."""
    order = format_id("ord", payment.order_id)
    for refund in payment.refunds:
        if refund.id not in before.refunds:
            amount = {"amount_minor": refund.amount_minor, "currency": payment.currency}
            detail = {"refund": format_id("rfd", refund.id), **amount}
            await record_by_account(session, Act("refund_requested", order, detail))
    for dispute in payment.disputes:
        if (dispute.id, dispute.status) not in before.disputes:
            detail = {
                "dispute": format_id("dsp", dispute.id),
                "status": dispute.status,
                "amount_minor": dispute.amount_minor,
                "currency": payment.currency,
            }
            await record_by_account(session, Act("dispute_recorded", order, detail))


async def record_by_account(session: Statements, act: Act) -> None:
    """Record an act if a person did it."""
    if current_actor().kind == "account":
        await record(session, act)


def payout_requested(payout: Payout) -> Act:
    """Money leaves for a seller."""
    detail = {
        "payout": format_id("pyo", payout.id),
        "amount_minor": payout.amount_minor,
        "currency": payout.currency,
    }
    return Act("payout_requested", payout.seller_id, detail)


def commission_rule_set(rule: CommissionRule) -> Act:
    """What sellers pay changed."""
    detail = {
        "seller": rule.seller_id,
        "category": rule.category_id,
        "rate_bps": rule.rate_bps,
        "tax_bps": rule.tax_bps,
    }
    return Act("commission_rule_set", format_id("cmr", rule.id), detail)


def commission_rule_removed(rule_id: UUID) -> Act:
    """A rule no longer counts."""
    return Act("commission_rule_removed", format_id("cmr", rule_id))


def settlement_recorded(settlement: Settlement) -> Act:
    """Somebody noted what a provider paid out."""
    detail = {
        "reference": settlement.reference,
        "received_minor": settlement.received_minor,
        "received_currency": settlement.received_currency,
    }
    return Act("settlement_recorded", settlement.provider, detail)
