"""One statement for many callers: what arrives while a batch is under way makes up the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


class Batcher(Generic[In, Out]):
    """Runs items in batches.

    A lone caller waits for nobody; many callers share the round trip, the commit and most of the
    CPU. ``run`` returns one result per item, in order. When it raises, each item of the batch runs
    alone, so that one caller's error stays that caller's.
    """

    def __init__(
        self,
        run: Callable[[Sequence[In]], Awaitable[Sequence[Out]]],
        *,
        max_items: int = 64,
        max_batches: int = 2,
    ) -> None:
        self._run = run
        self._max_items = max_items
        self._max_batches = max_batches
        self._waiting: deque[tuple[In, asyncio.Future[Out]]] = deque()
        self._workers: set[asyncio.Task[None]] = set()

    async def submit(self, item: In) -> Out:
        """Return the item's result; raises what its run raises."""
        future: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._workers) < self._max_batches:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await future

    async def _work(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), self._max_items)
            batch = [self._waiting.popleft() for _ in range(count)]
            await self._run_batch(batch)

    async def _run_batch(self, batch: Sequence[tuple[In, asyncio.Future[Out]]]) -> None:
        try:
            results = await self._run([item for item, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            for each in batch:
                await self._run_batch([each])
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


def _fail(future: asyncio.Future[Out], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
