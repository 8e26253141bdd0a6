"""Payments, refunds and the ledger."""

from __future__ import annotations

from gateway.rendering.values import Document, money, time
from soko.payments.v1 import payment_pb2


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
