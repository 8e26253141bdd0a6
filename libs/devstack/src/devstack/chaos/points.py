"""The kill matrix: every failpoint on the checkout's path, by the service that dies there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_RELAY = ("relay.after_claim", "relay.after_publish")
_CONSUMER = (
    "consumer.before_commit",
    "consumer.after_commit",
    "consumer.before_ack",
    "consumer.after_ack",
)
_IDEMPOTENCY = ("idempotency.before_store", "idempotency.after_store")

POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "orders": (
        "place.before_commit",
        "place.after_commit",
        "reserve.after_answer",
        "authorize.after_answer",
        "move.before_commit",
        "move.after_commit",
        "settle.after_allocation",
        "settle.after_capture",
        "settle.before_commit",
        "compensate.after_answer",
        "compensate.after_commit",
        "resume.after_claim",
        *_RELAY,
        *_CONSUMER,
        *_IDEMPOTENCY,
    ),
    "catalog": (
        "reserve.before_commit",
        "reserve.after_commit",
        "allocate.before_commit",
        "allocate.after_commit",
        "release.before_commit",
        "release.after_commit",
        *_RELAY,
    ),
    "payments": (
        "authorize.before_commit",
        "authorize.after_commit",
        "authorize.after_provider",
        "authorize.after_record",
        "capture.after_commit",
        "capture.after_provider",
        "capture.after_record",
        "cancel.after_commit",
        "void.after_provider",
        "refund.after_provider",
        *_RELAY,
    ),
    "notifications": ("mail.before_send", "mail.after_send", *_CONSUMER),
}


def cells() -> list[tuple[str, str]]:
    """Return (service, point) of every cell, the services taking turns.

    A service that is killed again and again within seconds is started again later and later.
    """
    longest = max(len(points) for points in POINTS.values())
    return [
        (service, points[place])
        for place in range(longest)
        for service, points in POINTS.items()
        if place < len(points)
    ]
