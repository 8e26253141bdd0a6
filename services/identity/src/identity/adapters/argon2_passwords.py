"""Argon2id (RFC 9106) in threads of its own, so that the event loop never waits for a hash."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.errors import unavailable

_WORKERS = 2
_MAX_WAITING = 128
_MAX_WAIT_S = 3.0
"""Who would wait longer is told at once: a queue that outlasts deadlines hashes for nobody."""
_SMOOTHING = 0.2
_RETRY_AFTER_S = 2
T = TypeVar("T")


class Argon2Passwords:
    """Hashes passwords; implements identity.app.ports.Passwords.

    The parameters are OWASP's first choice for a small machine: 19 MiB, two passes, one lane.
    """

    def __init__(self, *, memory_kib: int = 19 * 1024, passes: int = 2) -> None:
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        started = time.monotonic()
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        self._usual_s = time.monotonic() - started
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="argon2")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return a salted hash; raises ServiceError ``unavailable`` when too many wait."""
        return await self._run(lambda: self._hasher.hash(password))

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Tell whether the hash is this password's; without a hash it takes as long and says no.

        Raises ServiceError ``unavailable`` when too many wait.
        """
        verified = await self._run(lambda: self._verify(hashed or self._nobodys, password))
        return verified and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(hashed)

    async def close(self) -> None:
        """Drop what waits and let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._is_busy():
            raise unavailable("identity", _RETRY_AFTER_S)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, self._timed, work
            )
        finally:
            self._waiting -= 1

    def _is_busy(self) -> bool:
        """Tell whether a hash would have to wait too long, by how long the last ones took."""
        if self._waiting < _WORKERS:
            return False
        wait_s = self._waiting * self._usual_s / _WORKERS
        return self._waiting >= _MAX_WAITING or wait_s > _MAX_WAIT_S

    def _timed(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            return work()
        finally:
            self._usual_s += _SMOOTHING * (time.monotonic() - started - self._usual_s)
