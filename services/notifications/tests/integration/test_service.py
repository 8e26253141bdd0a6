"""The whole service on real parts: an event goes in, mail, entries and messages come out."""

import asyncio
import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from chassis.actor import Actor
from chassis.broker import Broker
from chassis.context import RequestContext, enter, leave
from chassis.envelope import Envelope, subject
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.grpc_server import SERVER_OPTIONS, RequestInterceptor
from chassis.ids import format_id, new_id
from chassis.process import ServiceContext
from chassis.replies import Outgoing
from devstack.testing import eventually
from notifications.bootstrap import build
from notifications.settings import Settings
from services.notifications.tests.builders import an_id
from services.notifications.tests.peers import Peers, a_wire_order
from soko.common.v1.page_pb2 import PageRequest
from soko.events.v1 import identity_pb2, orders_pb2, payments_pb2
from soko.identity.v1.account_pb2 import GetContactResponse
from soko.notifications.v1 import notification_pb2 as pb
from soko.notifications.v1.notification_pb2_grpc import (
    NotificationServiceStub,
    RealtimeServiceStub,
)
from soko.notifications.v1.timeline_pb2 import GetTimelineRequest
from soko.notifications.v1.timeline_pb2_grpc import TimelineServiceStub


class OneAccount:
    """Stands for the verifier of access tokens: the token is the account's id."""

    async def verify(self, token: str) -> Actor:
        return Actor(kind="account", account_id=token)


class Service:
    """The service as ``serve`` runs it, and a broker to tell it events."""

    def __init__(self, folder: Path, broker: Broker, url: str, nats_url: str, smtp_url: str):
        self.broker, self.told = broker, []
        self.peers = Peers(f"unix:{folder}/p.sock")
        self.target = f"unix:{folder}/n.sock"
        self.settings = Settings(
            secret="s" * 32,
            database_url=url,
            nats_url=nats_url,
            smtp_url=smtp_url,
            orders_target=self.peers.target,
            identity_target=self.peers.target,
            mail_retry_base_s=0.05,
            mail_rate_per_s=500,
        )
        self.stop = asyncio.Event()

    async def start(self) -> None:
        await self.peers.start()
        self.context = ServiceContext("notifications", self.settings)
        self.app = await build(self.context)
        for db in self.app.databases:
            await db.open()
        await self.app.broker.connect()
        self.server = grpc.aio.server(
            interceptors=[RequestInterceptor(OneAccount())], options=SERVER_OPTIONS
        )
        for add, servicer in self.app.services:
            add(servicer, self.server)
        self.server.add_insecure_port(self.target)
        await self.server.start()
        self.tasks = [asyncio.create_task(work.run(self.stop)) for work in self.app.background]
        self.peer = Peer("notifications", self.target, service="gateway")
        self.inbox = NotificationServiceStub(self.peer.channel)
        self.realtime = RealtimeServiceStub(self.peer.channel)

    async def end(self) -> None:
        self.stop.set()
        await asyncio.gather(*self.tasks)
        await self.peer.close()
        await self.server.stop(None)
        for close in [*(peer.close for peer in self.context.peers), *self.app.close]:
            await close()
        await self.app.broker.close()
        for db in self.app.databases:
            await db.close()
        await self.peers.stop()

    async def tell(self, context: str, name: str, message, event_id=None, again: bool = False):
        await self.broker.ensure_stream(context)
        event = Envelope(
            id=event_id or new_id(),
            name=name,
            source=f"/soko/{context}",
            time=datetime.now(UTC),
            aggregate_id="",
            sequence=1,
            traceparent="",
            data=message.SerializeToString(),
        )
        message_id = str(new_id() if again else event.id)
        outgoing = Outgoing(subject(context, name), event.data, event.headers(context, message_id))
        (answer,) = await self.broker.request_many([outgoing])
        assert answer is not None
        return event.id

    async def listen(self, group: str) -> None:
        async def heard(subject: str, data: bytes) -> None:
            self.told.append((subject, json.loads(data)))

        await self.broker.subscribe_core(f"soko.realtime.{group}", heard)

    async def call(self, account: str, method, request):
        token = enter(RequestContext(authorization=f"Bearer {account}"))
        try:
            return await self.peer.call(method, request, forward_actor=True)
        finally:
            leave(token)


