"""The checkout saga as a pure state machine: an order, its saga, and what each answer means.

Every function returns a Transition: what was, what is to be, and what to tell. Nothing here knows
how it is stored; the store accepts a transition only while what was still stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from orders.domain import saga as steps
from orders.domain import statuses
from orders.domain.order import NextAction, Order, Refusal
from orders.domain.outcomes import (
    AuthorizeOutcome,
    CaptureOutcome,
    Declined,
    Paid,
    PaymentNews,
    PaymentPending,
    Refused,
    Reserved,
    ReserveOutcome,
    Unknown,
)
from orders.domain.saga import PaymentMethod, Saga, StepTaken
from orders.domain.statuses import observe_payment

Event = Literal[
    "order_placed",
    "order_awaiting_payment",
    "order_confirmed",
    "order_cancelled",
    "order_payment_changed",
]

LEASE: Final = timedelta(seconds=6)
"""How long an order belongs to whoever carries it, a request or a worker; then a worker takes it.

It is no lock. Who comes too late, or has been paused, asks peers what they were asked before, by
the same order id, and its save fails, because version or step have moved.
"""

_NO_LEASE: Final = timedelta(0)

HOLD_GRACE: Final = timedelta(hours=1)
"""How much longer than the order's expiry catalog's hold lives."""

CLOCK_SLACK: Final = timedelta(seconds=60)
"""By how much two services' clocks may differ."""

POLL: Final = timedelta(seconds=60)
"""How often an awaited payment is asked for, in case its event is late."""

_LOST: Final = frozenset({"failed", "voided"})
"""Statuses of a payment that gives us nothing."""

_GONE: Final = _LOST | {"refunded", "charged_back"}
"""Statuses of a payment for which nothing is sold any more."""

_SETTLES_BY_ITSELF: Final = (steps.SETTLING, "authorized", "captured")
"""Step, status and news: whoever settles asks for the capture and tells of it."""

_FIRST_NEWS: Final = 2
"""How many events an ordinary payment has, authorized and captured: none of them comes back."""

STALE_SNAPSHOT: Final = frozenset({"price_changed", "not_for_sale"})
"""Refusals after which the cart's titles and prices are looked up again."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """An order and the saga that carries it."""

    order: Order
    saga: Saga


@dataclass(frozen=True, slots=True)
class Transition:
    """A move of a checkout, and the event that tells of it."""

    before: Checkout
    after: Checkout
    event: Event | None = None
    passing: bool = False
    """Whether it need not be stored by itself: the step before may be repeated without harm."""

    @property
    def order_changed(self) -> bool:
        """Whether the order itself changed, not only its saga."""
        return self.before.order is not self.after.order

    @property
    def steps_taken(self) -> Sequence[StepTaken]:
        """The steps that this move adds to the saga's history."""
        return self.after.saga.history[len(self.before.saga.history) :]


def begin(order: Order, method: PaymentMethod, traceparent: str) -> Checkout:
    """Return the checkout of an order that is being placed."""
    expires_at = order.expires_at or order.created_at
    placing = Saga(
        step=steps.PLACING,
        attempts=0,
        next_attempt_at=None,
        hold_until=expires_at + HOLD_GRACE,
        method=method,
        traceparent=traceparent,
        history=(StepTaken(steps.PLACING, order.created_at),),
    )
    now = order.created_at
    return Checkout(order, placing.to(steps.RESERVING, now, at=now + LEASE))


def after_reserve(checkout: Checkout, outcome: ReserveOutcome, now: datetime) -> Transition:
    """Return what a Reserve at the step ``reserving`` leads to."""
    match outcome:
        case Reserved():
            saga = checkout.saga.to(steps.AUTHORIZING, now, at=checkout.saga.next_attempt_at)
            return Transition(checkout, Checkout(checkout.order, saga), passing=True)
        case Refused():
            return _refuse(checkout, outcome, now)
        case Unknown():
            return _unknown(checkout, now)


