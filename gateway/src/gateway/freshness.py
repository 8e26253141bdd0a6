"""What makes cached answers and revoked sessions known to every worker, within a moment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence

from chassis.broker import Broker
from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.logs import get_logger
from gateway.authentication import RevokedSessions, SecuredAccounts
from gateway.cached_reads import CachedReads
from soko.events.v1 import catalog_pb2, identity_pb2

CHANGED_SUBJECT = "soko.gateway.catalog_changed"
"""Core NATS: a gateway tells the others what was changed through it.

The data is the teller's own name, a space, and a product id or ``*`` for everything.
"""
REVOKED_SUBJECT = "soko.sessions.revoked"
"""Core NATS: a gateway tells the others which session or API key ended, or which account has a
second factor from now on; data is its id."""

_EVERYTHING = "*"
_STOCK_PAUSE_S = 0.4
_REFRESH_PAUSE_S = 1.0
_ProductEvent = (
    catalog_pb2.ProductPublished | catalog_pb2.ProductUpdated | catalog_pb2.ProductArchived
)
_PRODUCT_EVENTS: Mapping[str, Callable[[bytes], _ProductEvent]] = {
    "product_published": catalog_pb2.ProductPublished.FromString,
    "product_updated": catalog_pb2.ProductUpdated.FromString,
    "product_archived": catalog_pb2.ProductArchived.FromString,
}
_log = get_logger(__name__)


class Freshness:
    """Keeps the cache true: by catalog's events, and by word of the worker that wrote.

    Stock changes often, so lists are forgotten for its sake at most once in 0.4 s.
    """

    def __init__(
        self,
        reads: CachedReads,
        broker: Broker,
        on_reset: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._reads = reads
        self._broker = broker
        self._on_reset = on_reset
        self._name = os.urandom(8).hex()
        self._stock_timer: asyncio.TimerHandle | None = None
        self._lists_dirty = False
        self._listening = False

    @property
    def listening(self) -> bool:
        """Whether changes are heard of."""
        return self._listening

    async def start(self) -> None:
        """Follow catalog's events and the other gateways' words from now on."""
        names = (*_PRODUCT_EVENTS, "stock_changed")
        await self._broker.follow("catalog", self._on_event, self.reset, names)

    async def reset(self) -> None:
        """Forget everything after a (re)connect: events may have been missed."""
        self.forget_all()
        if not self._listening:
            await self._broker.subscribe_core(CHANGED_SUBJECT, self._on_word)
            self._listening = True
        if self._on_reset is not None:
            await self._on_reset()

    def forget_all(self) -> None:
        """Forget everything in this worker."""
        self._reads.cache.forget_all()
        self._reads.forget_flights()

    async def product_changed(self, product_id: str) -> None:
        """Forget a product here and in the other workers, after it was written through us."""
        self._forget_product(product_id)
        await self._tell(product_id)

    async def everything_changed(self) -> None:
        """Forget everything here and in the other workers."""
        self.forget_all()
        await self._tell(_EVERYTHING)

    async def _tell(self, changed: str) -> None:
        try:
            await self._broker.publish_core(CHANGED_SUBJECT, f"{self._name} {changed}".encode())
        except ServiceError:
            _log.info("others_not_told", subject=CHANGED_SUBJECT)

    async def _on_word(self, _subject: str, data: bytes) -> None:
        teller, _, changed = data.decode("ascii", "replace").partition(" ")
        if teller == self._name:
            return
        if changed == _EVERYTHING:
            self.forget_all()
        else:
            self._forget_product(changed)

    async def _on_event(self, envelope: Envelope) -> None:
        read = _PRODUCT_EVENTS.get(envelope.name)
        if read is not None:
            self._forget_product(read(envelope.data).product.product_id)
        else:
            changed = catalog_pb2.StockChanged.FromString(envelope.data)
            self._reads.cache.forget_tag(changed.product_id)
            self._reads.forget_flights()
            self._forget_lists_soon()

    def _forget_product(self, product_id: str) -> None:
        self._reads.cache.forget_tag(product_id)
        self._reads.cache.forget_lists()
        self._reads.forget_flights()

    def _forget_lists_soon(self) -> None:
        if self._stock_timer is not None:
            self._lists_dirty = True
            return
        self._reads.cache.forget_lists()
        loop = asyncio.get_running_loop()
        self._stock_timer = loop.call_later(_STOCK_PAUSE_S, self._after_pause)

    def _after_pause(self) -> None:
        self._stock_timer = None
        if self._lists_dirty:
            self._lists_dirty = False
            self._forget_lists_soon()

    def close(self) -> None:
        """Stop the timer."""
        if self._stock_timer is not None:
            self._stock_timer.cancel()


class SessionNews:
    """Keeps what access tokens cannot say true in every worker.

    That is which sessions and API keys ended and which accounts set a second factor. ``fetch``
    asks identity for the ids of all at this moment.
    """

    def __init__(
        self,
        revoked: RevokedSessions,
        secured: SecuredAccounts,
        broker: Broker,
        fetch: Callable[[], Awaitable[Sequence[str]]],
    ) -> None:
        self._revoked = revoked
        self._secured = secured
        self._broker = broker
        self._fetch = fetch
        self._listening = False
        self._fetching: asyncio.Task[None] | None = None

    @property
    def listening(self) -> bool:
        """Whether revocations are heard of."""
        return self._listening

    async def start(self) -> None:
        """Follow identity's events and the other gateways' words from now on."""
        await self._broker.follow("identity", self._on_event, self.reset)
        self.refresh()

    async def reset(self) -> None:
        """Ask again after a (re)connect: events may have been missed."""
        if not self._listening:
            await self._broker.subscribe_core(REVOKED_SUBJECT, self._on_word)
            self._listening = True
        self.refresh()

    def refresh(self) -> None:
        """Ask identity beside the caller, as often as it takes."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._refresh())

    async def announce(self, told: str) -> None:
        """Take in the id of a session, key or account, here and in the other workers."""
        self._take_in(told)
        try:
            await self._broker.publish_core(REVOKED_SUBJECT, told.encode())
        except ServiceError:
            _log.warning("others_not_told", subject=REVOKED_SUBJECT)

    async def _refresh(self) -> None:
        while True:
            try:
                for told in await self._fetch():
                    self._take_in(told)
            except ServiceError as error:
                _log.debug("revoked_sessions_unknown", error=str(error))
                await asyncio.sleep(_REFRESH_PAUSE_S)
            else:
                return

    async def _on_event(self, envelope: Envelope) -> None:
        if envelope.name == "session_revoked":
            event = identity_pb2.SessionRevoked.FromString(envelope.data)
            self._revoked.add(event.session_id)
        elif envelope.name == "api_key_revoked":
            key = identity_pb2.ApiKeyRevoked.FromString(envelope.data)
            self._revoked.add(key.api_key_id)
        elif envelope.name == "second_factor_changed":
            changed = identity_pb2.SecondFactorChanged.FromString(envelope.data)
            if changed.enabled:
                self._secured.add(changed.account_id)
            else:
                self._secured.discard(changed.account_id)

    async def _on_word(self, _subject: str, data: bytes) -> None:
        self._take_in(data.decode("ascii", "replace"))

    def _take_in(self, told: str) -> None:
        (self._secured if told.startswith("usr_") else self._revoked).add(told)

    def close(self) -> None:
        """Stop asking."""
        if self._fetching is not None:
            self._fetching.cancel()
