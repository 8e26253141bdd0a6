"""Links carry bytes over TCP and unix sockets, and do to them what their weather says."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devstack.chaos.links import CLEAR, Address, Link, Weather


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1024):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def link_to_echo(folder: Path, kind: str) -> AsyncIterator[Link]:
    if kind == "tcp":
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        upstream = Address(port=server.sockets[0].getsockname()[1])
        link = Link(Address(), lambda: upstream)
    else:
        server = await asyncio.start_unix_server(echo, folder / "echo")
        link = Link(Address(path=folder / "links" / "link"), lambda: Address(path=folder / "echo"))
    await link.open()
    try:
        yield link
    finally:
        await link.close()
        server.close()


async def connect(link: Link) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if link.listen.path is not None:
        return await asyncio.open_unix_connection(link.listen.path)
    return await asyncio.open_connection("127.0.0.1", link.listen.port)


@pytest.mark.parametrize("kind", ["tcp", "unix"])
async def test_clear_links_carry_and_cut_ones_break_and_refuse(tmp_path: Path, kind: str) -> None:
    async with link_to_echo(tmp_path, kind) as link:
        reader, writer = await connect(link)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        await link.set_weather(Weather(cut=True))
        assert await ended(reader)
        writer.close()
        refused, other = await connect(link)
        assert await ended(refused)
        other.close()
        await link.set_weather(CLEAR)
        reader, writer = await connect(link)
        writer.write(b"again")
        assert await reader.readexactly(5) == b"again"
        writer.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("direction", ["requests", "answers"])
async def test_a_one_way_partition_delivers_when_it_ends(tmp_path: Path, direction: str) -> None:
    async with link_to_echo(tmp_path, "tcp") as link:
        reader, writer = await connect(link)
        await link.set_weather(Weather(held=frozenset({direction})))  # type: ignore[arg-type]
        writer.write(b"held")
        answer = asyncio.ensure_future(reader.readexactly(4))
        done, _ = await asyncio.wait([answer], timeout=0.1)
        assert not done
        await link.set_weather(CLEAR)
        assert await answer == b"held"
        writer.close()


async def test_delay_and_trickle_take_their_time(tmp_path: Path) -> None:
    async with link_to_echo(tmp_path, "tcp") as link:
        reader, writer = await connect(link)
        await link.set_weather(Weather(delay_s=0.05))
        began = time.monotonic()
        writer.write(b"slow")
        assert await reader.readexactly(4) == b"slow"
        assert time.monotonic() - began >= 0.1
        await link.set_weather(Weather(trickle_s=0.01))
        began = time.monotonic()
        writer.write(bytes(640))
        assert await reader.readexactly(640) == bytes(640)
        assert time.monotonic() - began >= 0.1
        writer.close()


async def test_a_peer_that_is_away_is_a_broken_connection(tmp_path: Path) -> None:
    link = Link(Address(), lambda: Address(path=tmp_path / "nobody"))
    await link.open()
    reader, writer = await connect(link)
    assert await ended(reader)
    writer.close()
    await link.close()
