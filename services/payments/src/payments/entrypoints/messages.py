"""Payments, the ledger, payouts and bookkeeping as messages, and back."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.ids import format_id
from payments.app.ports import AccountBalance, LedgerEntry
from payments.app.reconcile import Difference
from payments.domain.commission import CommissionRule
from payments.domain.disputes import Dispute
from payments.domain.payment import Payment
from payments.domain.payout import Payout
from payments.domain.refunds import Refund
from payments.domain.splits import Split
from soko.common.v1.money_pb2 import Money
from soko.payments.v1 import bookkeeping_pb2, payout_pb2
from soko.payments.v1 import payment_pb2 as pb


def split_of(message: pb.Split) -> Split:
    """Return one line's share."""
    return Split(
        message.line_id,
        message.seller_order_id,
        message.seller_id,
        message.category_id,
        message.quantity,
        message.goods_minor,
        message.discount_minor,
        message.discount_funder,
        message.shipping_minor,
        message.tax_minor,
        message.duty_minor,
    )


def payment_message(payment: Payment) -> pb.Payment:
    """Return a payment with its attempts."""
    message = pb.Payment(
        id=format_id("pay", payment.id),
        order_id=format_id("ord", payment.order_id),
        provider=payment.provider,
        status=payment.status,
        amount=_money(payment, payment.amount_minor),
        captured=_money(payment, payment.captured_minor),
        refunded=_money(payment, payment.refunded_minor),
        created_at=_time(payment.created_at),
    )
    attempt = payment.attempt
    if attempt is not None:
        message.attempts.add(
            id=format_id("att", attempt.id),
            status=attempt.status,
            code=attempt.code,
            created_at=_time(attempt.created_at),
        )
    return message


def refund_message(refund: Refund, payment: Payment) -> pb.Refund:
    """Return a refund."""
    return pb.Refund(
        id=format_id("rfd", refund.id),
        order_id=format_id("ord", payment.order_id),
        amount=_money(payment, refund.amount_minor),
        status=refund.status,
        reason=refund.reason,
        created_at=_time(refund.created_at),
    )


def account_message(account: AccountBalance) -> pb.LedgerAccount:
    """Return a ledger account."""
    return pb.LedgerAccount(
        id=format_id("led", account.id),
        kind=account.kind,
        owner=account.owner,
        currency=account.currency,
        balance_minor=account.balance_minor,
    )


def entry_message(entry: LedgerEntry) -> pb.LedgerEntry:
    """Return a ledger entry."""
    return pb.LedgerEntry(
        id=format_id("led", entry.id),
        transaction_id=format_id("led", entry.transaction_id),
        event=entry.event,
        account_id=format_id("led", entry.account_id),
        account_kind=entry.account_kind,
        account_owner=entry.account_owner,
        amount=Money(amount_minor=entry.amount_minor, currency=entry.currency),
        order_id=format_id("ord", entry.order_id) if entry.order_id else "",
        created_at=_time(entry.created_at),
    )


def payout_message(payout: Payout) -> payout_pb2.Payout:
    """Return a payout."""
    return payout_pb2.Payout(
        id=format_id("pyo", payout.id),
        seller_id=payout.seller_id,
        amount=Money(amount_minor=payout.amount_minor, currency=payout.currency),
        status=payout.status,
        failure=payout.failure,
        created_at=_time(payout.created_at),
        updated_at=_time(payout.updated_at),
    )


def rule_message(rule: CommissionRule) -> bookkeeping_pb2.CommissionRule:
    """Return a commission rule."""
    return bookkeeping_pb2.CommissionRule(
        id=format_id("cmr", rule.id),
        seller_id=rule.seller_id,
        category_id=rule.category_id,
        rate_bps=rule.rate_bps,
        tax_bps=rule.tax_bps,
    )


def dispute_message(dispute: Dispute, payment: Payment) -> bookkeeping_pb2.Dispute:
    """Return a dispute."""
    return bookkeeping_pb2.Dispute(
        id=format_id("dsp", dispute.id),
        order_id=format_id("ord", payment.order_id),
        reference=dispute.reference,
        status=dispute.status,
        amount=_money(payment, dispute.amount_minor),
        fee=_money(payment, dispute.fee_minor),
        reason=dispute.reason,
        created_at=_time(dispute.created_at),
    )


def difference_message(found: Difference) -> bookkeeping_pb2.Difference:
    """Return what the books and a provider's report disagree on."""
    prefix = "att" if found.movement == "capture" else "rfd"
    message = bookkeeping_pb2.Difference(
        kind=found.kind,
        movement=found.movement,
        movement_id=found.movement_id,
        order_id=format_id("ord", found.order_id) if found.order_id else "",
        subject_id=format_id(prefix, found.subject_id) if found.subject_id else "",
        status=found.status,
    )
    for money, field in ((found.ours, message.ours), (found.theirs, message.theirs)):
        if money is not None:
            field.amount_minor, field.currency = money
    return message


def _money(payment: Payment, amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency=payment.currency)


def _time(at: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(at)
    return message
