"""The checkout saga's state: which step it is at, and what resumes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from orders.domain.errors import IllegalTransition

PLACING: Final = "placing"
RESERVING: Final = "reserving"
AUTHORIZING: Final = "authorizing"
WAITING: Final = "waiting"
CONFIRMING: Final = "confirming"
SETTLING: Final = "settling"
DONE: Final = "done"
COMPENSATING: Final = "compensating"
CANCELLED: Final = "cancelled"

STEPS: Final[Mapping[str, frozenset[str]]] = {
    PLACING: frozenset({RESERVING}),
    # A buyer may cancel, and an order may expire, at any step before done.
    RESERVING: frozenset({AUTHORIZING, COMPENSATING}),
    AUTHORIZING: frozenset({AUTHORIZING, WAITING, CONFIRMING, COMPENSATING}),
    WAITING: frozenset({CONFIRMING, COMPENSATING}),
    CONFIRMING: frozenset({SETTLING, COMPENSATING}),
    SETTLING: frozenset({DONE, COMPENSATING}),
    DONE: frozenset({COMPENSATING}),
    COMPENSATING: frozenset({CANCELLED}),
    CANCELLED: frozenset(),
}
"""Staying at a step while a peer's answer is unknown is no move: only attempts and time change."""

RUNNABLE: Final = frozenset({RESERVING, AUTHORIZING, CONFIRMING, COMPENSATING})
"""Steps that can be taken at once; waiting and settling have their own time."""

_BACKOFF_FIRST_S: Final = 0.5
_BACKOFF_MAX_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """How the buyer pays, kept until the payment is decided."""

    type: str
    token: str
    phone: str


NO_ANSWER: Final = "no_answer"
"""The note of a step that is to be tried again, because a peer's answer did not come."""


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step that a saga came to, or could not leave, and why."""

    step: str
    at: datetime
    note: str = ""
    """What led there where it is not plain: a reason to cancel, ``no_answer``."""
    trace_id: str = ""
    """Trace in which it was stored; empty for the trace that the checkout began in."""


@dataclass(frozen=True, slots=True)
class Saga:
    """Where the checkout of one order stands.

    ``next_attempt_at`` is when a worker may take it: until then it belongs to whoever took it
    last. ``hold_until`` is when catalog's hold ends by itself.
    """

    step: str
    attempts: int
    next_attempt_at: datetime | None
    hold_until: datetime
    method: PaymentMethod | None
    traceparent: str
    history: tuple[StepTaken, ...] = ()
    """Every step since the order was placed, oldest first."""

    def to(self, step: str, now: datetime, *, at: datetime | None, note: str = "") -> Saga:
        """Move to a step that the table allows; raises IllegalTransition.

        Attempts start again from 0; a worker may take it from ``at`` on, or never.
        """
        if step not in STEPS[self.step]:
            raise IllegalTransition("saga", self.step, step)
        history = (*self.history, StepTaken(step, now, note))
        return replace(self, step=step, attempts=0, next_attempt_at=at, history=history)

    def later(self, now: datetime, not_after: datetime | None = None) -> Saga:
        """Stay, and be tried again after a pause that doubles up to ten seconds.

        The first time in vain is kept in the history; ``attempts`` counts the others.
        """
        at = now + backoff(self.attempts)
        if not_after is not None:
            at = max(min(at, not_after), now)
        history = self.history
        if self.attempts == 0:
            history = (*history, StepTaken(self.step, now, NO_ANSWER))
        return replace(self, attempts=self.attempts + 1, next_attempt_at=at, history=history)


def backoff(attempts: int) -> timedelta:
    """Return the pause after so many failed attempts: 0.5 s, 1 s, 2 s ... 10 s."""
    return timedelta(seconds=min(_BACKOFF_FIRST_S * 2 ** min(attempts, 10), _BACKOFF_MAX_S))
