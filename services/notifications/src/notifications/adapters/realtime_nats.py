"""Real-time messages on core NATS, one subject per group."""

from __future__ import annotations

from chassis.broker import Broker

_PREFIX = "soko.realtime."


class NatsPublisher:
    """RealtimePublisher: gateways subscribe to the groups of the sockets that they hold."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def publish(self, group: str, body_json: bytes) -> None:
        """Tell one message; core NATS keeps nothing for those who do not listen now."""
        await self._broker.publish_core(_PREFIX + group, body_json)
