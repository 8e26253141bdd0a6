"""Sagas that take long are seen."""

from __future__ import annotations

from datetime import timedelta

import structlog

from chassis.clock import FixedClock, SystemClock
from devstack.testing import eventually
from orders.adapters.saga_ages import PostgresSagaAges
from orders.entrypoints.saga_watch import OLDEST_S, UNFINISHED, SagaWatch
from services.orders.tests.integration.conftest import World


def figures(step: str) -> tuple[float, float]:
    return OLDEST_S.labels(step)._value.get(), UNFINISHED.labels(step)._value.get()


async def test_the_oldest_saga_of_each_step_is_counted_and_named(world: World) -> None:
    await world.db.execute("UPDATE orders SET saga_step = 'done', saga_next_at = NULL", {})
    await world.checkout(await world.new_cart((world.sold(), 1)), pay="tok_async")
    world.payments.away = True
    stuck = (await world.checkout(await world.new_cart((world.sold(), 1)))).order
    later = (await world.checkout(await world.new_cart((world.sold(), 1)))).order
    clock = FixedClock(SystemClock().now() + timedelta(minutes=10))
    watch = SagaWatch(PostgresSagaAges(world.db), clock)
    with structlog.testing.capture_logs() as logs:
        await watch.look()
    for step, count in (("waiting", 1), ("authorizing", 2), ("compensating", 0)):
        age_s, sagas = figures(step)
        assert sagas == count
        assert 590 < age_s < 700 if count else age_s == 0
    told = [entry for entry in logs if entry["event"] == "saga_stuck"]
    assert [(each["step"], each["order_id"], each["sagas"]) for each in told] == [
        ("authorizing", stuck.id, 2)
    ]
    world.payments.away = False

    async def settled() -> bool:
        return (await world.step(stuck), await world.step(later)) == ("done", "done")

    await eventually(settled, timeout_s=30)
    await watch.look()
    assert figures("authorizing") == (0, 0)
