"""Payments as the statements take and return them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.database import Row
from chassis.ids import new_id
from chassis.outbox import OutgoingEvent
from payments.domain.deliveries import Commission, Delivery
from payments.domain.disputes import Dispute
from payments.domain.ledger import LineParts, Posting
from payments.domain.payment import Attempt, Payment
from payments.domain.refunds import Refund
from payments.domain.splits import Split


def open_rows(payments: Sequence[Payment]) -> str:
    """Return new payments and their attempts as OPEN takes them."""
    return _json(
        [
            {
                "id": payment.id,
                "order_id": payment.order_id,
                "provider": payment.provider,
                "amount_minor": payment.amount_minor,
                "currency": payment.currency,
                "splits": payment.splits,
                "expires_at": payment.expires_at,
                "next_check_at": payment.next_check_at(payment.created_at),
                "created_at": payment.created_at,
                "attempt_id": payment.attempt.id if payment.attempt else None,
                "token": payment.attempt.token if payment.attempt else "",
                "phone": payment.attempt.phone if payment.attempt else "",
            }
            for payment in payments
        ]
    )


def saved_rows(payments: Sequence[Payment], now: datetime) -> str:
    """Return changed payments and their attempts as every save takes them."""
    return _json(
        [
            {
                "id": payment.id,
                "version": payment.version,
                "status": payment.status,
                "captured_minor": payment.captured_minor,
                "refunded_minor": payment.refunded_minor,
                "refunding_minor": payment.refunding_minor,
                "disputed_minor": payment.disputed_minor,
                "failure": payment.failure,
                "late": payment.late,
                "checks": payment.checks,
                "next_check_at": payment.next_check_at(now),
                "attempt_status": payment.attempt.status if payment.attempt else None,
                "attempt_code": payment.attempt.code if payment.attempt else None,
                "called_at": payment.attempt.called_at if payment.attempt else None,
                "reference": payment.attempt.reference if payment.attempt else None,
                "action_url": payment.attempt.action_url if payment.attempt else None,
            }
            for payment in payments
        ]
    )


def refund_rows(refunds: Sequence[tuple[UUID, Refund]]) -> str:
    """Return refunds, given with their payments' ids."""
    return _json(
        [
            {**_claim_row(payment_id, refund), "is_cancellation": refund.is_cancellation}
            for payment_id, refund in refunds
        ]
    )


def dispute_rows(disputes: Sequence[tuple[UUID, Dispute]]) -> str:
    """Return disputes, given with their payments' ids."""
    return _json(
        [
            {
                **_claim_row(payment_id, dispute),
                "reference": dispute.reference,
                "fee_minor": dispute.fee_minor,
            }
            for payment_id, dispute in disputes
        ]
    )


def _claim_row(payment_id: UUID, claim: Refund | Dispute) -> dict[str, object]:
    return {
        "id": claim.id,
        "payment_id": payment_id,
        "amount_minor": claim.amount_minor,
        "status": claim.status,
        "reason": claim.reason,
        "lines": claim.lines,
        "created_at": claim.created_at,
    }


def delivery_rows(deliveries: Sequence[tuple[UUID, Delivery]]) -> str:
    """Return what became of deliveries, given with their payments' ids."""
    return _json(
        [
            {
                "seller_order_id": delivery.seller_order_id,
                "payment_id": payment_id,
                "released_at": delivery.released_at,
                "collected": delivery.collected,
                "commissions": delivery.commissions,
            }
            for payment_id, delivery in deliveries
        ]
    )


def entry_rows(postings: Sequence[tuple[UUID | None, Posting]]) -> str:
    """Return ledger entries; each posting comes with its payment's id, if it has one."""
    entries = [
        {
            "payment_id": payment_id,
            "transaction_id": transaction_id,
            "event": posting.event,
            "account_id": account.id,
            "amount_minor": amount_minor,
            "currency": account.currency,
        }
        for payment_id, posting in postings
        for transaction_id in (posting.id,)
        for account, amount_minor in posting.entries
    ]
    # Sorted, because ids of one millisecond are not: the list of entries follows the ids.
    for entry, entry_id in zip(entries, sorted(new_id() for _ in entries), strict=True):
        entry["id"] = entry_id
    return _json(entries)


def event_rows(events: Sequence[tuple[UUID, OutgoingEvent, str]]) -> str:
    """Return events; each comes with its payment's id and its request's traceparent."""
    return _json(
        [
            {
                "id": event.id,
                "payment_id": payment_id,
                "name": event.name,
                "aggregate": event.aggregate_id,
                "payload": "\\x" + event.message.SerializeToString().hex(),
                "traceparent": traceparent,
            }
            for payment_id, event, traceparent in events
        ]
    )


def _json(rows: Sequence[Mapping[str, object]]) -> str:
    return orjson.dumps(rows).decode()


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
            reference=row["reference"],
            action_url=row["action_url"],
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
        disputed_minor=row["disputed_minor"],
        booked_minor=row["booked_minor"],
        failure=row["failure"],
        late=row["late"],
        closed_at=row["closed_at"],
        expires_at=row["expires_at"],
        version=row["version"],
        checks=row["checks"],
        refunds=[_to_refund(refund) for refund in row["refunds"] or ()],
        disputes=[_to_dispute(dispute) for dispute in row["disputes"] or ()],
        deliveries=[_to_delivery(delivery) for delivery in row["deliveries"] or ()],
    )


def _to_refund(row: Row) -> Refund:
    return Refund(is_cancellation=row["is_cancellation"], **_claim(row))


def _to_dispute(row: Row) -> Dispute:
    return Dispute(reference=row["reference"], fee_minor=row["fee_minor"], **_claim(row))


def _claim(row: Row) -> dict[str, Any]:
    """Return what refunds and disputes have in common."""
    return {
        "id": UUID(row["id"]),
        "amount_minor": row["amount_minor"],
        "reason": row["reason"],
        "lines": tuple(LineParts(**line) for line in row["lines"]),
        "created_at": datetime.fromisoformat(row["created_at"]),
        "status": row["status"],
    }


def _to_delivery(row: Row) -> Delivery:
    released_at = row["released_at"]
    return Delivery(
        seller_order_id=row["seller_order_id"],
        delivered_at=datetime.fromisoformat(row["delivered_at"]),
        release_at=datetime.fromisoformat(row["release_at"]),
        released_at=None if released_at is None else datetime.fromisoformat(released_at),
        collected=row["collected"],
        commissions=tuple(Commission(**each) for each in row["commissions"]),
    )
