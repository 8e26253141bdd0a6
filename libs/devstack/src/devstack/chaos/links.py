"""Proxies between the processes of a stack, for networks that delay, cut or forget.

A link stands for the network between one process and one of its peers, over TCP or a unix socket.
Bytes that a fault holds back are delivered when it ends, as a network's retransmissions do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Direction = Literal["requests", "answers"]
_CHUNK_BYTES = 65_536
_TRICKLE_BYTES = 64


@dataclass(frozen=True)
class Address:
    """A TCP port of this machine, or the path of a unix socket."""

    port: int = 0
    path: Path | None = None


@dataclass(frozen=True)
class Weather:
    """What a network does to what passes."""

    delay_s: float = 0.0
    """How long each chunk takes more."""
    trickle_s: float = 0.0
    """How long 64 bytes take; 0 for no limit."""
    held: frozenset[Direction] = frozenset()
    """Directions in which nothing arrives: one of them is a one-way partition."""
    cut: bool = False
    """Connections are broken, and new ones refused."""


CLEAR = Weather()


class Link:
    """One proxy; ``weather`` may change at any time."""

    def __init__(self, listen: Address, upstream: Callable[[], Address]) -> None:
        """``upstream`` is asked at each connection: a restarted peer may listen elsewhere."""
        self.listen = listen
        self._upstream = upstream
        self._weather = CLEAR
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start to listen; a port of 0 becomes the one that was free."""
        if self.listen.path is not None:
            self.listen.path.parent.mkdir(parents=True, exist_ok=True)
            self._server = await asyncio.start_unix_server(self._accept, self.listen.path)
            return
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.listen.port)
        self.listen = Address(port=int(self._server.sockets[0].getsockname()[1]))

    async def close(self) -> None:
        """Break all connections and stop to listen."""
        if self._server is not None:
            self._server.close()
        await self._break_all()

    async def set_weather(self, weather: Weather) -> None:
        """Change what happens from now on, to what is held back too."""
        self._weather = weather
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if weather.cut:
            await self._break_all()

    async def _break_all(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if not self._weather.cut:
                await self._carry(reader, writer)
        except (OSError, asyncio.CancelledError):
            # Broken by a peer, or by us on purpose; either way this connection has ended.
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to = self._upstream()
        if to.path is not None:
            peer_reader, peer_writer = await asyncio.open_unix_connection(to.path)
        else:
            peer_reader, peer_writer = await asyncio.open_connection("127.0.0.1", to.port)
        pumps = [
            asyncio.create_task(self._pump(reader, peer_writer, "requests")),
            asyncio.create_task(self._pump(peer_reader, writer, "answers")),
        ]
        try:
            # Either end that closes ends both ways: none of our protocols half-closes.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            peer_writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            await self._let_through(chunk, writer, direction)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _let_through(
        self, chunk: bytes, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        while direction in self._weather.held:
            await self._changed.wait()
        weather = self._weather
        if weather.delay_s:
            await asyncio.sleep(weather.delay_s)
        step = _TRICKLE_BYTES if weather.trickle_s else len(chunk)
        for start in range(0, len(chunk), step):
            if self._weather.trickle_s:
                await asyncio.sleep(self._weather.trickle_s)
            writer.write(chunk[start : start + step])
            await writer.drain()
