"""Reports of audits: kept, told to operators, and made when it is time."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from chassis.actor import GUEST, Actor
from chassis.clock import FixedClock
from chassis.context import RequestContext, enter, leave
from chassis.errors import ServiceError
from notifications.adapters.audit_reports import PostgresAuditReports
from notifications.app.run_audit import RunDueAudit, run_due_audit
from notifications.domain.audits import AuditFinding, AuditReport
from notifications.entrypoints.audit_job import AuditJob
from notifications.entrypoints.audit_service import AuditReportServicer
from services.notifications.tests.builders import NOON
from soko.audit.v1 import report_pb2 as pb

HOUR = timedelta(hours=1)
FINDING = AuditFinding("order_totals", "critical", "ord_1", "off by one", "correct it")
SERVICE = Actor(kind="service", service="auditor")


def a_report(at=NOON, *findings):
    return AuditReport(at, at + timedelta(seconds=2), {"order_totals": 3, "holds_end": 1}, findings)


class ScriptedAuditor:
    def __init__(self, report):
        self.report, self.audits = report, 0

    async def audit(self):
        self.audits += 1
        await asyncio.sleep(0)
        if self.report is None:
            raise RuntimeError("catalog did not answer")
        return self.report


async def call(method, request, actor):
    token = enter(RequestContext(actor=actor))
    try:
        return await method(request, None)
    finally:
        leave(token)


def account(*roles):
    return Actor(kind="account", account_id="usr_1", roles=frozenset(roles))


async def test_the_newest_of_a_hundred_kept_reports_is_told(db):
    reports = PostgresAuditReports(db)
    for hour in range(102):
        await reports.add(a_report(NOON + hour * HOUR))
    newest = a_report(NOON + 102 * HOUR, FINDING)
    await reports.add(newest)
    assert await reports.last() == newest
    row = await db.fetch_one("SELECT count(*) AS kept, min(started_at) AS oldest FROM audit_report")
    assert row == {"kept": 100, "oldest": NOON + 3 * HOUR}


async def test_a_report_comes_back_as_it_was_recorded(db):
    servicer = AuditReportServicer(PostgresAuditReports(db))
    with pytest.raises(ServiceError) as none_yet:
        await call(servicer.GetLastReport, pb.GetLastReportRequest(), account("operator"))
    assert none_yet.value.kind == "not_found"
    report = pb.Report(
        checked={"order_totals": 3},
        findings=[
            pb.Finding(
                invariant="order_totals",
                severity="critical",
                subject_id="ord_1",
                explanation="off by one",
                repair="correct it",
            )
        ],
    )
    report.started_at.FromDatetime(NOON)
    report.finished_at.FromDatetime(NOON + HOUR)
    await call(servicer.RecordReport, pb.RecordReportRequest(report=report), SERVICE)
    for role in ("operator", "admin"):
        answer = await call(servicer.GetLastReport, pb.GetLastReportRequest(), account(role))
        assert answer.report == report


@pytest.mark.parametrize(
    ("actor", "kind"),
    [
        (GUEST, "unauthenticated"),
        (account("buyer"), "forbidden"),
        (account("moderator"), "forbidden"),
    ],
)
async def test_reports_are_for_operators_and_recorded_by_services(db, actor, kind):
    servicer = AuditReportServicer(PostgresAuditReports(db))
    with pytest.raises(ServiceError) as refused:
        await call(servicer.GetLastReport, pb.GetLastReportRequest(), actor)
    assert refused.value.kind == kind
    with pytest.raises(ServiceError) as refused:
        await call(servicer.RecordReport, pb.RecordReportRequest(), actor)
    assert refused.value.kind == "forbidden"


async def test_of_many_processes_one_audits_and_only_when_it_is_due(db):
    reports, auditor = PostgresAuditReports(db), ScriptedAuditor(a_report())

    async def everybody_looks(now):
        command = RunDueAudit(now, HOUR)
        return await asyncio.gather(*(run_due_audit(command, reports, auditor) for _ in range(8)))

    assert set(await everybody_looks(NOON)) == {None}
    await everybody_looks(NOON + HOUR - timedelta(seconds=1))
    assert auditor.audits == 0
    await everybody_looks(NOON + HOUR)
    await everybody_looks(NOON + HOUR + timedelta(minutes=59))
    assert auditor.audits == 1
    await everybody_looks(NOON + 2 * HOUR)
    assert auditor.audits == 2
    assert await reports.last() == a_report()


async def test_an_audit_that_cannot_run_takes_its_turn_and_no_other(db):
    reports, auditor = PostgresAuditReports(db), ScriptedAuditor(None)
    await reports.take_turn(NOON, NOON + HOUR)
    with pytest.raises(RuntimeError):
        await run_due_audit(RunDueAudit(NOON + HOUR, HOUR), reports, auditor)
    auditor.report = a_report()
    assert await run_due_audit(RunDueAudit(NOON + 90 * HOUR / 60, HOUR), reports, auditor) is None
    assert await run_due_audit(RunDueAudit(NOON + 2 * HOUR, HOUR), reports, auditor) == a_report()


async def test_the_last_audit_is_told_as_figures(db):
    reports, clock = PostgresAuditReports(db), FixedClock(NOON + timedelta(seconds=62))
    await reports.add(a_report(NOON, FINDING, FINDING))
    await AuditJob(reports, ScriptedAuditor(None), HOUR, clock).look()
    value = REGISTRY.get_sample_value
    assert value("soko_audit_findings", {"invariant": "order_totals"}) == 2
    assert value("soko_audit_findings", {"invariant": "holds_end"}) == 0
    assert value("soko_audit_duration_seconds") == 2
    assert value("soko_audit_age_seconds") == 60
    later = replace(a_report(NOON + HOUR), checked={"holds_end": 1})
    await reports.add(later)
    await AuditJob(reports, ScriptedAuditor(None), HOUR, clock).look()
    assert value("soko_audit_findings", {"invariant": "order_totals"}) is None
    assert value("soko_audit_findings", {"invariant": "holds_end"}) == 0
