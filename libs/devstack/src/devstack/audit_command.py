"""``soko audit``: look whether stock, money, orders and events of the running stack agree."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping

from auditor.audit import AuditOptions, Progress
from auditor.findings import Finding, Report
from auditor.peers import CouldNotAuditError
from auditor.running import record_report, run_audit
from chassis.clock import SystemClock
from chassis.errors import ServiceError
from devstack.display import Display, display
from devstack.home import Home
from devstack.running import running_stack

CLEAN, FOUND, NOT_RUN = 0, 1, 2
_MOST_SHOWN = 20


class _Silent:
    def steps(self, title: str, done: int, total: int) -> None:
        """Say nothing: the output is JSON."""


def audit(home: Home, options: AuditOptions, *, as_json: bool) -> int:
    """Audit the stack, print the report, return the exit status."""
    stack = running_stack(home)
    if stack is None:
        return NOT_RUN
    targets = stack.targets
    try:
        if as_json:
            report = asyncio.run(_audit(targets, options, _Silent()))
            print(json.dumps(report.document()))
        else:
            with display() as screen:
                report = asyncio.run(_audit(targets, options, screen))
                _show(report, screen)
    except CouldNotAuditError as error:
        print(f"The audit could not be done: {error}", file=sys.stderr)
        return NOT_RUN
    return CLEAN if report.ok else FOUND


async def _audit(targets: Mapping[str, str], options: AuditOptions, progress: Progress) -> Report:
    report = await run_audit(targets, options, SystemClock(), progress)
    try:
        await record_report(targets["notifications"], report)
    except ServiceError as error:
        print(f"The report is not kept for /v1/ops/audit: {error}", file=sys.stderr)
    return report


def _show(report: Report, screen: Display) -> None:
    screen.phase("")
    found = report.found()
    for name, promise in sorted(report.promises.items()):
        mark = f"{found[name]} WRONG" if found[name] else "ok"
        print(f"{mark:>9}  {name:<28} {report.checked[name]:>10}  {promise.text}")
    shown: dict[str, list[Finding]] = {}
    for finding in report.findings:
        shown.setdefault(finding.promise.name, []).append(finding)
    for name, findings in shown.items():
        print(f"\n{name} ({findings[0].promise.severity}): {findings[0].promise.repair}")
        for finding in findings[:_MOST_SHOWN]:
            print(f"  {finding.subject_id}  {finding.explanation}")
        if len(findings) > _MOST_SHOWN:
            print(f"  and {len(findings) - _MOST_SHOWN} more: ./soko audit --json")
    took_s = (report.finished_at - report.started_at).total_seconds()
    total = len(report.findings)
    print(f"\n{'All promises hold' if report.ok else f'{total} findings'}, after {took_s:.1f} s.")
