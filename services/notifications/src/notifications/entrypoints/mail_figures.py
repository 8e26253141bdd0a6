"""Mail that is not sent yet, as figures."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import datetime

from prometheus_client import Gauge

from chassis.clock import Clock

PENDING = Gauge("soko_mail_pending", "Mails that are not sent yet.")
OLDEST_S = Gauge("soko_mail_oldest_seconds", "For how long the oldest of them has waited.")


class MailFigures:
    """Looks at the mail that waits; each replica tells the same.

    ``backlog`` returns how many mails are not sent yet, and since when the oldest is to be.
    """

    def __init__(
        self, backlog: Callable[[], Awaitable[tuple[int, datetime | None]]], clock: Clock
    ) -> None:
        self._backlog = backlog
        self._clock = clock

    async def look(self) -> None:
        """Set the figures; what could not be looked at is not a number."""
        mails = oldest_s = math.nan
        try:
            mails, since = await self._backlog()
            oldest_s = max((self._clock.now() - since).total_seconds(), 0.0) if since else 0.0
        finally:
            PENDING.set(mails)
            OLDEST_S.set(oldest_s)
