"""Failed logins in memory; they keep the same promises as those on PostgreSQL."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from identity.domain.login_backoff import (
    ADDRESS,
    NAME,
    NAME_AT_ADDRESS,
    REMEMBERED,
    Backoff,
    Claim,
)

LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class Count:
    failures: float
    as_of: datetime
    not_before: datetime


class MemoryLoginAttempts:
    def __init__(self) -> None:
        self.counts: dict[tuple[str, ...], Count] = {}
        self.known: dict[tuple[str, str], datetime] = {}

    def _asked(self, claim: Claim, now: datetime) -> dict[tuple[str, ...], Backoff]:
        pair = (claim.email_key, claim.client)
        asked = {("at", *pair): NAME_AT_ADDRESS}
        if self.known.get(pair, now) <= now:
            if claim.client:
                asked[("address", claim.client)] = ADDRESS
            asked[("name", claim.email_key)] = NAME
        return asked

    async def begin(self, claim: Claim, now: datetime) -> int:
        asked = self._asked(claim, now)
        known = {key: self.counts[key] for key in asked if key in self.counts}
        until = max((count.not_before for count in known.values()), default=now)
        if until > now:
            return max(1, math.ceil((until - now).total_seconds()))
        for key, rule in asked.items():
            count = known.get(key, Count(0, now, LONG_AGO))
            forgotten = max(0.0, (now - count.as_of).total_seconds()) / rule.forgets_s
            failures = 1 + max(0.0, count.failures - forgotten)
            wait_s = min(rule.longest_s, 2 ** max(0, math.ceil(failures - rule.free - 1)))
            until = now + timedelta(seconds=wait_s) if failures > rule.free else LONG_AGO
            self.counts[key] = Count(failures, max(count.as_of, now), until)
        return 0

    async def withdraw(self, claim: Claim, now: datetime) -> None:
        for key in self._asked(claim, now):
            if key in self.counts:
                count = self.counts[key]
                self.counts[key] = Count(max(0, count.failures - 1), count.as_of, LONG_AGO)

    async def succeed(self, claim: Claim, now: datetime) -> None:
        await self.withdraw(claim, now)
        self.counts.pop(("at", claim.email_key, claim.client), None)
        await self.remember(claim, now)

    async def remember(self, claim: Claim, now: datetime) -> None:
        self.known[(claim.email_key, claim.client)] = now + REMEMBERED