def after_authorize(checkout: Checkout, outcome: AuthorizeOutcome, now: datetime) -> Transition:
    """Return what an Authorize at the steps ``authorizing`` and ``waiting`` leads to.

    An order whose time is over is cancelled unless it turned out to be paid.
    """
    match outcome:
        case Paid():
            # Who asked has it for a while yet, and settles it.
            settle_at = checkout.saga.next_attempt_at or now
            return _paid(checkout, outcome, now, settle_at=settle_at)
        case PaymentPending() if checkout.saga.step == steps.WAITING:
            return _keep_waiting(checkout, now)
        case PaymentPending():
            return _await_payment(checkout, outcome, now)
        case Declined():
            return _declined(checkout, outcome, now)
        case Refused():
            return _refuse(checkout, outcome, now)
        case Unknown() if checkout.saga.step == steps.WAITING:
            return _keep_waiting(checkout, now)
        case Unknown():
            return _unknown(checkout, now)


def is_overdue(checkout: Checkout, now: datetime) -> bool:
    """Tell whether nothing may be started any more, because the order's time to pay is over.

    A payment that was begun is still asked for at ``waiting``: asking there starts nothing.
    """
    return checkout.saga.step in {steps.RESERVING, steps.AUTHORIZING} and is_due(checkout, now)


def hold_is_live(checkout: Checkout, now: datetime) -> bool:
    """Tell whether catalog surely still holds the stock."""
    return now + CLOCK_SLACK < checkout.saga.hold_until


def confirm(checkout: Checkout, now: datetime, settle_at: datetime) -> Transition:
    """Confirm a paid order whose hold is live: the order stands.

    Until ``settle_at`` it belongs to whoever confirms it, who is about to settle it.
    """
    order = checkout.order.moved(
        statuses.CONFIRMED, now, next_action=None, expires_at=None, confirmed_at=now
    )
    saga = checkout.saga.to(steps.SETTLING, now, at=settle_at)
    return Transition(checkout, Checkout(order, saga), "order_confirmed")


def after_hold_renewed(checkout: Checkout, outcome: ReserveOutcome, now: datetime) -> Transition:
    """Return what a repeated Reserve at the step ``confirming`` leads to."""
    match outcome:
        case Reserved():
            renewed = replace(checkout.saga, hold_until=now + HOLD_GRACE)
            after = confirm(Checkout(checkout.order, renewed), now, now + LEASE).after
            return Transition(checkout, after, "order_confirmed")
        case Refused():
            return _refuse(checkout, outcome, now)
        case Unknown():
            return Transition(checkout, Checkout(checkout.order, checkout.saga.later(now)))


def renewed_hold_until(now: datetime) -> datetime:
    """Return until when a hold is asked for that is renewed now."""
    return now + HOLD_GRACE


def after_settling(checkout: Checkout, capture: CaptureOutcome, now: datetime) -> Transition:
    """Return what a Capture leads to, once the stock is allocated."""
    match capture:
        case "captured" | "not_required" | "deferred":
            saga = _finished(checkout.saga.to(steps.DONE, now, at=None))
            if capture == "captured" and checkout.order.payment_status == "authorized":
                order = checkout.order.changed(now, payment_status="captured")
                return Transition(checkout, Checkout(order, saga), "order_payment_changed")
            return Transition(checkout, Checkout(checkout.order, saga))
        case "failed":
            # What became of the payment, failed or voided, its own event tells.
            return _cancel(checkout, "capture_failed", now, lease=_NO_LEASE)
        case "unknown":
            return settle_later(checkout, now)


def after_late_capture(
    checkout: Checkout, capture: CaptureOutcome, now: datetime
) -> Transition | None:
    """Return what a Capture at the first shipment leads to; None while that is unknown."""
    match capture:
        case "captured":
            order = checkout.order.changed(now, payment_status="captured")
            return Transition(checkout, Checkout(order, checkout.saga), "order_payment_changed")
        case "failed":
            return _cancel(
                checkout, "capture_failed", now, lease=_NO_LEASE, payment_status="failed"
            )
        case _:
            return None


def settle_later(checkout: Checkout, now: datetime) -> Transition:
    """Stay at ``settling`` and try again after a pause."""
    return Transition(checkout, Checkout(checkout.order, checkout.saga.later(now)))


