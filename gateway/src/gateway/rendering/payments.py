"""Payments, refunds and the ledger."""

from __future__ import annotations

from gateway.rendering.values import Document, money, time
from soko.payments.v1 import bookkeeping_pb2, payment_pb2, payout_pb2


def payment(value: payment_pb2.Payment) -> Document:
    """Return a payment with its attempts."""
    return {
        "id": value.id,
        "order_id": value.order_id,
        "provider": value.provider,
        "status": value.status,
        "amount": money(value.amount),
        "captured": money(value.captured),
        "refunded": money(value.refunded),
        "attempts": [_attempt(each) for each in value.attempts],
        "created_at": time(value.created_at),
    }


def _attempt(value: payment_pb2.Attempt) -> Document:
    document: Document = {
        "id": value.id,
        "status": value.status,
        "created_at": time(value.created_at),
    }
    if value.code:
        document["code"] = value.code
    return document


def refund(value: payment_pb2.Refund) -> Document:
    """Return a refund."""
    return {
        "id": value.id,
        "order_id": value.order_id,
        "amount": money(value.amount),
        "status": value.status,
        "reason": value.reason,
        "created_at": time(value.created_at),
    }


def ledger_account(value: payment_pb2.LedgerAccount) -> Document:
    """Return an account of the ledger."""
    return {
        "id": value.id,
        "kind": value.kind,
        "owner": value.owner,
        "currency": value.currency,
        "balance": {"amount_minor": value.balance_minor, "currency": value.currency},
    }


def ledger_entry(value: payment_pb2.LedgerEntry) -> Document:
    """Return an entry of the ledger; a positive amount is a debit."""
    document: Document = {
        "id": value.id,
        "transaction_id": value.transaction_id,
        "event": value.event,
        "account": {
            "id": value.account_id,
            "kind": value.account_kind,
            "owner": value.account_owner,
        },
        "amount": money(value.amount),
        "created_at": time(value.created_at),
    }
    if value.order_id:
        document["order_id"] = value.order_id
    return document


def seller_balance(value: payout_pb2.GetBalanceResponse) -> Document:
    """Return what a seller has; its own currency comes first."""
    balances = [_balance(each) for each in value.balances]
    own = balances[0] if balances else {}
    return {"seller_id": value.seller_id, **own, "others": balances[1:]}


def _balance(value: payout_pb2.CurrencyBalance) -> Document:
    parts = {
        "pending": value.pending_minor,
        "available": value.available_minor,
        "reserved": value.reserved_minor,
        "in_transit": value.in_transit_minor,
    }
    return {
        name: {"amount_minor": minor, "currency": value.currency} for name, minor in parts.items()
    }


def payout(value: payout_pb2.Payout) -> Document:
    """Return a payout."""
    document: Document = {
        "id": value.id,
        "seller_id": value.seller_id,
        "amount": money(value.amount),
        "status": value.status,
        "created_at": time(value.created_at),
        "updated_at": time(value.updated_at),
    }
    if value.failure:
        document["failure"] = value.failure
    return document


def dispute(value: bookkeeping_pb2.Dispute) -> Document:
    """Return a dispute."""
    document: Document = {
        "id": value.id,
        "order_id": value.order_id,
        "reference": value.reference,
        "status": value.status,
        "amount": money(value.amount),
        "fee": money(value.fee),
        "created_at": time(value.created_at),
    }
    if value.reason:
        document["reason"] = value.reason
    return document


def commission_rule(value: bookkeeping_pb2.CommissionRule) -> Document:
    """Return a commission rule; what it does not name it is for any of."""
    document: Document = {"id": value.id, "rate_bps": value.rate_bps, "tax_bps": value.tax_bps}
    if value.seller_id:
        document["seller_id"] = value.seller_id
    if value.category_id:
        document["category_id"] = value.category_id
    return document


def reconciliation(value: bookkeeping_pb2.ReconcileResponse) -> Document:
    """Return what a comparison with a provider's report found."""
    return {
        "since": time(value.since),
        "until": time(value.until),
        "checked": {"theirs": value.theirs, "ours": value.ours},
        "complete": value.complete,
        "items": [_difference(each) for each in value.differences],
    }


def _difference(value: bookkeeping_pb2.Difference) -> Document:
    names = ("kind", "movement", "movement_id", "order_id", "subject_id", "status")
    document: Document = {name: getattr(value, name) for name in names if getattr(value, name)}
    for name in ("ours", "theirs"):
        if value.HasField(name):
            document[name] = money(getattr(value, name))
    return document
