"""How much each client has asked of this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from gateway.quotas import WINDOW_S, Outcome, Quota, outcome

Asked = Sequence[tuple[str, Quota]]
"""Buckets that one request draws on: from all of them, or from none."""

_MAX_KEPT = 200_000


class MemoryBuckets:
    """Buckets of this process; ``now`` returns seconds that never go back.

    What nobody drew on for a whole window is empty, so two generations are all that is kept.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._turns_at = now() + WINDOW_S

    def take(self, asked: Asked) -> list[Outcome]:
        """Draw on every bucket unless one has too little; return what each has to say."""
        now = self._now()
        if now >= self._turns_at or len(self._young) >= _MAX_KEPT:
            self._old, self._young = self._young, {}
            self._turns_at = now + WINDOW_S
        filled = []
        for key, quota in asked:
            empty_at = self._young.get(key) or self._old.get(key, 0.0)
            filled.append((empty_at if empty_at > now else now) + quota.interval_s - now)
        outcomes = [outcome(each, quota) for each, (_, quota) in zip(filled, asked, strict=True)]
        if all(each.allowed for each in outcomes):
            for each, (key, _) in zip(filled, asked, strict=True):
                self._young[key] = now + each
        return outcomes

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
