"""Payments as messages, and back."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.ids import format_id
from payments.app.ports import AccountBalance, LedgerEntry
from payments.domain.payment import Payment
from payments.domain.refunds import Refund
from payments.domain.splits import Split
from soko.common.v1.money_pb2 import Money
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
    )
    message.created_at.FromDatetime(payment.created_at)
    attempt = payment.attempt
    if attempt is not None:
        message.attempts.add(
            id=format_id("att", attempt.id), status=attempt.status, code=attempt.code
        ).created_at.FromDatetime(attempt.created_at)
    return message


def refund_message(refund: Refund, payment: Payment) -> pb.Refund:
    """Return a refund."""
    message = pb.Refund(
        id=format_id("rfd", refund.id),
        order_id=format_id("ord", payment.order_id),
        amount=_money(payment, refund.amount_minor),
        status=refund.status,
        reason=refund.reason,
    )
    message.created_at.FromDatetime(refund.created_at)
    return message


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
    created_at = Timestamp()
    created_at.FromDatetime(entry.created_at)
    return pb.LedgerEntry(
        id=format_id("led", entry.id),
        transaction_id=format_id("led", entry.transaction_id),
        event=entry.event,
        account_id=format_id("led", entry.account_id),
        account_kind=entry.account_kind,
        account_owner=entry.account_owner,
        amount=Money(amount_minor=entry.amount_minor, currency=entry.currency),
        order_id=format_id("ord", entry.order_id) if entry.order_id else "",
        created_at=created_at,
    )


def _money(payment: Payment, amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency=payment.currency)
