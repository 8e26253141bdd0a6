"""The audit log: what is in it stays, and strangers cannot fill it."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.errors import RestrictViolation

from chassis import audit_log
from chassis import context as request_context
from chassis.actor import Actor
from chassis.audit_log import Act, Filter
from chassis.context import RequestContext
from chassis.database import Database
from chassis.ids import format_id, new_id
from chassis.retention import oldest_id_since

NOW = datetime.now(UTC)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def someone(prefix: str = "usr") -> str:
    return format_id(prefix, new_id())


async def listed(db: Database, **wanted: object) -> list[dict[str, object]]:
    return await audit_log.entries(db, Filter(**wanted), datetime.now(UTC), 100)  # type: ignore[arg-type]


async def test_an_entry_says_who_did_what_to_whom_from_where(db: Database) -> None:
    admin, target = someone(), someone()
    token = request_context.enter(
        RequestContext(
            actor=Actor("account", admin, "ses_1"),
            traceparent=f"00-{TRACE}-b7ad6b7169203331-01",
            client_address="192.0.2.7",
        )
    )
    act = Act("role_granted", target, {"roles": ["operator"]})
    async with db.transaction() as transaction:
        await audit_log.record(transaction, act)
    request_context.leave(token)
    [entry] = await listed(db, account=target)
    at = entry.pop("at")
    assert isinstance(at, datetime)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    assert entry == {
        "id": act.id,
        "act": "role_granted",
        "outcome": "succeeded",
        "actor": admin,
        "session": "ses_1",
        "subject": target,
        "address": "192.0.2.7",
        "trace_id": TRACE,
        "detail": {"roles": ["operator"]},
    }


async def test_what_is_rolled_back_did_not_happen(db: Database) -> None:
    target = someone()
    with contextlib.suppress(ZeroDivisionError):
        async with db.transaction() as transaction:
            await audit_log.record(transaction, Act("role_granted", target))
            raise ZeroDivisionError
    assert not await listed(db, account=target)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET outcome = 'failed'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "TRUNCATE audit_log CASCADE",
    ],
)
async def test_nothing_is_changed_or_taken_away(db: Database, statement: str) -> None:
    target = someone()
    await audit_log.record(db, Act("role_granted", target))
    with pytest.raises(RestrictViolation):
        await db.execute(statement)
    [entry] = await listed(db, account=target)
    assert entry["outcome"] == "succeeded"


async def test_entries_leave_when_they_were_kept_long_enough(db: Database) -> None:
    target, old = someone(), NOW - audit_log.RETENTION - timedelta(days=1)
    await db.execute(
        "INSERT INTO audit_log (id, at, act, outcome, actor, session, subject, address, trace_id,"
        " detail) VALUES (%(id)s, %(at)s, 'a', 'failed', '', '', %(subject)s, '', '', '{}')",
        {"id": oldest_id_since(old), "at": old, "subject": target},
    )
    await audit_log.record(db, Act("role_granted", target))
    assert len(await listed(db, account=target)) == 2
    assert await audit_log.sweep(db, datetime.now(UTC), 100) == 1
    [entry] = await listed(db, account=target)
    assert entry["act"] == "role_granted"


async def test_strangers_cannot_fill_it(db: Database) -> None:
    target, name = someone(), f"login_failed_{new_id().hex}"

    async def fail(subject: str, times: int, **bounds: int) -> int:
        for _ in range(times):
            act = Act(name, subject, outcome="failed")
            await audit_log.record_bounded(db, act, datetime.now(UTC), **bounds)
        return len(await listed(db, act=name, account=subject))

    assert await fail(target, 25) == 20
    assert await fail(someone(), 25) == 20
    assert await fail(someone(), 25, most=45) == 5
    later = datetime.now(UTC) + timedelta(hours=2)
    await audit_log.record_bounded(db, Act(name, target), later)
    assert len(await listed(db, act=name, account=target)) == 21


async def test_entries_are_found_by_account_act_and_time_page_by_page(db: Database) -> None:
    actor, target = someone(), someone()
    acts = [Act(name, target, actor=actor) for name in ("key_made", "key_revoked", "key_made")]
    for act in acts:
        await audit_log.record(db, act)
    newest_first = sorted((act.id for act in acts), reverse=True)
    made = [key for key in newest_first if key != acts[1].id]

    async def ids(**wanted: object) -> list[object]:
        return [entry["id"] for entry in await listed(db, **wanted)]

    assert await ids(account=actor) == await ids(account=target) == newest_first
    assert await ids(account=actor, act="key_made") == made
    assert await ids(account=someone()) == []
    assert await ids(account=actor, before=newest_first[0]) == newest_first[1:]
    hour = timedelta(hours=1)
    assert await ids(account=actor, since=NOW - hour, until=NOW + hour) == newest_first
    assert await ids(account=actor, until=NOW - hour) == []
    assert await ids(account=actor, since=NOW + hour) == []