def after_hold_lost(checkout: Checkout, outcome: ReserveOutcome, now: datetime) -> Transition:
    """Return what a repeated Reserve leads to when Commit found no hold of a confirmed order."""
    match outcome:
        case Reserved():
            saga = replace(checkout.saga, next_attempt_at=now, hold_until=now + HOLD_GRACE)
            return Transition(checkout, Checkout(checkout.order, saga))
        case Refused():
            return _cancel(checkout, outcome.code, now, lease=_NO_LEASE)
        case Unknown():
            return settle_later(checkout, now)


def after_compensation(checkout: Checkout, complete: bool, now: datetime) -> Transition:
    """Return what CancelPayment and Release lead to: the end, or another try."""
    if not complete:
        return Transition(checkout, Checkout(checkout.order, checkout.saga.later(now)))
    saga = _finished(checkout.saga.to(steps.CANCELLED, now, at=None))
    return Transition(checkout, Checkout(checkout.order, saga))


def reopens_cart(checkout: Checkout) -> bool:
    """Tell whether the cart may be tried again: the order never stood."""
    return checkout.order.confirmed_at is None


def cancel(checkout: Checkout, reason: str, now: datetime) -> Transition:
    """Cancel for the buyer or an operator; raises OrderNotCancellable."""
    checkout.order.require_cancellable()
    return _cancel(checkout, reason, now, lease=_NO_LEASE)


def expire(checkout: Checkout, now: datetime) -> Transition:
    """Cancel an order whose time to pay is over."""
    return _cancel(checkout, "expired", now)


def is_due(checkout: Checkout, now: datetime) -> bool:
    """Tell whether the order's time to pay is over."""
    expires_at = checkout.order.expires_at
    return expires_at is not None and now >= expires_at


def after_payment_news(checkout: Checkout, news: PaymentNews, now: datetime) -> Transition | None:
    """Return what an event of payments leads to; None when it tells nothing new.

    Raises IllegalTransition for news that no path of the payment's table explains.
    """
    order = checkout.order
    if news.sequence <= order.payment_sequence:
        return None
    heard = Checkout(replace(order, payment_sequence=news.sequence), checkout.saga)
    decide = _news_before_decision if order.undecided else _news_after_decision
    transition = decide(heard, news, now)
    return None if transition is None else replace(transition, before=checkout)


def _news_after_decision(checkout: Checkout, news: PaymentNews, now: datetime) -> Transition | None:
    """Take news of a payment whose order was confirmed or cancelled."""
    order = checkout.order
    known = (checkout.saga.step, order.payment_status, news.status)
    if known == _SETTLES_BY_ITSELF and not news.goes_back:
        return None
    means = observe_payment(order.payment_status, news.status)
    if means == "unchanged" and news.sequence > _FIRST_NEWS:
        # What came before it is old, though it says what is known.
        return Transition(checkout, Checkout(order.changed(now), checkout.saga))
    if means != "moved":
        return None
    if order.status == statuses.CONFIRMED and (news.status in _LOST or news.goes_back):
        status = news.status
        return _cancel(checkout, "capture_failed", now, lease=_NO_LEASE, payment_status=status)
    payment_id = order.payment_id or news.payment_id
    changed = order.changed(now, payment_status=news.status, payment_id=payment_id)
    return Transition(checkout, Checkout(changed, checkout.saga), "order_payment_changed")


def _news_before_decision(
    checkout: Checkout, news: PaymentNews, now: datetime
) -> Transition | None:
    """Take news for an answer of Authorize, as good as one that is asked for.

    That a payment is authorized is left to the request that placed the order and still asks.
    """
    saga = checkout.saga
    asking = saga.step in {steps.RESERVING, steps.AUTHORIZING} and saga.attempts == 0
    if news.status == "authorized" and asking:
        return None
    if news.status in _GONE or news.goes_back:
        declined = Declined(news.reason or "declined")
        return _declined(checkout, declined, now, lease=_NO_LEASE, payment_status=news.status)
    if saga.step == steps.CONFIRMING:
        return _news_before_confirming(checkout, news, now)
    return _paid(checkout, Paid(news.status, news.payment_id), now, settle_at=now)


