"""Rate limits: who asks for too much is told when to come back (429)."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

from prometheus_client import Counter
from starlette.types import Scope

from chassis.addresses import client_key
from chassis.errors import ServiceError
from gateway.buckets import Asked, MemoryBuckets
from gateway.quotas import WINDOW_S, Limits, Outcome, Quota, class_of
from gateway.visit import Visit

LIMITED = Counter(
    "soko_rate_limited_total", "Requests that were refused for their number.", ("policy",)
)
STORE_AWAY = Counter(
    "soko_rate_limit_store_failures_total",
    "Times that the shared store of the rate limits did not answer.",
)
_MAX_REFUSED = 10_000


class Hesitation:
    """A tar pit: who asks too much waits for the refusal, and so does not ask again meanwhile.

    So do logins while identity has more passwords to look at than it can (503).

    ``delay_s`` lies between a request and its refusal. At most ``most`` wait; whoever comes beyond
    is refused at once, so that a flood cannot fill the memory.
    """

    def __init__(self, delay_s: float = 1.0, most: int = 512) -> None:
        self._delay_s = delay_s
        self._most = most
        self._waiting = 0

    async def wait(self, scope: Scope, visit: Visit, status: int) -> None:
        """Come back when it is time to refuse a request; at once where ``status`` is no refusal."""
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            hesitates = class_of(scope["method"], scope["path"]) == "auth"
        else:
            hesitates = status == HTTPStatus.TOO_MANY_REQUESTS
        if not hesitates or self._waiting >= self._most:
            return
        self._waiting += 1
        try:
            await asyncio.sleep(self._delay_s - (time.monotonic() - visit.started))
        finally:
            self._waiting -= 1


class SharedStore(Protocol):
    """Buckets that several processes draw on."""

    async def take(self, asked: Asked) -> list[Outcome]:
        """Draw on every bucket unless one has too little; return what each has to say."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Throttle:
    """Counts requests per address and per account, by class of operation.

    ``limits`` without a class let all of it through. Without ``shared`` each process counts alone.
    ``now`` returns seconds that never go back.
    """

    def __init__(
        self,
        limits: Mapping[str, Limits],
        own: MemoryBuckets,
        shared: SharedStore | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._own = own
        self._shared = shared
        self._now = now
        self._policies: dict[tuple[Quota, ...], bytes] = {}
        self._refused: dict[str, tuple[float, Quota]] = {}
        """Addresses that have to wait, and until when: they are turned away before anything that
        costs more is looked at."""

    def turn_away(self, scope: Scope, visit: Visit) -> None:
        """Raise ServiceError ``rate_limited`` for an address that was told to wait and does not."""
        if not self._refused:
            return
        kind = class_of(scope.get("method", "GET"), scope["path"])
        until, quota = self._refused.get(f"{kind}:{client_key(visit.client)}", (0.0, None))
        wait_s = until - self._now()
        if wait_s > 0 and quota is not None:
            raise self._refusal(visit, [quota], [Outcome(False, 0, wait_s)])

    async def count(self, kind: str, visit: Visit, account_id: str = "") -> None:
        """Count a request of a class and note on the visit what its client has left.

        Raises ServiceError ``rate_limited``; what is refused is not counted.
        """
        limits = self._limits.get(kind)
        if limits is None:
            return
        asked: list[tuple[str, Quota]] = []
        address = client_key(visit.client)
        if limits.address and address:
            asked.append((f"{kind}:{address}", limits.address))
        if limits.account and account_id:
            asked.append((f"{kind}:{account_id}", limits.account))
        if not asked:
            return
        if self._shared is None:
            outcomes = self._own.take(asked)
        else:
            outcomes = await self._shared.take(asked)
        quotas = [quota for _, quota in asked]
        if all(each.allowed for each in outcomes):
            self._note(visit, quotas, outcomes)
            return
        if limits.address and not outcomes[0].allowed and asked[0][1] is limits.address:
            self._remember(asked[0][0], outcomes[0].wait_s, limits.address)
        raise self._refusal(visit, quotas, outcomes)

    async def close(self) -> None:
        """Close the connections to the shared store."""
        if self._shared is not None:
            await self._shared.close()

    def _remember(self, key: str, wait_s: float, quota: Quota) -> None:
        if len(self._refused) >= _MAX_REFUSED:
            self._refused.clear()
        self._refused[key] = (self._now() + wait_s, quota)

    def _refusal(
        self, visit: Visit, quotas: Sequence[Quota], outcomes: Sequence[Outcome]
    ) -> ServiceError:
        self._note(visit, quotas, outcomes)
        pairs = zip(quotas, outcomes, strict=True)
        refused = {quota.name: each.wait_s for quota, each in pairs if not each.allowed}
        for name in refused:
            LIMITED.labels(name).inc()
        return ServiceError(
            "too_many",
            "rate_limited",
            "That was too much in too short a time.",
            extra={
                "retry_after_s": _whole(max(refused.values())),
                "violated_policies": list(refused),
            },
        )

    def _note(self, visit: Visit, quotas: Sequence[Quota], outcomes: Sequence[Outcome]) -> None:
        """Put down the fields of draft-ietf-httpapi-ratelimit-headers-10, 3 and 4."""
        key = tuple(quotas)
        policy = self._policies.get(key)
        if policy is None:
            text = ", ".join(f'"{each.name}";q={each.most};w={WINDOW_S:.0f}' for each in quotas)
            policy = self._policies[key] = text.encode()
        limit = ", ".join(
            f'"{quota.name}";r={each.remaining};t={_whole(each.wait_s)}'
            for quota, each in zip(quotas, outcomes, strict=True)
        )
        visit.rate_headers = ((b"ratelimit-policy", policy), (b"ratelimit", limit.encode()))


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds))
