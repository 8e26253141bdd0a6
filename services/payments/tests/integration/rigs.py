"""The providers with whoever stands behind each, driven in the same way by one suite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import orjson

from chassis.clock import FixedClock
from payments.adapters.daraja import Daraja, DarajaAccount
from payments.adapters.guarded_provider import GuardedProvider
from payments.adapters.json_http import JsonHttp
from payments.adapters.mpesa import MpesaProvider
from payments.adapters.mpesa_callbacks import CallbackUrls
from payments.adapters.stripe import StripeAccount, StripeProvider
from payments.adapters.stripe_webhooks import StripeWebhooks
from payments.app.handle_events import HandleEvents
from payments.app.receive_webhook import ReceiveWebhook, ReceiveWebhookHandler
from payments.app.webhooks import ProviderEvents, Webhook
from services.payments.tests.builders import make_order, make_split
from services.payments.tests.conftest import Desk
from simulators import daraja, stripe
from simulators.served import served


class Rig:
    """A provider, its simulator, and the desk of a payments service that uses it."""

    name: str
    good: dict[str, str]
    no_funds: dict[str, str]

    def __init__(self, provider, verifier, simulator, payments, events, clock) -> None:
        self.simulator = simulator
        self.clock = clock
        self.events = events
        self.provider = provider
        self.desk = Desk(payments, GuardedProvider(provider), clock)
        handler = ReceiveWebhookHandler({self.name: verifier}, events, clock, lambda: None)
        self.receive_handler = handler
        self.handle_events = HandleEvents(events, payments, self.desk.settler, clock).handle
        self._told = 0

    def order(self, amount_minor=1000, **values):
        split = make_split(goods_minor=amount_minor)
        how = {"token": "", "phone": "", **self.good, **values}
        return make_order(how["token"], split, phone=how["phone"])

    async def receive(self, webhook: Webhook) -> None:
        await self.receive_handler.handle(ReceiveWebhook(self.name, webhook))

    async def deliver(self, *, times=1, backwards=False) -> int:
        """Deliver what the provider has to tell since the last time; handle all of it."""
        webhooks = self.webhooks()[self._told :]
        self._told += len(webhooks)
        for webhook in reversed(webhooks) if backwards else webhooks:
            for _ in range(times):
                await self.receive(webhook)
        while await self.handle_events():
            pass
        return len(webhooks)

    async def payment(self, order):
        return await self.desk.payments.find_by_order(order.order_id)


class StripeRig(Rig):
    name = "stripe"
    good = {"token": stripe.GOOD}
    no_funds = {"token": stripe.NO_FUNDS}
    awaiting = {"token": stripe.NEEDS_3DS}

    def webhooks(self):
        return [self.webhook(event) for event in self.simulator.events]

    def webhook(self, event, at=None):
        moment = int(self.clock.now().timestamp()) if at is None else at
        body, signature = self.simulator.signed(event, moment)
        return Webhook(body, {"stripe-signature": signature}, {})

    def buyer(self, *, pays):
        (intent,) = self.simulator.intents.values()
        self.simulator.finish_3ds(intent["id"], succeed=pays)

    @property
    def charges(self):
        """How often money was held or taken."""
        return sum(1 for each in self.simulator.intents.values() if each["latest_charge"])


class MpesaRig(Rig):
    name = "mpesa"
    good = {"phone": "+254712345678"}
    awaiting = good

    def webhooks(self):
        return [self.webhook(callback) for callback in self.simulator.callbacks]

    def webhook(self, callback):
        query = dict(parse_qsl(urlsplit(callback.url).query))
        return Webhook(orjson.dumps(callback.body), {}, query)

    def buyer(self, *, pays):
        for push in self.simulator.pushes:
            self.simulator.answer(push, "0" if pays else "1032")

    @property
    def charges(self):
        return sum(1 for each in self.simulator.pushes if each.result_code == "0")


@asynccontextmanager
async def stripe_rig(payments, events: ProviderEvents, *, manual=True) -> AsyncIterator[StripeRig]:
    simulator = stripe.StripeSimulator()
    clock = FixedClock(datetime.now(UTC))
    async with served(simulator.app) as url:
        account = StripeAccount(simulator.secret_key, url, "https://shop.test/back", manual)
        provider = StripeProvider(account)
        verifier = StripeWebhooks(simulator.webhook_secret)
        yield StripeRig(provider, verifier, simulator, payments, events, clock)
        await provider.close()


@asynccontextmanager
async def mpesa_rig(payments, events: ProviderEvents) -> AsyncIterator[MpesaRig]:
    simulator = daraja.DarajaSimulator()
    clock = FixedClock(datetime.now(UTC))
    async with served(simulator.app) as url:
        http = JsonHttp(url)
        account = DarajaAccount("key", "secret", "174379", "passkey", "api", "credential")
        urls = CallbackUrls("https://shop.test", "a secret for tests that is long enough")
        provider = MpesaProvider(Daraja(http, account, clock.now), urls, events, clock.now)
        yield MpesaRig(provider, urls, simulator, payments, events, clock)
        await http.close()