def _news_before_confirming(
    checkout: Checkout, news: PaymentNews, now: datetime
) -> Transition | None:
    """Take news of a payment that stands, while the stock is asked for once more."""
    if observe_payment(checkout.order.payment_status, news.status) != "moved":
        return None
    changed = checkout.order.changed(now, payment_status=news.status)
    return Transition(checkout, Checkout(changed, checkout.saga))


def _paid(checkout: Checkout, paid: Paid, now: datetime, *, settle_at: datetime) -> Transition:
    """Confirm at once while the hold is live, else go by way of ``confirming``."""
    order = checkout.order
    known = replace(
        order,
        payment_status=paid.status,
        payment_id=paid.payment_id or order.payment_id,
    )
    if paid.status != order.payment_status:
        observe_payment(order.payment_status, paid.status)
    saga = checkout.saga
    if saga.step == steps.RESERVING:
        # Reserve's grant is not stored by itself; without it nobody would have asked for money.
        saga = saga.to(steps.AUTHORIZING, now, at=settle_at)
    confirming = saga.to(steps.CONFIRMING, now, at=settle_at)
    if hold_is_live(checkout, now):
        after = confirm(Checkout(known, confirming), now, settle_at).after
        return Transition(checkout, after, "order_confirmed")
    kept = order.changed(now, payment_status=paid.status, payment_id=known.payment_id)
    return Transition(checkout, Checkout(kept, confirming))


def _await_payment(checkout: Checkout, pending: PaymentPending, now: datetime) -> Transition:
    expires_at = checkout.order.expires_at or now
    action = NextAction(
        type=pending.action_type,
        payment_id=pending.payment_id,
        url=pending.action_url,
        expires_at=min(pending.expires_at or expires_at, expires_at),
    )
    order = checkout.order.moved(
        statuses.AWAITING_PAYMENT, now, next_action=action, payment_id=pending.payment_id
    )
    saga = checkout.saga.to(steps.WAITING, now, at=min(now + POLL, expires_at))
    return Transition(checkout, Checkout(order, saga), "order_awaiting_payment")


def _keep_waiting(checkout: Checkout, now: datetime) -> Transition:
    if is_due(checkout, now):
        return expire(checkout, now)
    expires_at = checkout.order.expires_at or now
    saga = replace(
        checkout.saga,
        attempts=checkout.saga.attempts + 1,
        next_attempt_at=min(now + POLL, expires_at),
    )
    return Transition(checkout, Checkout(checkout.order, saga))


def _unknown(checkout: Checkout, now: datetime) -> Transition:
    if is_due(checkout, now):
        return expire(checkout, now)
    saga = checkout.saga.later(now, not_after=checkout.order.expires_at)
    return Transition(checkout, Checkout(checkout.order, saga))


def _declined(
    checkout: Checkout,
    declined: Declined,
    now: datetime,
    *,
    lease: timedelta = LEASE,
    **changes: object,
) -> Transition:
    refusal = Refusal(
        "payment_required",
        "payment_declined",
        "The payment was declined.",
        {"order_id": checkout.order.id, "reason": declined.reason},
    )
    return _cancel(checkout, "payment_declined", now, refusal=refusal, lease=lease, **changes)


def _refuse(checkout: Checkout, refused: Refused, now: datetime) -> Transition:
    extra: Mapping[str, object] = {**refused.extra, "order_id": checkout.order.id}
    refusal = Refusal(refused.kind, refused.code, refused.detail, extra)
    return _cancel(checkout, refused.code, now, refusal=refusal)


def _cancel(
    checkout: Checkout,
    reason: str,
    now: datetime,
    *,
    refusal: Refusal | None = None,
    lease: timedelta = LEASE,
    **changes: object,
) -> Transition:
    """Cancel first; giving back stock and money follows and is repeated until it is done.

    For the time of ``lease`` that belongs to whoever cancels; then a worker does it.
    """
    order = checkout.order.moved(
        statuses.CANCELLED,
        now,
        cancel_reason=reason,
        refusal=refusal,
        next_action=None,
        expires_at=None,
        **changes,
    )
    saga = checkout.saga.to(steps.COMPENSATING, now, at=now + lease, note=reason)
    return Transition(checkout, Checkout(order, saga), "order_cancelled")


def _finished(saga: Saga) -> Saga:
    """Forget how the buyer paid: it is decided."""
    return replace(saga, method=None)
