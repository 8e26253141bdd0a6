"""Batches: nobody is lost, errors stay with who caused them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from chassis.batching import Batcher
from chassis.errors import ServiceError, unavailable


class Runs:
    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self, items: Sequence[Any]) -> list[Any]:
        self.batches.append(list(items))
        await self.gate.wait()
        if "bad" in items:
            raise ValueError("bad")
        if "away" in items:
            raise unavailable("database")
        return [item * 2 for item in items]


async def test_what_waits_meanwhile_is_the_next_batch() -> None:
    runs = Runs()
    runs.gate.clear()
    batcher = Batcher(runs.run, max_items=4)
    tasks = [asyncio.create_task(batcher.submit(number)) for number in range(10)]
    while not runs.batches:
        await asyncio.sleep(0)
    runs.gate.set()
    assert await asyncio.gather(*tasks) == [number * 2 for number in range(10)]
    assert all(len(batch) <= 4 for batch in runs.batches)
    assert len(runs.batches) == 3


async def test_whoever_comes_right_after_another_is_served() -> None:
    batcher = Batcher(Runs().run)
    for number in range(1000):
        async with asyncio.timeout(5):
            assert await batcher.submit(number) == number * 2


async def test_an_error_stays_with_the_one_who_caused_it() -> None:
    batcher = Batcher(Runs().run)
    results = await asyncio.gather(
        *(batcher.submit(item) for item in ("a", "bad", "b")), return_exceptions=True
    )
    assert (results[0], results[2]) == ("aa", "bb")
    assert isinstance(results[1], ValueError)
    with pytest.raises(ValueError, match="bad"):
        await batcher.submit("bad")


async def test_one_who_leaves_does_not_disturb_the_others() -> None:
    runs = Runs()
    runs.gate.clear()
    batcher = Batcher(runs.run)
    leaving, staying = (asyncio.create_task(batcher.submit(item)) for item in ("a", "b"))
    while not runs.batches:
        await asyncio.sleep(0)
    leaving.cancel()
    runs.gate.set()
    assert await staying == "bb"


async def test_what_is_away_is_away_for_the_whole_batch() -> None:
    runs = Runs()
    batcher = Batcher(runs.run)
    results = await asyncio.gather(
        *(batcher.submit(item) for item in ("a", "away", "b")), return_exceptions=True
    )
    assert all(isinstance(result, ServiceError) for result in results)
    assert len(runs.batches) == 1
