"""Orders and accounts are followed over WebSockets."""

import asyncio
import contextlib

import orjson
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from chassis.broker import Broker
from chassis.errors import not_found, unauthenticated
from devstack.testing import eventually
from gateway import realtime
from soko.identity.v1 import auth_pb2
from soko.notifications.v1 import notification_pb2
from soko.orders.v1 import order_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = "ord_01h455vb4pex5vsknk084sn02q"
BUYER = "usr_01h455vb4pex5vsknk084sn02q"
GROUP = f"order_{ORDER}"


def message(sequence, status="confirmed"):
    return {
        "type": "order_status_update",
        "status": status,
        "payload": {"order_id": ORDER},
        "sequence": sequence,
        "event_id": f"evt_{sequence}",
    }


class Told:
    """What notifications has told of the order so far."""

    def __init__(self, services, nats_url):
        self.messages = []
        self.broker = Broker(nats_url, "notifications")
        services.answers["ListMessages"] = self.list

    def list(self, request, metadata):
        assert metadata["soko-service"] == "gateway-itself"
        found = [each for each in self.messages if each["sequence"] > request.after]
        if not request.HasField("after"):
            found = self.messages[-1:]
        return notification_pb2.ListMessagesResponse(
            messages=[
                notification_pb2.RealtimeMessage(
                    sequence=each["sequence"], body_json=orjson.dumps(each)
                )
                for each in found[:500]
            ]
        )

    async def tell(self, told, *, publish=True, group=GROUP):
        self.messages.append(told)
        if publish:
            await self.broker.publish_core(f"soko.realtime.{group}", orjson.dumps(told))


@pytest.fixture
def order(running):
    answers = running.services.answers

    def get_order(request, metadata):
        itself = metadata["soko-service"] == "gateway-itself"
        if request.order_id != ORDER or (not itself and request.token != "good"):
            raise not_found()
        return order_pb2.GetOrderResponse(
            order=order_pb2.Order(
                id=ORDER, account_id=BUYER, status="pending", payment_status="none"
            )
        )

    tickets = {"buyer": BUYER, "other": "usr_other", "operator": "usr_op"}

    def redeem(request, _metadata):
        account = tickets.pop(request.ticket, None)
        if account is None:
            raise unauthenticated("ticket_invalid")
        roles = ["operator"] if account == "usr_op" else ["buyer"]
        return auth_pb2.RedeemWsTicketResponse(
            account_id=account, session_id="ses_1" + account, roles=roles
        )

    answers["GetOrder"] = get_order
    answers["RedeemWsTicket"] = redeem


@pytest_asyncio.fixture(loop_scope="module")
async def told(running, nats_url):
    told = Told(running.services, nats_url)
    await told.broker.connect()
    yield told
    await told.broker.close()


def started(gateway):
    return lambda: gateway.gateway.readiness.is_started


async def receive(socket):
    async with asyncio.timeout(5):
        return orjson.loads(await socket.recv())


async def closed_with(url, **options):
    async with asyncio.timeout(5):
        async with connect(url, **options) as socket:
            await socket.wait_closed()
        return socket.close_code


def url_of(running, query="order_token=good", path=f"/ws/orders/{ORDER}"):
    return f"{running.websocket_url}{path}?{query}"


async def test_a_guest_follows_an_order_of_which_nothing_was_told_yet(running, order, told):
    async with connect(url_of(running)) as socket:
        first = await receive(socket)
        assert first == {
            "type": "order_status_update",
            "status": "pending",
            "payload": {"order_id": ORDER, "payment_status": "none", "fulfilment_status": ""},
            "sequence": 0,
            "event_id": None,
        }
        await told.tell(message(1))
        assert await receive(socket) == message(1)


async def test_the_first_message_is_the_newest_one(running, order, told):
    for sequence in (1, 2, 3):
        await told.tell(message(sequence), publish=False)
    async with connect(url_of(running, "ticket=buyer")) as socket:
        assert await receive(socket) == message(3)
        await told.tell(message(4))
        assert await receive(socket) == message(4)


async def test_a_client_that_was_away_gets_what_it_missed(running, order, told):
    for sequence in range(1, 1201):
        await told.tell(message(sequence), publish=False)
    async with connect(url_of(running, "order_token=good&after=3")) as socket:
        for sequence in range(4, 1201):
            assert (await receive(socket))["sequence"] == sequence
        await told.tell(message(1201))
        assert (await receive(socket))["sequence"] == 1201


@pytest.mark.parametrize("after", [2, 99])
async def test_a_client_that_missed_nothing_gets_the_current_state(running, order, told, after):
    await told.tell(message(1), publish=False)
    await told.tell(message(2), publish=False)
    async with connect(url_of(running, f"order_token=good&after={after}")) as socket:
        assert await receive(socket) == message(2)
        await told.tell(message(3))
        assert await receive(socket) == message(3)


