"""Refusals that wait: whose, how many at once, and never for ever."""

import asyncio

import pytest

from gateway.throttle import Hesitation
from gateway.visit import Visit

LOGIN = {"method": "POST", "path": "/v1/auth/login"}
LIST = {"method": "GET", "path": "/v1/products"}
AN_HOUR_S = 3600.0


async def waits(hesitation, scope, status):
    """Tell whether a refusal is still held back once everything that can run has run."""
    task = asyncio.create_task(hesitation.wait(scope, Visit("id", ""), status))
    for _ in range(3):
        await asyncio.sleep(0)
    held = not task.done()
    task.cancel()
    return held


@pytest.mark.parametrize(
    ("scope", "status", "held"),
    [
        (LIST, 429, True),
        (LOGIN, 429, True),
        (LOGIN, 503, True),
        (LIST, 503, False),
        (LOGIN, 401, False),
        (LOGIN, 200, False),
    ],
)
async def test_only_refusals_for_asking_too_much_wait(scope, status, held):
    assert await waits(Hesitation(AN_HOUR_S), scope, status) is held


async def test_what_is_due_does_not_wait():
    assert not await waits(Hesitation(0.0), LOGIN, 429)


async def test_so_many_wait_at_once_and_leave_room_when_they_go():
    hesitation = Hesitation(AN_HOUR_S, most=2)
    waiting = [asyncio.create_task(hesitation.wait(LOGIN, Visit("id", ""), 429)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not await waits(hesitation, LOGIN, 429)
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    assert await waits(hesitation, LOGIN, 429)
    waiting[1].cancel()
