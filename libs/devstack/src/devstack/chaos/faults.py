"""Doing what the schedule says to a running stack, and undoing what lasts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from signal import SIGCONT, SIGKILL, SIGQUIT, SIGSTOP
from typing import Final

import nats
from nats.errors import Error as NatsError

from chassis.broker import stream_name
from devstack.chaos.links import CLEAR, Weather
from devstack.chaos.schedule import Fault
from devstack.chaos.stack import ChaosStack

_WEATHER: Final[Mapping[str, Weather]] = {
    "cut": Weather(cut=True),
    "lose-requests": Weather(held=frozenset({"requests"})),
    "lose-answers": Weather(held=frozenset({"answers"})),
    "delay": Weather(delay_s=0.2),
    "trickle": Weather(trickle_s=0.01),
}
_END_HALF_OF_THE_BACKENDS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname LIKE 'soko\\_%' AND pid <> pg_backend_pid() AND pid % 2 = 0
"""


class Faults:
    """Each kind of fault by its name in the schedule."""

    def __init__(self, stack: ChaosStack) -> None:
        self._stack = stack
        self._kinds: Mapping[str, Callable[[Fault], Awaitable[None]]] = {
            "kill": self._kill,
            "broker-kill": self._kill,
            "pause": self._pause,
            "broker-pause": self._pause,
            "database-pause": self._pause,
            "broker-wipe": self._wipe,
            "consumer-delete": self._delete_consumer,
            "database-stop": self._stop_database,
            "backends-end": self._end_backends,
            **dict.fromkeys(_WEATHER, self._partition),
        }

    async def inject(self, fault: Fault) -> None:
        """Let it happen; returns when it is over."""
        await self._kinds[fault.kind](fault)

    async def _kill(self, fault: Fault) -> None:
        self._stack.signal(fault.target, SIGKILL)

    async def _pause(self, fault: Fault) -> None:
        process = self._stack.process(fault.target)
        process.signal_group(SIGSTOP)
        try:
            await asyncio.sleep(fault.lasts_s)
        finally:
            process.signal_group(SIGCONT)

    async def _wipe(self, fault: Fault) -> None:
        """Lose all that the broker stores, as a disk does; it is started again empty."""
        process = self._stack.process(fault.target)
        process.signal_group(SIGSTOP)
        try:
            await asyncio.to_thread(shutil.rmtree, self._stack.home.nats / "store")
        finally:
            process.signal_group(SIGKILL)

    async def _delete_consumer(self, fault: Fault) -> None:
        stream, durable = fault.target.split("/")
        client = await nats.connect(self._stack.nats_url, max_reconnect_attempts=2)
        try:
            await client.jetstream().delete_consumer(stream_name(stream), durable)
        except (NatsError, TimeoutError):
            # It is not there right now: that is what was wanted.
            pass
        finally:
            await client.close()

    async def _stop_database(self, fault: Fault) -> None:
        """Stop PostgreSQL in its immediate mode, without a farewell; its log recovers it."""
        self._stack.process(fault.target).signal(SIGQUIT)

    async def _end_backends(self, fault: Fault) -> None:
        await asyncio.to_thread(self._end_backends_now)

    def _end_backends_now(self) -> None:
        with self._stack.connect("postgres") as connection:
            connection.execute(_END_HALF_OF_THE_BACKENDS)

    async def _partition(self, fault: Fault) -> None:
        link = self._stack.links[fault.target]
        await link.set_weather(_WEATHER[fault.kind])
        try:
            await asyncio.sleep(fault.lasts_s)
        finally:
            await link.set_weather(CLEAR)