@pytest.fixture
async def service(db, broker, notifications_database_url, own_nats_url, mail_server):
    folder = Path(tempfile.mkdtemp(prefix="soko-n-"))
    service = Service(folder, broker, notifications_database_url, own_nats_url, mail_server.url)
    await service.start()
    yield service
    await service.end()
    shutil.rmtree(folder)


def state(order_id: str, status: str = "confirmed", account: str = "", version: int = 1):
    return orders_pb2.OrderState(
        order_id=order_id,
        number="4821-7730-1",
        account_id=account,
        status=status,
        payment_status="authorized",
        fulfilment_status="unfulfilled",
        version=version,
    )


async def test_a_confirmed_order_is_mailed_noted_and_told(service, mail_server, db):
    order, account = an_id("ord"), an_id("usr")
    service.peers.orders[order] = a_wire_order(order, account_id=account)
    service.peers.contacts[account] = GetContactResponse(email="x@soko.example", locale="sw")
    await service.listen(f"order_{order}")
    await service.listen(f"user_{account}")
    await service.broker._client.flush()
    placed = orders_pb2.OrderPlaced(order=state(order, "pending", account, 1))
    await service.tell("orders", "order_placed", placed)
    confirmed = orders_pb2.OrderConfirmed(order=state(order, "confirmed", account, 2))
    event = await service.tell("orders", "order_confirmed", confirmed)

    await eventually(lambda: mail_server.accepted)
    (mail,) = mail_server.accepted
    assert mail["To"] == "buyer@soko.example"
    assert service.peers.callers == {"notifications"}
    await eventually(lambda: len(service.told) == 5)
    mine = [body for name, body in service.told if name == f"soko.realtime.order_{order}"]
    assert [(body["sequence"], body["status"]) for body in mine] == [
        (1, "pending"),
        (2, "confirmed"),
    ]
    assert mine[1]["payload"] == {
        "order_id": order,
        "payment_status": "authorized",
        "fulfilment_status": "unfulfilled",
    }
    listed = await service.call(
        account, service.inbox.ListNotifications, pb.ListNotificationsRequest()
    )
    (entry,) = listed.notifications
    assert (entry.title, listed.unread) == ("Oda 4821-7730-1 imethibitishwa", 1)
    assert entry.subject_id == order
    assert str(event) in str(await db.fetch_all("SELECT event_id FROM inbox"))


async def test_what_a_buyer_was_told_is_told_again(service, mail_server):
    order, account = an_id("ord"), an_id("usr")
    service.peers.orders[order] = a_wire_order(order, account_id=account)
    service.peers.contacts[account] = GetContactResponse(email="x@soko.example")
    confirmed = orders_pb2.OrderConfirmed(order=state(order, "confirmed", account, 1))
    event = format_id("evt", await service.tell("orders", "order_confirmed", confirmed))
    timelines = TimelineServiceStub(service.peer.channel)
    request = GetTimelineRequest(order_id=order, account_id=account)
    itself = [("soko-service", "gateway-itself")]
    told = []

    async def mailed() -> bool:
        answer = await service.peer.call(timelines.GetTimeline, request, metadata=itself)
        told[:] = answer.entries
        return any(each.status == "succeeded" for each in told)

    await eventually(mailed)
    assert {(each.kind, each.name, each.status) for each in told} == {
        ("notice", "mail", "succeeded"),
        ("notice", "inbox", "unread"),
    }
    assert {(each.detail["kind"], each.detail["event_id"]) for each in told} == {
        ("order_confirmed", event)
    }
    with pytest.raises(ServiceError, match="may not"):
        await service.peer.call(timelines.GetTimeline, request)


async def test_an_event_that_comes_again_has_no_second_effect(service, mail_server, db):
    order, event_id = an_id("ord"), new_id()
    service.peers.orders[order] = a_wire_order(order)
    message = orders_pb2.OrderConfirmed(order=state(order))
    for _ in range(5):
        await service.tell("orders", "order_confirmed", message, event_id, again=True)
    last, other = an_id("ord"), orders_pb2.OrderPlaced(order=state(an_id("ord"), "pending"))
    other.order.order_id = last
    await service.tell("orders", "order_placed", other)
    await eventually(lambda: _newest(service, f"order_{last}"))
    await eventually(lambda: mail_server.accepted)
    assert (await _newest(service, f"order_{order}")).sequence == 1
    rows = await db.fetch_all("SELECT status FROM mail_delivery")
    assert len(rows) == len(mail_server.accepted) == 1


