"""How an audit goes: what is on its way is waited for, what is away is said, memory is bounded."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from auditor.audit import AuditOptions
from auditor.findings import Report
from auditor.peers import CouldNotAuditError
from auditor.probes import MOST_SUSPECTS
from auditor.running import run_audit
from chassis.clock import SystemClock
from tests.audit.conftest import ORDERS, Deployment, Unseen
from tests.audit.population import CAPTURED, an_id

SOLD = 24
HEARD = f"INSERT INTO inbox (event_id) VALUES ('{an_id(CAPTURED, SOLD)}')"
UNHEARD = f"DELETE FROM inbox WHERE event_id = '{an_id(CAPTURED, SOLD)}'"


class MendsWhenLookedAtAgain(Unseen):
    """The event arrives after the sweep has missed it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.mended = False

    def steps(self, title: str, done: int, total: int) -> None:
        if "looked at again" in title and not self.mended:
            self.mended = True
            self._deployment.spoil("orders", HEARD)


async def test_what_arrives_while_it_is_looked_at_again_is_no_finding(
    deployment: Deployment,
) -> None:
    deployment.spoil("orders", UNHEARD)
    progress = MendsWhenLookedAtAgain(deployment)
    options = AuditOptions(quiet_s=0, patience_s=30, page=500)
    async with deployment.serving() as targets:
        report = await run_audit(targets, options, SystemClock(), progress)
    assert progress.mended
    assert report.ok, report.document()


async def test_what_is_younger_than_the_quiet_time_is_left_out(sound: Deployment) -> None:
    report = await sound.audit(AuditOptions(quiet_s=3 * 86_400, patience_s=0))
    assert report.ok
    assert report.checked["confirmed_orders_paid"] == 0
    assert report.checked["order_totals"] == ORDERS


async def test_a_service_that_stays_away_is_no_clean_audit(sound: Deployment) -> None:
    async with sound.serving() as targets:
        away = {**targets, "catalog": "unix:/nowhere"}
        with pytest.raises(CouldNotAuditError, match="catalog"):
            await run_audit(away, AuditOptions(), SystemClock(), Unseen())


async def test_pages_of_any_size_say_the_same(sound: Deployment) -> None:
    async def checked(page: int) -> Report:
        return await sound.audit(AuditOptions(quiet_s=0, patience_s=0, page=page))

    small, large = await asyncio.gather(checked(37), checked(100_000))
    assert small.ok
    assert small.checked == large.checked


async def test_an_audit_writes_nothing(sound: Deployment) -> None:
    def written() -> list[object]:
        found: list[object] = []
        for url in sound.urls.values():
            with psycopg.connect(url, autocommit=True) as connection:
                found += connection.execute("SELECT pg_current_xact_id_if_assigned()").fetchall()
                found += connection.execute(
                    "SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del) FROM pg_stat_user_tables"
                ).fetchall()
        return found

    before = written()
    await sound.audit()
    assert written() == before


async def test_when_everything_is_wrong_a_thousand_are_told_and_the_rest_counted(
    deployment: Deployment,
) -> None:
    deployment.spoil(
        "notifications",
        "INSERT INTO realtime_group (name, last_sequence)"
        " SELECT 'user_' || n, 9 FROM generate_series(1, 3000) AS n",
        "INSERT INTO realtime_message (group_name, sequence, body, event_id, created_at)"
        " SELECT 'user_' || n, 1, '', '', now() FROM generate_series(1, 3000) AS n",
    )
    report = await deployment.audit(AuditOptions(quiet_s=0, patience_s=0, page=100))
    wrong = [each for each in report.findings if each.promise.name == "message_sequences"]
    assert len(wrong) == MOST_SUSPECTS + 1
    assert wrong[-1].subject_id == ""
    assert "2000 more" in wrong[-1].explanation
