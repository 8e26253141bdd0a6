"""Payments as parameters and rows of the statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.database import Row
from chassis.ids import new_id
from chassis.outbox import OutgoingEvent
from payments.domain.ledger import LineParts
from payments.domain.payment import PENDING, STARTED, UNKNOWN, Attempt, Payment
from payments.domain.refunds import Refund
from payments.domain.splits import Split

Params = dict[str, Any]
_OPEN_STATUSES = [STARTED, UNKNOWN, PENDING]


def open_params(payments: Sequence[Payment]) -> Params:
    """Return the parameters of OPEN."""
    return {
        "id": [p.id for p in payments],
        "order_id": [p.order_id for p in payments],
        "provider": [p.provider for p in payments],
        "amount_minor": [p.amount_minor for p in payments],
        "currency": [p.currency for p in payments],
        "splits": [orjson.dumps(p.splits).decode() for p in payments],
        "expires_at": [p.expires_at for p in payments],
        "next_check_at": [p.next_check_at(p.created_at) for p in payments],
        "created_at": [p.created_at for p in payments],
        "attempt_id": [p.attempt.id if p.attempt else None for p in payments],
        "token": [p.attempt.token if p.attempt else "" for p in payments],
        "phone": [p.attempt.phone if p.attempt else "" for p in payments],
    }


def saved_params(payments: Sequence[Payment], now: datetime) -> Params:
    """Return the parameters of the part that every save has."""
    attempts = [p.attempt for p in payments]
    return {
        "id": [p.id for p in payments],
        "version": [p.version for p in payments],
        "status": [p.status for p in payments],
        "captured_minor": [p.captured_minor for p in payments],
        "refunded_minor": [p.refunded_minor for p in payments],
        "refunding_minor": [p.refunding_minor for p in payments],
        "failure": [p.failure for p in payments],
        "late": [p.late for p in payments],
        "checks": [p.checks for p in payments],
        "next_check_at": [p.next_check_at(now) for p in payments],
        "attempt_status": [a.status if a else None for a in attempts],
        "attempt_code": [a.code if a else None for a in attempts],
        "called_at": [a.called_at if a else None for a in attempts],
        "open_statuses": _OPEN_STATUSES,
        "now": now,
    }


def refund_params(refunds: Sequence[tuple[UUID, Refund]]) -> Params:
    """Return the parameters of the part that writes refunds, given with their payments' ids."""
    return {
        "refund_id": [r.id for _, r in refunds],
        "refund_payment_id": [payment_id for payment_id, _ in refunds],
        "refund_amount_minor": [r.amount_minor for _, r in refunds],
        "refund_status": [r.status for _, r in refunds],
        "refund_reason": [r.reason for _, r in refunds],
        "refund_lines": [orjson.dumps(r.lines).decode() for _, r in refunds],
        "refund_is_cancellation": [r.is_cancellation for _, r in refunds],
        "refund_created_at": [r.created_at for _, r in refunds],
    }


def entry_params(payments: Sequence[Payment]) -> Params:
    """Return the parameters of the part that enters the payments' postings into the ledger."""
    entries = [
        (payment.id, posting.id, posting.event, account, amount_minor)
        for payment in payments
        for posting in payment.postings
        for account, amount_minor in posting.entries
    ]
    return {
        # Sorted, because ids of one millisecond are not: the list of entries follows the ids.
        "entry_id": sorted(new_id() for _ in entries),
        "entry_payment_id": [payment_id for payment_id, _, _, _, _ in entries],
        "entry_transaction_id": [transaction_id for _, transaction_id, _, _, _ in entries],
        "entry_event": [event for _, _, event, _, _ in entries],
        "entry_account_id": [account.id for _, _, _, account, _ in entries],
        "entry_amount_minor": [amount_minor for _, _, _, _, amount_minor in entries],
        "entry_currency": [account.currency for _, _, _, account, _ in entries],
    }


def event_params(events: Sequence[tuple[UUID, OutgoingEvent, str]]) -> Params:
    """Return the parameters of the part that appends events.

    Each comes with its payment's id and the traceparent of the request that it happened in.
    """
    return {
        "event_id": [event.id for _, event, _ in events],
        "event_payment_id": [payment_id for payment_id, _, _ in events],
        "event_name": [event.name for _, event, _ in events],
        "event_aggregate": [event.aggregate_id for _, event, _ in events],
        "event_payload": [event.message.SerializeToString() for _, event, _ in events],
        "event_traceparent": [traceparent for _, _, traceparent in events],
    }


def to_payment(row: Row) -> Payment:
    """Return the payment of a row that was loaded."""
    attempt = None
    if row["attempt_id"] is not None:
        attempt = Attempt(
            id=row["attempt_id"],
            token=row["token"],
            phone=row["phone"],
            created_at=row["attempt_created_at"],
            called_at=row["called_at"],
            status=row["attempt_status"],
            code=row["attempt_code"],
        )
    return Payment(
        id=row["id"],
        order_id=row["order_id"],
        provider=row["provider"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        splits=tuple(Split(**split) for split in row["splits"]),
        created_at=row["created_at"],
        attempt=attempt,
        status=row["status"],
        captured_minor=row["captured_minor"],
        refunded_minor=row["refunded_minor"],
        refunding_minor=row["refunding_minor"],
        failure=row["failure"],
        late=row["late"],
        closed_at=row["closed_at"],
        expires_at=row["expires_at"],
        version=row["version"],
        checks=row["checks"],
        refunds=[_to_refund(refund) for refund in row["refunds"] or ()],
    )


def _to_refund(row: Row) -> Refund:
    return Refund(
        id=UUID(row["id"]),
        amount_minor=row["amount_minor"],
        reason=row["reason"],
        lines=tuple(LineParts(**line) for line in row["lines"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        status=row["status"],
        is_cancellation=row["is_cancellation"],
    )
