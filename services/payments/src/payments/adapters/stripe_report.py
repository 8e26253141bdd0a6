"""Stripe's own account of what it moved: https://docs.stripe.com/api/balance_transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import stripe
from stripe import StripeClient

from payments.adapters.stripe_amounts import from_stripe
from payments.app.provider import Movement, ProviderAway

_PAGE = 100
_KIND: Final[Mapping[str, str]] = {
    "charge": "capture",
    "payment": "capture",
    "refund": "refund",
    "payment_refund": "refund",
    "adjustment": "dispute",
}


async def movements(
    client: StripeClient, since: datetime, until: datetime
) -> AsyncIterator[Sequence[Movement]]:
    """Give the balance transactions of a period that are of payments, page by page.

    A fee is counted where it is in the payment's own currency. Raises ProviderAway.
    """
    try:
        page = await client.v1.balance_transactions.list_async(
            {
                "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
                "expand": ["data.source"],
                "limit": _PAGE,
            }
        )
        while True:
            yield [_movement(line) for line in page.data if line.type in _KIND]
            if not page.has_more:
                return
            page = await page.next_page_async()
    except stripe.StripeError as error:
        raise ProviderAway(f"{type(error).__name__}: {error.http_status}") from error


def _movement(line: stripe.BalanceTransaction) -> Movement:
    source: Any = line.source
    currency = str(getattr(source, "currency", line.currency)).upper()
    same = currency == line.currency.upper()
    amount = getattr(source, "amount_captured", 0) or getattr(source, "amount", abs(line.amount))
    return Movement(
        id=line.id,
        kind=_KIND[line.type],
        attempt_id=_id(noted(source, "attempt_id")),
        refund_id=_id(noted(source, "refund_id")),
        amount_minor=from_stripe(amount, currency),
        fee_minor=from_stripe(line.fee, currency) if same else 0,
        currency=currency,
        at=datetime.fromtimestamp(line.created, UTC),
    )


def noted(found: Any, name: str) -> str | None:
    """Return what we wrote into the metadata of one of Stripe's objects."""
    metadata = getattr(found, "metadata", None)
    return getattr(metadata, name, None) if metadata else None


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
