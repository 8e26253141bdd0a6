"""The payment of an order: what we know of it, and what may happen to it.

A payment changes by learning what its provider says, by being closed (the order was cancelled) and
by refunds. Each change leaves events and ledger postings behind, which are saved with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from payments.domain import postings, status
from payments.domain.captured_money import CapturedMoney
from payments.domain.events import (
    Event,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentFailed,
    PaymentVoided,
)

STARTED: Final = "started"
UNKNOWN: Final = "unknown"
PENDING: Final = "pending"

CALL_LIMIT = timedelta(seconds=5)
"""After this long nobody waits for an answer to a provider call any more."""
LOST_AFTER = timedelta(seconds=10)
"""A provider that does not know a payment this long after the last call never got that call."""
_CHECK_UNKNOWN = timedelta(seconds=1)
_CHECK_PENDING = timedelta(seconds=30)
_CHECK_REFUND = timedelta(seconds=5)
_PAUSES = {STARTED: CALL_LIMIT, UNKNOWN: _CHECK_UNKNOWN, PENDING: _CHECK_PENDING}
_MAX_DOUBLINGS = 6


@dataclass(slots=True)
class Attempt:
    """The one try at the provider; sending it again repeats it under the same id."""

    id: UUID
    token: str
    phone: str
    created_at: datetime
    called_at: datetime
    status: str = STARTED
    code: str = ""
    reference: str = ""
    """The provider's own id of it."""
    action_url: str = ""
    """Where the buyer goes to complete it."""


@dataclass(frozen=True, slots=True)
class ProviderState:
    """What the provider says of an attempt.

    ``status`` is authorized, captured, pending, declined, failed, voided or not_found.
    """

    status: str
    code: str = ""
    reference: str = ""
    action_url: str = ""


