"""What goes wrong when: a schedule that is the same for the same plan, seed and length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SERVICES: Final = (
    "identity",
    "catalog",
    "orders",
    "payments",
    "notifications",
    "gateway",
    "sandbox",
)
LINKS: Final = (
    "gateway-orders",
    "orders-catalog",
    "orders-payments",
    "payments-sandbox",
    "notifications-orders",
    "orders-nats",
    "catalog-nats",
    "payments-nats",
    "notifications-nats",
    "orders-postgres",
    "catalog-postgres",
    "payments-postgres",
    "notifications-postgres",
)
"""Networks that a partition may strike: caller, peer."""

CONSUMERS: Final = ("payments/orders", "orders/notifications", "payments/notifications")
"""Stream and durable consumer on the way from a payment to a mail."""

_QUIET_START_S: Final = 3.0
_PAUSE_MAX_S: Final = 6.0
_BROKER_PAUSE_S: Final = 30.0
"""The longest that a broker is paused, and the most of a run that it may take."""
_GAP_S: Final = (4.0, 10.0)
"""Least and most seconds from the end of one fault to the next."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, from ``at_s`` on for ``lasts_s`` seconds (0: in an instant)."""

    at_s: float
    kind: str
    target: str
    lasts_s: float = 0.0

    @property
    def ends_s(self) -> float:
        """When it is over, not counting what others need to recover."""
        return self.at_s + self.lasts_s


@dataclass(frozen=True)
class _Chooser:
    """Makes a fault's target and length out of chance; ``share`` bounds the length."""

    targets: Sequence[str]
    longest_s: float = 0.0

    def choose(self, chance: random.Random, share_s: float) -> tuple[str, float]:
        longest = min(self.longest_s, share_s)
        lasts = round(chance.uniform(longest / 3, longest), 2) if longest else 0.0
        return chance.choice(self.targets), lasts


_KINDS: Final[Mapping[str, _Chooser]] = {
    "kill": _Chooser(SERVICES),
    "pause": _Chooser(SERVICES, _PAUSE_MAX_S),
    "broker-kill": _Chooser(("nats",)),
    "broker-pause": _Chooser(("nats",), _BROKER_PAUSE_S),
    "broker-wipe": _Chooser(("nats",)),
    "consumer-delete": _Chooser(CONSUMERS),
    "database-stop": _Chooser(("postgres",)),
    "database-pause": _Chooser(("postgres",), _PAUSE_MAX_S),
    "backends-end": _Chooser(("postgres",)),
    "cut": _Chooser(LINKS, 5.0),
    "lose-requests": _Chooser(LINKS, 5.0),
    "lose-answers": _Chooser(LINKS, 5.0),
    "delay": _Chooser(LINKS, 8.0),
    "trickle": _Chooser(LINKS, 8.0),
}
_BROKER = ("broker-kill", "broker-pause", "broker-wipe", "consumer-delete")
_DATABASE = ("database-stop", "database-pause", "backends-end")
_PARTITION = ("cut", "lose-requests", "lose-answers", "delay", "trickle")
PLANS: Final[Mapping[str, tuple[str, ...]]] = {
    "broker": _BROKER,
    "database": _DATABASE,
    "partition": _PARTITION,
    "mixed": ("kill", "kill", "kill", "pause", "pause", *_BROKER, *_DATABASE, *_PARTITION),
}
"""Kinds of faults by plan; one that stands here more often comes more often."""


def schedule(plan: str, seed: int, seconds: float) -> tuple[Fault, ...]:
    """Return the faults of a run; they do not overlap and all end before ``seconds``.

    Each kind of the plan comes once, in an order of chance, before any comes again.
    """
    chance = random.Random(f"{plan}/{seed}")
    faults: list[Fault] = []
    at_s = _QUIET_START_S
    kinds = _shuffled(PLANS[plan], chance)
    while True:
        kind = next(kinds)
        target, lasts_s = _KINDS[kind].choose(chance, seconds / 4)
        if at_s + lasts_s > seconds:
            return tuple(faults)
        faults.append(Fault(round(at_s, 2), kind, target, lasts_s))
        at_s += lasts_s + chance.uniform(*_GAP_S)


def _shuffled(items: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Give the items over and over, each round in another order."""
    while True:
        yield from chance.sample(items, len(items))
