"""Telling how long unfinished sagas have been where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from orders.domain.saga import STEPS, WAITING


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The sagas that are at one step."""

    order_id: str
    """Of the one that came there first."""
    since: datetime
    """When that was."""
    sagas: int


class SagaAges(Protocol):
    """Unfinished sagas, counted."""

    async def per_step(self) -> Mapping[str, Unfinished]:
        """Return what is known per step; a step without sagas is left out."""
        ...


STUCK_AFTER = timedelta(minutes=1)
"""A peer that is away or a provider that hangs: longer than any retry of a healthy one takes."""

STEPS_WATCHED = tuple(step for step, further in STEPS.items() if further)


def is_stuck(step: str, found: Unfinished, now: datetime) -> bool:
    """Tell whether somebody should look: buyers may take their time, nobody else may."""
    return step != WAITING and now - found.since > STUCK_AFTER