@dataclass(slots=True)
class Payment(CapturedMoney):
    """The payment of one order; amounts in minor units of ``currency``."""

    attempt: Attempt | None = None
    """None when no provider has a part in it, such as cash on delivery."""
    failure: str = ""
    expires_at: datetime | None = None
    version: int = 0
    checks: int = 0
    """How often somebody looked after it in vain since its status changed."""

    @property
    def is_tombstone(self) -> bool:
        """Whether the order was closed before anybody tried to pay it."""
        return not self.provider

    @property
    def unresolved(self) -> bool:
        """Whether a call was made whose effect we do not know for good."""
        return (
            self.status == status.NONE
            and self.attempt is not None
            and self.attempt.status in (STARTED, UNKNOWN, PENDING)
        )

    @property
    def given_back(self) -> bool:
        """Whether nothing is held or kept of the buyer's money, as far as the provider told us."""
        if self.unresolved and self.attempt is not None:
            return self.attempt.status == PENDING
        if self.status == status.CHARGED_BACK:
            return self.captured_minor == self.refunded_minor + self.disputed_minor
        return self.status in (status.NONE, status.FAILED, status.VOIDED, status.REFUNDED)

    @property
    def unwanted(self) -> bool:
        """Whether whatever the provider holds or took has to go back."""
        return self.closed_at is not None or self.status in (status.FAILED, status.VOIDED)

    def may_call(self, now: datetime) -> bool:
        """Whether the attempt may be sent (again): it is wanted and no call is under way."""
        attempt = self.attempt
        if attempt is None or self.closed_at is not None or self.status != status.NONE:
            return False
        return attempt.status == UNKNOWN or (
            attempt.status == STARTED and now - attempt.called_at >= CALL_LIMIT
        )

    def start_call(self, now: datetime) -> bool:
        """Note that the attempt is being sent again; False when it may not be."""
        if not self.may_call(now) or self.attempt is None:
            return False
        self.attempt.status = STARTED
        self.attempt.called_at = now
        self.touched = True
        return True

    def lose_answer(self) -> None:
        """Note that a call ended without an answer: it may have had its effect."""
        if self.attempt is not None and self.unresolved and self.attempt.status == STARTED:
            self.attempt.status = UNKNOWN
            self.touched = True

    def learn(
        self, state: ProviderState, now: datetime, pending_ttl_s: float | None = None
    ) -> None:
        """Take in what the provider says of the attempt; an old answer changes nothing.

        ``pending_ttl_s`` is how long the provider lets a pending payment succeed. Raises
        IllegalTransition when the provider denies money that it took before.
        """
        self._keep_reference(state)
        if state.status == "authorized":
            if self.status == status.NONE:
                self._authorize()
        elif state.status == "captured":
            if self.status not in status.HOLDS_CAPTURED_MONEY:
                self._capture()
        elif state.status == "voided":
            self._end(status.VOIDED, "", PaymentVoided())
        elif state.status in ("declined", "failed"):
            reason = state.code or "declined"
            self._end(status.FAILED, reason, PaymentFailed(reason))
        elif state.status == "not_found":
            self._learn_not_found(now)
        elif self.status == status.NONE and self.attempt is not None:
            self._learn_pending(now, pending_ttl_s)

    def fail_capture(self, reason: str) -> None:
        """The provider refused the capture for good. Raises IllegalTransition once captured."""
        self._end(status.FAILED, reason, PaymentFailed(reason))

    def next_check_at(self, now: datetime) -> datetime | None:
        """Return when somebody should look after the payment, or None when nothing is open.

        Each check in vain doubles the pause, up to 64 times; a delivery has a time of its own.
        """
        pause = self._pause()
        due = self.deliveries_due_at(now)
        if pause is None:
            return due
        check_at: datetime = now + pause * 2 ** min(self.checks, _MAX_DOUBLINGS)
        return check_at if due is None else min(due, check_at)

    def saved(self) -> None:
        """Forget what was saved, because it must not be saved again."""
        self.version += 1
        self.booked_minor = self.refundable_minor
        self.events.clear()
        self.postings.clear()
        self.touched = False

    def _pause(self) -> timedelta | None:
        if self.unresolved and self.attempt is not None:
            return _PAUSES[self.attempt.status]
        if self.closed_at is not None and self.status == status.AUTHORIZED:
            return _CHECK_UNKNOWN
        if self.must_refund_rest:
            return _CHECK_UNKNOWN
        return _CHECK_REFUND if self.refunding_minor else None

    def _keep_reference(self, state: ProviderState) -> None:
        attempt = self.attempt
        if attempt is None:
            return
        reference = state.reference or attempt.reference
        action_url = state.action_url or attempt.action_url
        if (reference, action_url) != (attempt.reference, attempt.action_url):
            attempt.reference, attempt.action_url = reference, action_url
            self.touched = True

    def _authorize(self) -> None:
        self._move(status.AUTHORIZED)
        if self.closed_at is None:
            # Nobody waits for the authorization of a closed order; its void is told instead.
            self.events.append(PaymentAuthorized())

    def _capture(self) -> None:
        self.late = self.unwanted
        self._move(status.CAPTURED)
        self.captured_minor = self.amount_minor
        self.postings.append(
            postings.capture(self.id, self.provider, self.amount_minor, self.currency)
        )
        if not self.late:
            self.postings.append(postings.split(self.id, self.splits, self.currency))
        self.events.append(PaymentCaptured())

    def _end(self, wanted: str, reason: str, event: Event) -> None:
        if self.status in (status.FAILED, status.VOIDED):
            return
        self._move(wanted)
        self.failure = reason
        if self.attempt is not None:
            self.attempt.code = reason
        self.events.append(event)

    def _learn_not_found(self, now: datetime) -> None:
        attempt = self.attempt
        if self.unresolved and attempt is not None and now - attempt.called_at >= LOST_AFTER:
            self._end(status.FAILED, "not_received", PaymentFailed("not_received"))

    def _learn_pending(self, now: datetime, pending_ttl_s: float | None) -> None:
        attempt = self.attempt
        if attempt is None:
            return
        if pending_ttl_s is not None and now - attempt.created_at > timedelta(
            seconds=pending_ttl_s
        ):
            self._end(status.FAILED, "expired", PaymentFailed("expired"))
        elif attempt.status != PENDING:
            attempt.status = PENDING
            self.touched = True

    def _move(self, wanted: str) -> None:
        CapturedMoney._move(self, wanted)
        self.checks = 0
        if self.attempt is not None and wanted in _ATTEMPT_STATUS:
            self.attempt.status = _ATTEMPT_STATUS[wanted]


_ATTEMPT_STATUS: Final[Mapping[str, str]] = {
    status.AUTHORIZED: "authorized",
    status.CAPTURED: "captured",
    status.FAILED: "declined",
    status.VOIDED: "voided",
}
