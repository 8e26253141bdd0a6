"""One statement for many callers: what arrives while a batch is under way makes up the next one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from chassis.errors import ServiceError

In = TypeVar("In")
Out = TypeVar("Out")


class Batcher(Generic[In, Out]):
    """Runs items in batches.

    A lone caller waits for nobody; many callers share the round trip, the commit and most of the
    CPU. ``run`` returns one result per item, in order. When it raises, each item of the batch runs
    alone, so that one caller's error stays that caller's; a ServiceError is everybody's at once,
    because what is away does not come back by asking for each item again.
    """

    def __init__(
        self,
        run: Callable[[Sequence[In]], Awaitable[Sequence[Out]]],
        *,
        max_items: int = 64,
        max_batches: int = 1,
    ) -> None:
        self._run = run
        self._max_items = max_items
        self._max_batches = max_batches
        self._waiting: deque[tuple[In, asyncio.Future[Out]]] = deque()
        self._batches = 0
        self._workers: set[asyncio.Task[None]] = set()
        """Held, because the loop itself holds tasks weakly."""

    async def submit(self, item: In) -> Out:
        """Return the item's result; raises what its run raises."""
        future: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._batches < self._max_batches:
            self._batches += 1
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._run_batch(self._next_batch())
        finally:
            # Here and not when the task is seen to be done: whoever comes in between would wait for
            # a worker that has just left.
            self._batches -= 1

    def _next_batch(self) -> list[tuple[In, asyncio.Future[Out]]]:
        """Return what waits, without those who left."""
        batch: list[tuple[In, asyncio.Future[Out]]] = []
        while self._waiting and len(batch) < self._max_items:
            item, future = self._waiting.popleft()
            if not future.done():
                batch.append((item, future))
        return batch

    async def _run_batch(self, batch: Sequence[tuple[In, asyncio.Future[Out]]]) -> None:
        if not batch:
            return
        try:
            results = await self._run([item for item, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, ServiceError):
                for each in batch:
                    await self._run_batch([each])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
