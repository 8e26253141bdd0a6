"""Webhooks: verified, stored once, handled from the store; the provider has the last word."""

import asyncio
from datetime import timedelta

import pytest

from chassis.errors import ServiceError
from chassis.ids import new_id
from payments.app.capture import CaptureOrders
from payments.app.handle_events import HandleEvents
from payments.app.receive_webhook import ReceiveWebhook, ReceiveWebhookHandler
from payments.app.webhooks import ProviderEvent, Webhook
from payments.domain.errors import SignatureInvalid
from payments.domain.payment import ProviderState
from services.payments.tests.builders import NOW, make_order
from services.payments.tests.fakes import MemoryEvents


class Verifier:
    """Takes a webhook whose body names an event and, after a space, a reference."""

    def verify(self, webhook, now):
        if webhook.headers.get("signature") != "good":
            raise SignatureInvalid("no")
        event_id, _, reference = webhook.body.decode().partition(" ")
        return ProviderEvent(event_id, "test", None, reference)


@pytest.fixture
def memory_events():
    return MemoryEvents()


@pytest.fixture(params=["memory", "postgres"])
def events(request):
    return request.getfixturevalue(f"{request.param}_events")


def event(name, attempt_id=None, reference=""):
    return ProviderEvent(name, "test", attempt_id, reference, {"a": 1})


async def test_an_event_is_kept_once_and_comes_again_until_it_is_handled(events):
    mine, attempt_id = event(str(new_id()), new_id(), "pi_1"), new_id()
    mine = event(mine.event_id, attempt_id, "pi_1")
    added = await asyncio.gather(*(events.add("stripe", mine, NOW) for _ in range(5)))
    assert sorted(added) == [False] * 4 + [True]
    assert await events.add("mpesa", mine, NOW)
    (stored,) = await claimed(events, "stripe", mine, NOW)
    assert (stored.event, stored.tries) == (mine, 1)
    assert await claimed(events, "stripe", mine, NOW) == []
    (again,) = await claimed(events, "stripe", mine, NOW + timedelta(seconds=6))
    assert (again.id, again.tries) == (stored.id, 2)
    await events.handled(stored.id, NOW)
    assert await claimed(events, "stripe", mine, NOW + timedelta(days=9)) == []
    assert await events.of_attempt("stripe", attempt_id) == [mine]
    assert await events.of_attempt("stripe", new_id()) == []


async def claimed(events, provider, wanted, now):
    found = []
    while batch := await events.claim_due(now, 100):
        found += batch
    return [
        each
        for each in found
        if (each.provider, each.event.event_id) == (provider, wanted.event_id)
    ]


@pytest.fixture
def office(desk, memory_events, clock):
    """The post of a provider by the name of sandbox."""
    return Office(desk, memory_events, clock)


class Office:
    def __init__(self, desk, events, clock):
        self.events, self.nudged = events, []
        verifiers = {"sandbox": Verifier()}
        nudge = lambda: self.nudged.append(1)  # noqa: E731
        self.receive_handler = ReceiveWebhookHandler(verifiers, events, clock, nudge)
        self.handle = HandleEvents(events, desk.payments, desk.settler, clock).handle

    async def receive(self, text, provider="sandbox", signature="good"):
        webhook = Webhook(text.encode(), {"signature": signature}, {})
        await self.receive_handler.handle(ReceiveWebhook(provider, webhook))


async def test_what_is_forged_or_for_nobody_changes_nothing(office):
    with pytest.raises(SignatureInvalid):
        await office.receive("evt_1 pi_1", signature="bad")
    with pytest.raises(ServiceError):
        await office.receive("evt_1 pi_1", provider="stranger")
    assert office.events.stored == {}
    assert office.nudged == []


async def test_a_webhook_is_a_hint_and_the_provider_is_asked(office, desk, provider, memory):
    provider.outcome = "pending"
    order = make_order("tok_async")
    await desk.authorize.handle(order)
    (attempt_id,) = provider.state
    provider.state[attempt_id] = ProviderState("pending", reference="pi_1")
    await office.events.add("sandbox", event("evt_1", attempt_id), NOW)
    assert await office.handle() == 1
    payment = await memory.find_by_order(order.order_id)
    assert (payment.status, payment.attempt.reference) == ("none", "pi_1")
    provider.state[attempt_id] = ProviderState("authorized")
    await office.receive("evt_2 pi_1")
    assert office.nudged == [1]
    assert await office.handle() == 1
    assert (await memory.find_by_order(order.order_id)).status == "authorized"
    assert await office.handle() == 0


async def test_what_matches_nothing_is_tried_again_and_never_dropped(
    office, desk, provider, memory, clock
):
    await office.receive("evt_1 pi_later")
    for _ in range(20):
        assert await office.handle() == 1
        clock.advance(timedelta(hours=2))
    provider.outcome = "pending"
    order = make_order("tok_async")
    await desk.authorize.handle(order)
    (attempt_id,) = provider.state
    provider.state[attempt_id] = ProviderState("authorized", reference="pi_later")
    await desk.settler.refresh(await memory.find_by_order(order.order_id))
    assert await office.handle() == 1
    clock.advance(timedelta(days=1))
    assert await office.handle() == 0


async def test_an_event_whose_provider_is_silent_waits(office, desk, provider, clock):
    order = make_order()
    await desk.authorize.handle(order)
    (attempt_id,) = provider.state
    await office.events.add("sandbox", event("evt_1", attempt_id), NOW)
    provider.refused.add("find")
    assert await office.handle() == 1
    assert await office.handle() == 0
    provider.refused.clear()
    clock.advance(timedelta(seconds=6))
    assert await office.handle() == 1
    clock.advance(timedelta(days=1))
    assert await office.handle() == 0


async def test_a_late_success_of_a_closed_order_goes_back(office, desk, provider, memory):
    provider.outcome = "pending"
    order = make_order("tok_async")
    await desk.authorize.handle(order)
    (attempt_id,) = provider.state
    await memory.close(order.order_id, "expired", NOW)
    provider.state[attempt_id] = ProviderState("captured", reference="pi_1")
    await office.events.add("sandbox", event("evt_1", attempt_id), NOW)
    await office.handle()
    payment = await memory.find_by_order(order.order_id)
    assert (payment.status, payment.late) == ("refunded", True)
    assert sum(provider.paid_back.values()) == payment.amount_minor


async def test_capture_after_the_webhook_of_the_capture_is_no_second_one(
    office, desk, provider, memory
):
    order = make_order()
    await desk.authorize.handle(order)
    (attempt_id,) = provider.state
    provider.state[attempt_id] = ProviderState("captured")
    await office.events.add("sandbox", event("evt_1", attempt_id), NOW)
    done, _ = await asyncio.gather(
        desk.capture.handle(CaptureOrders((order.order_id,))), office.handle()
    )
    assert done == {order.order_id: "captured"}
    assert memory.balances["provider_receivable"] == 1000
