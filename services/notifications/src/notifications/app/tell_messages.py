"""Tells stored real-time messages to whoever listens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from notifications.app.ports import MessageLog, RealtimePublisher
from notifications.domain.realtime import Message

_LIMIT = 10_000


async def tell_messages(messages: Sequence[Message], publisher: RealtimePublisher) -> None:
    """Publish messages whose transaction is committed."""
    for message in messages:
        await publisher.publish(message.group, orjson.dumps(message.body))


@dataclass(frozen=True, slots=True)
class RetellMessages:
    """A stretch of time whose messages may not have been told."""

    now: datetime
    back: timedelta


async def retell_messages(
    command: RetellMessages, log: MessageLog, publisher: RealtimePublisher
) -> int:
    """Publish again what was stored shortly before and return how many messages that were.

    A process that died between commit and publication told nobody; a listener drops by sequence
    number what it has seen.
    """
    stored = await log.told_since(command.now - command.back, _LIMIT)
    for message in stored:
        await publisher.publish(message.group, message.body_json.encode())
    return len(stored)
