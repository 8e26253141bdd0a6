"""The commission rules that are in force, read anew every few seconds."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from chassis.clock import Clock
from payments.app.ports import CommissionRules
from payments.domain.commission import CommissionRule, RuleBook

_FRESH_FOR = timedelta(seconds=10)


class CurrentRules:
    """Keeps the rules for ten seconds: checkouts ask no database for them."""

    def __init__(self, rules: CommissionRules, default: CommissionRule, clock: Clock) -> None:
        self._rules = rules
        self._default = default
        self._clock = clock
        self._reading = asyncio.Lock()
        self._book: RuleBook | None = None
        self._read_at: datetime | None = None

    async def book(self) -> RuleBook:
        """Return the rules; raises ServiceError ``unavailable`` when they cannot be read."""
        if self._book is None or not self._fresh:
            async with self._reading:
                if self._book is None or not self._fresh:
                    read_at = self._clock.now()
                    self._book = RuleBook(await self._rules.all(), self._default)
                    self._read_at = read_at
        return self._book

    @property
    def _fresh(self) -> bool:
        return self._read_at is not None and self._clock.now() - self._read_at < _FRESH_FOR