async def test_one_bad_event_stops_neither_its_batch_nor_the_ones_after_it(service):
    orders = [an_id("ord") for _ in range(3)]
    await service.tell("orders", "order_placed", orders_pb2.OrderPlaced(order=state("nonsense")))
    for order in orders:
        await service.tell("orders", "order_placed", orders_pb2.OrderPlaced(order=state(order)))
    for order in orders:
        await eventually(lambda order=order: _newest(service, f"order_{order}"))


async def test_a_refund_is_mailed_with_its_amount(service, mail_server):
    order = an_id("ord")
    service.peers.orders[order] = a_wire_order(order, locale="fr")
    refund = payments_pb2.RefundSettled(refund_id=an_id("rfd"))
    refund.amount.amount_minor, refund.amount.currency = 150000, "KES"
    refund.payment.order_id = order
    await service.tell("payments", "refund_settled", refund)
    await eventually(lambda: mail_server.accepted)
    assert "1\u202f500,00\xa0KES" in mail_server.accepted[0].get_body(("plain",)).get_content()


async def test_mail_waits_for_orders_to_come_back(service, mail_server, db):
    order = an_id("ord")
    await service.tell("orders", "order_confirmed", orders_pb2.OrderConfirmed(order=state(order)))

    async def put_off():
        return await db.fetch_one("SELECT 1 AS x FROM mail_delivery WHERE last_error IS NOT NULL")

    await eventually(put_off)
    service.peers.orders[order] = a_wire_order(order)
    await eventually(lambda: mail_server.accepted)


async def test_an_inbox_is_listed_page_by_page_and_read_entry_by_entry(service):
    account = an_id("usr")
    registered = identity_pb2.AccountRegistered(account_id=account, locale="fr")
    await service.tell("identity", "account_registered", registered)
    for _ in range(3):
        message = orders_pb2.OrderConfirmed(order=state(an_id("ord"), account=account))
        await service.tell("orders", "order_confirmed", message)
    listing = service.inbox.ListNotifications

    async def whole():
        page = await service.call(account, listing, pb.ListNotificationsRequest(locale="en"))
        return page if len(page.notifications) == 3 else None

    whole_page = await eventually(whole)
    assert whole_page.next_cursor == ""
    first = await service.call(
        account, listing, pb.ListNotificationsRequest(page=PageRequest(limit=2))
    )
    rest = await service.call(
        account,
        listing,
        pb.ListNotificationsRequest(page=PageRequest(limit=2, cursor=first.next_cursor)),
    )
    assert [*first.notifications, *rest.notifications][2].id == whole_page.notifications[2].id
    request = pb.MarkReadRequest(id=whole_page.notifications[0].id, locale="en")
    for _ in range(2):
        answer = await service.call(account, service.inbox.MarkRead, request)
        assert answer.notification.read
        assert answer.notification.title == "Order 4821-7730-1 is confirmed"
    with pytest.raises(ServiceError) as caught:
        await service.call(an_id("usr"), service.inbox.MarkRead, request)
    assert caught.value.kind == "not_found"


async def test_guests_have_no_inbox_and_clients_no_message_log(service):
    with pytest.raises(ServiceError) as caught:
        await service.peer.call(service.inbox.ListNotifications, pb.ListNotificationsRequest())
    assert caught.value.kind == "unauthenticated"
    request = pb.ListMessagesRequest(group=f"order_{an_id('ord')}")
    with pytest.raises(ServiceError) as refused:
        await service.peer.call(service.realtime.ListMessages, request)
    assert refused.value.kind == "forbidden"


async def test_what_was_told_shortly_before_a_start_is_told_again(service, db):
    order = an_id("ord")
    await service.tell("orders", "order_placed", orders_pb2.OrderPlaced(order=state(order)))
    await eventually(lambda: _newest(service, f"order_{order}"))
    await service.listen(f"order_{order}")
    await service.app.broker._reconnected()
    await eventually(lambda: service.told)
    assert service.told[0][1]["sequence"] == 1


async def _newest(service, group: str):
    answer = await service.peer.call(
        service.realtime.ListMessages,
        pb.ListMessagesRequest(group=group),
        metadata=[("soko-service", "gateway-itself")],
    )
    return answer.messages[0] if answer.messages else None
