"""Real-time messages: groups, and sequences that count from 1 without a gap in each group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from notifications.domain.errors import UnknownGroup
from notifications.domain.updates import OrderUpdate

_GROUP = re.compile(r"(?:order_ord|user_usr)_[0-7][0-9a-hjkmnp-tv-z]{25}")
"""A group is named after a TypeID (specification 0.3)."""


def order_group(order_id: str) -> str:
    """Return the group of those who follow one order."""
    return "order_" + order_id


def user_group(account_id: str) -> str:
    """Return the group of one account's devices."""
    return "user_" + account_id


def check_group(name: str) -> str:
    """Return the name; raise UnknownGroup if no group can have it."""
    if _GROUP.fullmatch(name) is None:
        raise UnknownGroup
    return name


@dataclass(frozen=True, slots=True)
class GroupState:
    """How far a group has come."""

    last_sequence: int = 0
    order_version: int = 0
    """Version of the order in the newest message; used in order groups only."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that has no place in its group yet."""

    group: str
    event_id: str
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """A message at its place in its group."""

    group: str
    sequence: int
    event_id: str
    body: Mapping[str, object]
    """What clients get, sequence and event id included."""


def status_drafts(update: OrderUpdate) -> list[Draft]:
    """Return the messages that tell an order's followers and its buyer of a new state."""
    payload: dict[str, object] = {
        "order_id": update.order_id,
        "payment_status": update.payment_status,
        "fulfilment_status": update.fulfilment_status,
    }
    if update.shipment is not None:
        payload["shipment"] = {
            **asdict(update.shipment),
            "tracking_number": update.shipment.tracking_number or None,
        }
    body: dict[str, object] = {
        "type": "order_status_update",
        "status": update.status,
        "payload": payload,
    }
    groups = [order_group(update.order_id)]
    if update.account_id:
        groups.append(user_group(update.account_id))
    return [Draft(group, update.event_id, body) for group in groups]


def is_stale(update: OrderUpdate, state: GroupState) -> bool:
    """Tell whether followers already saw a later state of the order.

    A redelivered event may come after its successors; telling it would let the status run
    backwards.
    """
    return 0 < update.version < state.order_version


def in_sequence(
    drafts: Iterable[Draft], states: Mapping[str, GroupState]
) -> tuple[list[Message], dict[str, GroupState]]:
    """Return the drafts at the ends of their groups, and how far each group has come then."""
    moved = dict(states)
    messages: list[Message] = []
    for draft in drafts:
        state = moved[draft.group]
        sequence = state.last_sequence + 1
        moved[draft.group] = replace(state, last_sequence=sequence)
        body = {**draft.body, "sequence": sequence, "event_id": draft.event_id}
        messages.append(Message(draft.group, sequence, draft.event_id, body))
    return messages, moved
