"""What each process may do at a real broker, and what it is refused."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from chassis.broker import Broker, stream_name
from chassis.envelope import subject
from chassis.pull import Pull
from chassis.replies import Outgoing
from devstack.nats import NatsServer
from devstack.nats_users import (
    OPERATOR,
    SECOND,
    USERS,
    BrokerUser,
    authorization,
    passwords,
    write_authorization,
)
from devstack.testing import eventually

CONTEXTS = [user.name for user in USERS if user.tells]
by_name = pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)


@pytest.fixture(scope="module")
def server() -> Iterator[NatsServer]:
    folder = Path(tempfile.mkdtemp(prefix="soko-test-nats-"))
    server = NatsServer(folder, passwords=passwords(folder), durable=False)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)


@contextlib.asynccontextmanager
async def connected(server: NatsServer, name: str) -> AsyncIterator[Broker]:
    broker = Broker(server.url_for(name), name, on_closed=lambda: None)
    await broker.connect()
    try:
        yield broker
    finally:
        await broker.close()


@pytest.fixture
async def streams(server: NatsServer) -> None:
    """Every context's stream, made by its owner."""
    for context in CONTEXTS:
        async with connected(server, context) as broker:
            await broker.ensure_stream(context)


@by_name
async def test_a_process_can_do_what_it_has_to(
    server: NatsServer, streams: None, user: BrokerUser
) -> None:
    async with connected(server, user.name) as broker:
        if user.tells:
            event = Outgoing(subject(user.name, "something_happened"), b"")
            (answer,) = await broker.request_many([event])
            assert answer is not None
            assert b'"seq"' in answer.data
        for context in user.consumes:
            async with connected(server, context) as teller:
                await teller.request_many([Outgoing(subject(context, "happened"), b"")])
            for _ in range(2):
                await broker.ensure_consumer(context, user.name, ["happened"], 15.0)
            pull = Pull(broker, context, user.name, 1)
            await pull.open()
            (message,) = await pull.next()
            (answer,) = await broker.request_many([Outgoing(message.reply, b"+ACK")])
            assert answer is not None
            await pull.close()
            assert (await broker.consumer_lag(context, user.name)).acknowledged > 0
        for each in user.follows:
            heard = asyncio.Event()

            async def hear(_subject: str, _data: bytes, heard: asyncio.Event = heard) -> None:
                heard.set()

            await broker.subscribe_core(each, hear)
            async with connected(server, OPERATOR) as operator:
                await operator.publish_core(each.replace("*", "x"), b"")
                await asyncio.wait_for(heard.wait(), 5)
        for each in user.publishes:
            await broker.publish_core(each.replace("*", "x"), b"")


async def test_passwords_change_while_a_process_uses_its_other_user(tmp_path: Path) -> None:
    folder = tmp_path / "users"
    write_authorization(folder, second=True)
    first = passwords(folder, second=True)
    server = NatsServer(tmp_path / "nats", passwords=first, durable=False)
    server.start()
    broker = Broker(server.url_for("orders"), "orders", on_closed=lambda: None)
    try:
        await broker.connect()
        await broker.ensure_stream("orders")
        for file in folder.glob(f"nats-*{SECOND}"):
            file.unlink()
        configuration = tmp_path / "nats" / "nats.conf"
        before = authorization(first)
        after = authorization(passwords(folder, second=True))
        configuration.write_text(configuration.read_text().replace(before, after))
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        fresh = passwords(folder, second=True)[f"orders{SECOND}"]
        url = f"nats://orders{SECOND}:{fresh}@127.0.0.1:{server.port}"

        async def let_in() -> bool:
            other = Broker(url, "orders", on_closed=lambda: None)
            await other.connect()
            try:
                return other.connected
            finally:
                await other.close()

        await eventually(let_in, timeout_s=20)
        event = Outgoing(subject("orders", "something_happened"), b"")
        (answer,) = await broker.request_many([event])
        assert answer is not None
        assert broker.generation == 1
    finally:
        await broker.close()
        server.kill()


def forbidden_publications(user: BrokerUser) -> Iterator[str]:
    for context in CONTEXTS:
        stream = stream_name(context)
        for verb in ("DELETE", "PURGE", "MSG.GET", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
            yield f"$JS.API.STREAM.{verb}.{stream}"
        yield f"$JS.API.DIRECT.GET.{stream}"
        yield f"$JS.API.CONSUMER.CREATE.{stream}.{user.name}"
        yield f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.somebody"
        yield f"$JS.API.CONSUMER.MSG.NEXT.{stream}.somebody"
        yield f"$JS.API.CONSUMER.INFO.{stream}.somebody"
        yield f"$JS.ACK.{stream}.somebody.1.1.1.1.1"
        if context not in user.consumes:
            yield f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{user.name}"
            yield f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{user.name}"
        if context != user.name:
            yield subject(context, "something_happened")
            yield f"$JS.API.STREAM.CREATE.{stream}"
            yield f"$JS.API.STREAM.UPDATE.{stream}"
    yield from ("$JS.API.STREAM.LIST", "$JS.API.ACCOUNT.PURGE.X", "_INBOX_somebody.x", "elsewhere")
    talk = ("soko.realtime.x", "soko.gateway.catalog_changed", "soko.sessions.revoked")
    allowed = {each.replace("*", "x") for each in user.publishes}
    yield from (each for each in talk if each not in allowed)


def forbidden_subscriptions(user: BrokerUser) -> Iterator[str]:
    yield from (">", "_INBOX.>", "*.>", "_INBOX_somebody.>", "$JS.>", "$SYS.>", "soko.>")
    for subject_ in ("soko.orders.*.v1", "soko.payments.*.v1", "soko.realtime.*"):
        if subject_ not in user.follows:
            yield subject_


@by_name
async def test_a_process_is_refused_everything_else(
    server: NatsServer, streams: None, user: BrokerUser
) -> None:
    refused: asyncio.Queue[str] = asyncio.Queue()

    async def note(error: Exception) -> None:
        refused.put_nowait(str(error))

    async def ignore(_: object) -> None:
        return

    async def refusal() -> str:
        """Return what the server says next; it says nothing of what it lets through."""
        await client.flush()
        return (await asyncio.wait_for(refused.get(), 5)).lower()

    client: Client = await nats.connect(server.url_for(user.name), error_cb=note)
    for each in forbidden_publications(user):
        await client.publish(each, b"")
        assert f'publish to "{each}"'.lower() in await refusal()
    for each in forbidden_subscriptions(user):
        await client.subscribe(each, cb=ignore)
        assert f'subscription to "{each}"'.lower() in await refusal()
    await client.close()


@pytest.mark.parametrize("login", ["", "orders:wrong@", "nobody:nothing@"])
async def test_nobody_else_gets_in(server: NatsServer, login: str) -> None:
    with pytest.raises(Exception, match=r"(?i)authorization"):
        await nats.connect(f"nats://{login}127.0.0.1:{server.port}", allow_reconnect=False)


def test_the_users_file_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    path = write_authorization(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    written = path.read_text()
    assert all(password in written for password in passwords(folder).values())
    assert write_authorization(folder).read_text() == written
