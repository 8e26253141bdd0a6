import asyncio

from chassis.database import Database
from chassis.outbox import append, append_call
from libs.chassis.tests.integration.conftest import make_event


async def test_concurrent_appends_number_each_aggregate_without_gaps(db: Database) -> None:
    async def one(number: int) -> None:
        async with db.transaction() as session:
            await append(session, make_event(f"thing_{number % 3}"))
            if number % 5 == 0:
                raise LookupError

    await asyncio.gather(*(one(number) for number in range(60)), return_exceptions=True)
    rows = await db.fetch_all(
        "SELECT aggregate_id, array_agg(sequence ORDER BY sequence) AS numbers"
        " FROM outbox GROUP BY aggregate_id"
    )
    assert len(rows) == 3
    for row in rows:
        assert row["numbers"] == list(range(1, 17))


async def test_an_append_happens_once_for_each_row_that_changed(db: Database) -> None:
    statement = f"""
    WITH changed AS (SELECT 1 AS id WHERE %(really)s)
    SELECT id, {append_call()} AS sequence FROM changed
    """
    event = make_event("thing_1", "x")
    assert await db.fetch_one(statement, {"really": False, **event.params()}) is None
    row = await db.fetch_one(statement, {"really": True, **event.params()})
    assert row == {"id": 1, "sequence": 1}
    stored = await db.fetch_one("SELECT * FROM outbox")
    assert stored is not None
    assert stored["payload"] == event.message.SerializeToString()
    assert stored["id"] == event.id
    assert stored["published_at"] is None
