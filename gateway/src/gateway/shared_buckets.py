"""How much each client has asked of all processes and replicas: kept in Valkey or Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import valkey.asyncio as valkey
from valkey.exceptions import ValkeyError

from chassis.logs import get_logger
from gateway.buckets import Asked, MemoryBuckets
from gateway.quotas import WINDOW_S, Outcome, outcome
from gateway.throttle import STORE_AWAY

_PREFIX = "soko:rate:"
_ANSWER_S = 0.1
_CONNECTIONS = 16
_PAUSE_S = 1.0
"""How long a store that failed is left alone."""
# One clock for all replicas: the store's own. What is written is the time at which a bucket is
# empty again, in microseconds; a bucket that is empty is no bucket.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local filled, room = {}, true
for i, key in ipairs(KEYS) do
  local empty_at = math.max(tonumber(redis.call('GET', key) or 0), now)
  filled[i] = empty_at + ARGV[2 * i - 1] - now
  if filled[i] > tonumber(ARGV[2 * i]) then room = false end
end
if room then
  for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.0f', now + filled[i]),
      'PX', math.ceil(filled[i] / 1000))
  end
end
return filled
"""
_log = get_logger(__name__)


class SharedBuckets:
    """Buckets that every process draws on; those of this process while the store is away.

    Limits are there to protect the shop: a store that is away must not close it. So a call never
    fails, and a store that did not answer is asked again a second later.
    """

    def __init__(self, url: str, own: MemoryBuckets) -> None:
        """``url`` is redis://, rediss://, valkey://, valkeys:// or unix://."""
        self._own = own
        scheme, _, rest = url.partition("://")
        pool = valkey.BlockingConnectionPool.from_url(
            f"{scheme.replace('redis', 'valkey')}://{rest}",
            max_connections=_CONNECTIONS,
            timeout=_ANSWER_S,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
        )
        self._client = valkey.Valkey.from_pool(pool)
        self._script = self._client.register_script(_TAKE)
        self._left_alone_until = 0.0
        self._away = False

    async def take(self, asked: Asked) -> list[Outcome]:
        """Draw on every bucket unless one has too little; return what each has to say."""
        now = asyncio.get_running_loop().time()
        if now < self._left_alone_until:
            return self._own.take(asked)
        try:
            filled = await self._filled(asked)
        except (ValkeyError, OSError, TimeoutError) as error:
            self._failed(now, error)
            return self._own.take(asked)
        if self._away:
            self._away = False
            _log.info("rate_limit_store_is_back")
        return [
            outcome(each / 1_000_000, quota) for each, (_, quota) in zip(filled, asked, strict=True)
        ]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _filled(self, asked: Asked) -> Sequence[int]:
        arguments: list[int] = []
        for _, quota in asked:
            arguments += (round(quota.interval_s * 1_000_000), round(WINDOW_S * 1_000_000))
        async with asyncio.timeout(_ANSWER_S):
            found: Sequence[int] = await self._script(
                keys=[_PREFIX + key for key, _ in asked], args=arguments
            )
        return found

    def _failed(self, now: float, error: Exception) -> None:
        STORE_AWAY.inc()
        self._left_alone_until = now + _PAUSE_S
        if not self._away:
            self._away = True
            _log.warning("rate_limit_store_is_away", error=type(error).__name__)
