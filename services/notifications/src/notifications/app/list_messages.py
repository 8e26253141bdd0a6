"""Lists real-time messages of a group for a client that was away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifications.app.ports import MessageLog, StoredMessage
from notifications.domain.realtime import check_group

_LIMIT = 500


@dataclass(frozen=True, slots=True)
class ListMessages:
    """Messages behind a sequence number; None asks for the newest message alone."""

    group: str
    after: int | None


@dataclass(frozen=True, slots=True)
class GroupMessages:
    """Messages, oldest first, and how far the group has come."""

    messages: Sequence[StoredMessage]
    last_sequence: int


async def list_messages(query: ListMessages, log: MessageLog) -> GroupMessages:
    """Return at most 500 messages; raise UnknownGroup for a name that no group can have.

    Messages are kept for some days only: the first one returned may not follow ``after`` directly.
    """
    group = check_group(query.group)
    if query.after is None:
        newest = await log.newest(group)
        if newest is not None:
            return GroupMessages([newest], newest.sequence)
        return GroupMessages([], await log.last_sequence(group))
    last_sequence = await log.last_sequence(group)
    if last_sequence <= query.after:
        return GroupMessages([], last_sequence)
    messages = await log.after(group, max(0, query.after), _LIMIT)
    newest_seen = messages[-1].sequence if messages else 0
    return GroupMessages(messages, max(last_sequence, newest_seen))