async def test_duplicates_are_dropped_and_gaps_are_filled(running, order, told):
    await told.tell(message(1), publish=False)
    async with connect(url_of(running)) as socket:
        assert (await receive(socket))["sequence"] == 1
        await told.tell(message(2))
        assert (await receive(socket))["sequence"] == 2
        await told.broker.publish_core(f"soko.realtime.{GROUP}", orjson.dumps(message(1)))
        await told.broker.publish_core(f"soko.realtime.{GROUP}", b"no json")
        await told.tell(message(3), publish=False)
        await told.tell(message(4), publish=False)
        await told.tell(message(5))
        assert [(await receive(socket))["sequence"] for _ in range(3)] == [3, 4, 5]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (f"/ws/orders/{ORDER}", "", 4401),
        (f"/ws/orders/{ORDER}", "ticket=unknown", 4401),
        (f"/ws/orders/{ORDER}", "ticket=other", 4401),
        (f"/ws/orders/{ORDER}", "order_token=bad", 4401),
        (f"/ws/orders/{ORDER}", "order_token=%00", 4401),
        (f"/ws/orders/{ORDER}", "order_token=good&after=x", 4401),
        ("/ws/orders/ord_01h455vb4pex5vsknk084sn02r", "ticket=buyer", 4404),
        ("/ws/orders/ord_01h455vb4pex5vsknk084sn02r", "order_token=good", 4404),
        ("/ws/orders/nonsense", "ticket=buyer", 4404),
        ("/ws/orders/%00", "ticket=buyer", 4404),
        ("/ws/users/nonsense", "ticket=buyer", 4404),
        ("/ws/users/usr_01h455vb4pex5vsknk084sn02r", "ticket=buyer", 4401),
        (f"/ws/users/{BUYER}", "order_token=good", 4401),
    ],
)
async def test_who_may_not_follow_is_kept_out(running, order, told, path, query, code):
    assert await closed_with(url_of(running, query, path)) == code


async def test_a_ticket_works_once(running, order, told):
    async with connect(url_of(running, "ticket=buyer")) as socket:
        await receive(socket)
    assert await closed_with(url_of(running, "ticket=buyer")) == 4401


async def test_an_operator_follows_any_order(running, order, told):
    async with connect(url_of(running, "ticket=operator")) as socket:
        assert (await receive(socket))["status"] == "pending"


async def test_an_account_follows_itself(running, order, told):
    async with connect(url_of(running, "ticket=buyer", f"/ws/users/{BUYER}")) as socket:
        assert (await receive(socket))["sequence"] == 0
        await told.tell(message(1), group=f"user_{BUYER}")
        assert await receive(socket) == message(1)


async def test_an_unknown_path_is_refused(running):
    with pytest.raises(Exception, match="403"):
        await closed_with(f"{running.websocket_url}/ws/nothing")


async def test_a_message_of_the_client_that_is_too_long_ends_it(running, order, told):
    async with connect(url_of(running)) as socket:
        await receive(socket)
        await socket.send("small talk is ignored")
        await socket.send("x" * (64 * 1024 + 1))
        async with asyncio.timeout(5):
            await socket.wait_closed()
        assert socket.close_code == 1009


async def test_a_session_that_ends_loses_its_sockets(running, order, told):
    async with connect(url_of(running, "ticket=buyer")) as socket:
        await receive(socket)
        running.gateway.application.state.authenticator.revoked.add("ses_1" + BUYER)
        async with asyncio.timeout(5):
            await socket.wait_closed()
        assert socket.close_code == 4401


async def test_a_client_that_does_not_read_is_dropped(monkeypatch):
    listener = realtime.Listener("group")
    for sequence in range(1, realtime.QUEUE_LENGTH + 1):
        listener.offer(sequence, b"{}")
    assert listener.close_code is None
    listener.offer(realtime.QUEUE_LENGTH + 1, b"{}")
    assert listener.close_code == 4408
    assert listener.ended.is_set()


async def test_groups_nobody_follows_any_more_are_left(running, order, told):
    hub = running.gateway.hub
    async with connect(url_of(running)) as socket:
        await receive(socket)
        assert GROUP in hub._groups
    await eventually(lambda: GROUP not in hub._groups)


async def test_messages_are_fetched_when_the_broker_comes_back(running, order, told):
    async with connect(url_of(running)) as socket:
        assert (await receive(socket))["sequence"] == 0
        await told.tell(message(1), publish=False)
        await running.gateway.hub.resync()
        assert await receive(socket) == message(1)


async def test_origins_can_be_restricted(
    running, services, order, told, start_gateway, make_settings, nats_url
):
    settings = make_settings(services, nats_url, websocket_origins="https://shop.example")
    async for other in start_gateway(settings, services, running.issuer):
        await eventually(started(other))
        assert await closed_with(url_of(other), origin="https://evil.example") == 4401
        async with connect(url_of(other), origin="https://shop.example") as socket:
            await receive(socket)


async def test_sockets_are_told_of_a_restart(
    running, services, order, told, start_gateway, make_settings, nats_url
):
    async with contextlib.AsyncExitStack() as stack:
        async for other in start_gateway(
            make_settings(services, nats_url), services, running.issuer
        ):
            await eventually(started(other))
            socket = await stack.enter_async_context(connect(url_of(other)))
            await receive(socket)
        async with asyncio.timeout(5):
            await socket.wait_closed()
        assert socket.close_code == 1012
