"""Comparing the books with what a provider says that it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from chassis.clock import Clock
from chassis.ids import new_id
from payments.app.methods import Methods
from payments.app.provider import Movement
from payments.domain.errors import PeriodInvalid

MISSING_HERE: Final = "missing_here"
MISSING_THERE: Final = "missing_there"
AMOUNT_DIFFERS: Final = "amount_differs"
STATUS_DIFFERS: Final = "status_differs"

_LONGEST = timedelta(days=31)
_SETTLING = timedelta(minutes=5)
"""What happened a moment ago may be on its way into the books."""
_HEARD_OF_LATE = timedelta(days=3)
"""A movement may be booked this much later than the provider made it."""
_MOST_DIFFERENCES = 1000


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Compare captures and refunds of a period; ``since`` is included, ``until`` is not."""

    provider: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One capture or refund on which the books and the provider disagree."""

    kind: str
    """missing_here, missing_there, amount_differs or status_differs."""
    movement: str
    """capture or refund."""
    movement_id: str
    """The provider's id of it; empty if it has none."""
    order_id: UUID | None
    subject_id: UUID | None
    """Our attempt of a capture, or our refund."""
    ours: tuple[int, str] | None
    """Minor units and currency, None where we have nothing."""
    theirs: tuple[int, str] | None
    status: str
    """How it stands with us, empty where we have nothing."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a comparison found; ``complete`` is False when there are more differences than told."""

    since: datetime
    until: datetime
    theirs: int
    """How many movements of the provider were looked at."""
    ours: int
    differences: Sequence[Difference]
    complete: bool


class ReportedMovements(Protocol):
    """Where a provider's report stands while it is compared: it may be larger than memory."""

    async def keep(self, run: UUID, first: int, movements: Sequence[Movement]) -> None:
        """Store a page of the report of one run; ``first`` is the number of its first line."""
        ...

    async def compare(
        self, run: UUID, provider: str, since: datetime, until: datetime, limit: int
    ) -> tuple[int, list[Difference]]:
        """Return how many of ours were looked at, and differences, at most ``limit``."""
        ...

    async def forget(self, run: UUID) -> None:
        """Delete a run, and those that a crash left behind."""
        ...


class ReconcileHandler:
    """Puts the report into the database page by page and compares there."""

    def __init__(self, methods: Methods, reported: ReportedMovements, clock: Clock) -> None:
        self._methods = methods
        self._reported = reported
        self._clock = clock

    async def handle(self, command: Reconcile) -> Reconciliation:
        """Return the differences of a period, without its last minutes if it is not over.

        Raises PeriodInvalid, MethodUnavailable for an unknown provider, and ProviderAway.
        """
        until = min(command.until, self._clock.now() - _SETTLING)
        if not timedelta(0) < until - command.since <= _LONGEST:
            raise PeriodInvalid("a period is of at most 31 days, and ended five minutes ago")
        provider = self._methods.provider(command.provider)
        run, count = new_id(), 0
        try:
            reported = provider.report(command.since - _HEARD_OF_LATE, self._clock.now())
            async for page in reported:
                kept = [each for each in page if each.kind in ("capture", "refund")]
                await self._reported.keep(run, count, kept)
                count += len(kept)
            ours, found = await self._reported.compare(
                run, provider.name, command.since, until, _MOST_DIFFERENCES + 1
            )
        finally:
            await self._reported.forget(run)
        told = found[:_MOST_DIFFERENCES]
        return Reconciliation(command.since, until, count, ours, told, len(told) == len(found))
