"""ProviderWebhookService over gRPC, and the worker that acts on what it stored."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import parse_qsl

import grpc

from chassis.context import current_actor
from chassis.errors import ServiceError
from chassis.logs import get_logger
from payments.app.handle_events import HandleEvents
from payments.app.receive_webhook import ReceiveWebhook, ReceiveWebhookHandler
from payments.app.webhooks import Webhook
from soko.payments.v1 import provider_webhook_pb2 as pb
from soko.payments.v1 import provider_webhook_pb2_grpc

_INTERVAL_S = 1.0
_MOST_PARAMETERS = 20
Context = grpc.aio.ServicerContext[object, object]
_log = get_logger(__name__)


class ProviderWebhookServicer(provider_webhook_pb2_grpc.ProviderWebhookServiceServicer):
    """Takes the webhooks of payment providers."""

    def __init__(self, receive: ReceiveWebhookHandler) -> None:
        self._receive = receive

    async def ReceiveProviderWebhook(  # noqa: N802 - the contract's name
        self, request: pb.ReceiveProviderWebhookRequest, context: Context
    ) -> pb.ReceiveProviderWebhookResponse:
        """Verify and store a webhook; services only."""
        current_actor().require_service()
        try:
            query = dict(parse_qsl(request.query, max_num_fields=_MOST_PARAMETERS))
        except ValueError:
            query = {}
        webhook = Webhook(request.body, dict(request.headers), query)
        await self._receive.handle(ReceiveWebhook(request.provider, webhook))
        return pb.ReceiveProviderWebhookResponse()


class WebhookWorker:
    """Runs HandleEvents when nudged, and once a second for what has to be tried again."""

    def __init__(self, handle_events: HandleEvents, news: asyncio.Event) -> None:
        self._handle_events = handle_events
        self._news = news

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set."""
        while not stop.is_set():
            self._news.clear()
            try:
                handled = await self._handle_events.handle()
            except ServiceError as error:
                _log.warning("webhook_worker_waits", error=error.code)
                handled = 0
            if handled == 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_INTERVAL_S):
                        await _either(self._news, stop)


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
