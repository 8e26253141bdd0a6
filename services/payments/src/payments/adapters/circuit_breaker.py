"""A circuit breaker (M. Nygard, Release It!): stop asking who keeps failing, then ask carefully."""

from __future__ import annotations

import time
from collections.abc import Callable


class CircuitBreaker:
    """Opens after some failures in a row; after a pause lets one call through to see.

    It answers one question and holds three numbers: a library's decorators, listeners and stores
    would be more to understand than this is.
    """

    def __init__(
        self,
        *,
        failures: int = 10,
        pause_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._failures = 0
        self._closed_until_tried = 0.0

    def lets_through(self) -> bool:
        """Whether a call may be made now; in an open circuit one per pause may."""
        if self._failures < self._limit:
            return True
        now = self._clock()
        if now < self._closed_until_tried:
            return False
        self._closed_until_tried = now + self._pause_s
        return True

    def succeeded(self) -> None:
        """Note a call that was answered."""
        self._failures = 0

    def failed(self) -> None:
        """Note a call that was not."""
        self._failures += 1
        if self._failures >= self._limit:
            self._closed_until_tried = self._clock() + self._pause_s
