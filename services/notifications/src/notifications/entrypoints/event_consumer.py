"""Events of other contexts, recorded a batch at a time and told after the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chassis.clock import Clock
from chassis.database import Session, Statements
from chassis.envelope import Envelope
from notifications.app.ports import EventStore, NoticeTexts, RealtimePublisher
from notifications.app.record_updates import Recorded, RecordUpdates, record_updates
from notifications.app.tell_messages import tell_messages
from notifications.domain.updates import Update

Parsers = Mapping[str, Callable[[Envelope], Update]]


class EventRecorder:
    """What a context's consumer does with its events."""

    def __init__(
        self,
        parsers: Parsers,
        store_of: Callable[[Statements, Sequence[Envelope]], EventStore],
        texts: NoticeTexts,
        publisher: RealtimePublisher,
        clock: Clock,
        nudge: Callable[[], None],
    ) -> None:
        self._parsers = parsers
        self._store_of = store_of
        self._texts = texts
        self._publisher = publisher
        self._clock = clock
        self._nudge = nudge
        self._recorded = Recorded([], mail=False)

    async def record(self, events: Sequence[Envelope], session: Session) -> None:
        """Store the effects of a batch in the inbox transaction.

        A consumer works through one batch after the other: what an earlier batch left untold was
        rolled back with it.
        """
        updates = [self._parsers[event.name](event) for event in events]
        command = RecordUpdates(updates, self._clock.now())
        self._recorded = await record_updates(command, self._store_of(session, events), self._texts)

    async def tell(self, events: Sequence[Envelope]) -> None:
        """Publish the batch's messages, now that they are committed, and wake the mail worker."""
        recorded, self._recorded = self._recorded, Recorded([], mail=False)
        if recorded.mail:
            self._nudge()
        await tell_messages(recorded.messages, self._publisher)
