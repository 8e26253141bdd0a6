"""What was moved and whether the books balance, as figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge

from chassis.clock import Clock
from chassis.metrics import count_money
from chassis.periodic import FIGURES_EVERY_S, Periodic
from chassis.relay import PUBLISHED, Published
from soko.common.v1 import money_pb2
from soko.events.v1 import payments_pb2

Imbalances = Callable[[datetime], Awaitable[Mapping[str, int]]]
_WINDOW = timedelta(hours=1)
"""Everything before is the auditor's, who looks at the whole ledger."""

MOVED = Counter(
    "soko_money_moved_total",
    "Money that was captured, refunded, disputed or paid out, in units of the currency.",
    ("movement", "currency"),
)
IMBALANCE = Gauge(
    "soko_ledger_imbalance_minor",
    "By how much ledger transactions of the last hour do not sum up to zero, in minor units.",
    ("currency",),
)


def money_counter(currency: str) -> Callable[[Sequence[Published]], None]:
    """Return what counts published events.

    The most usual figures begin at nothing: a rise from nowhere is not seen as one.
    """
    for name in ("payment_captured", "payment_failed", "refund_failed", "payout_failed"):
        PUBLISHED.labels("payments", name)
    for movement in ("captured", "refunded", "disputed", "paid_out"):
        MOVED.labels(movement, currency)
    return _count


def _count(events: Sequence[Published]) -> None:
    """Count money by the events that tell of it."""
    for event in events:
        moved = _moved(event)
        if moved is not None:
            movement, amount_minor, currency = moved
            count_money(MOVED, amount_minor, currency, movement)


def _moved(event: Published) -> tuple[str, int, str] | None:
    if event.name == "payment_captured":
        payment = payments_pb2.PaymentCaptured.FromString(event.payload).payment
        return "captured", payment.captured_minor, payment.amount.currency
    if event.name == "refund_settled":
        return _of("refunded", payments_pb2.RefundSettled.FromString(event.payload).amount)
    if event.name == "payout_sent":
        return _of("paid_out", payments_pb2.PayoutSent.FromString(event.payload).amount)
    if event.name == "payment_disputed":
        dispute = payments_pb2.PaymentDisputed.FromString(event.payload)
        return _of("disputed", dispute.amount) if dispute.status == "opened" else None
    return None


def _of(movement: str, amount: money_pb2.Money) -> tuple[str, int, str]:
    return movement, amount.amount_minor, amount.currency


def ledger_watch(imbalances: Imbalances, clock: Clock) -> Periodic:
    """Return what looks at the ledger every so often."""
    return Periodic("ledger watch", FIGURES_EVERY_S, LedgerWatch(imbalances, clock).look)


class LedgerWatch:
    """Looks whether what was posted lately balances; each replica tells the same.

    ``imbalances`` returns what does not sum up to zero since a moment, per currency that has been
    posted in.
    """

    def __init__(self, imbalances: Imbalances, clock: Clock) -> None:
        self._imbalances = imbalances
        self._clock = clock

    async def look(self) -> None:
        """Set the figures; there are none while the ledger cannot be looked at."""
        found: Mapping[str, int] = {}
        try:
            found = await self._imbalances(self._clock.now() - _WINDOW)
        finally:
            IMBALANCE.clear()
            for currency, minor in found.items():
                IMBALANCE.labels(currency).set(minor)
