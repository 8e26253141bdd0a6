"""Taking in what payments tells of orders' payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orders.app.ports import PaymentNewsStore
from orders.domain.checkout import after_payment_news
from orders.domain.errors import CartChanged
from orders.domain.outcomes import PaymentNews

_TRIES = 5


@dataclass(frozen=True, slots=True)
class RecordPaymentNews:
    """News in the order of its arrival."""

    news: Sequence[PaymentNews]
    now: datetime


async def record_payment_news(command: RecordPaymentNews, checkouts: PaymentNewsStore) -> int:
    """Store what the news means in the caller's transaction; return how much of it was new.

    One statement finds the few orders that it may change. Raises IllegalTransition for news that
    the payment's table does not explain.
    """
    touched = await checkouts.touched_by(command.news)
    relevant = [news for news in command.news if news.order_id in touched]
    return sum([await _record(news, command.now, checkouts) for news in relevant])


async def _record(news: PaymentNews, now: datetime, checkouts: PaymentNewsStore) -> bool:
    for _ in range(_TRIES):
        checkout = await checkouts.load(news.order_id)
        if checkout is None:
            return False
        transition = after_payment_news(checkout, news, now)
        if transition is None:
            return False
        if await checkouts.save(transition):
            return True
    raise CartChanged
