"""An audit: every promise looked at, and every suspicion looked at again.

What differs between two services may be on its way. So whatever a sweep suspects is asked for again
until it is either right, or wrong for ``patience_s`` after the last suspicion that went away.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from auditor import rules
from auditor.findings import Finding, Promise, Report
from auditor.peers import AuditedService, Description
from auditor.probes import BeliefProbe, EventProbe, LocalProbe, Probe, Span
from chassis.clock import Clock
from chassis.retention import oldest_id_since

_MONEY_PROMISES = (
    rules.CONFIRMED_PAID,
    rules.CAPTURED_CONFIRMED,
    rules.CANCELLED_FREE,
    rules.CANCELLED_REFUNDED,
    rules.PAYMENT_KNOWN,
    rules.PAID_BEFORE_SHIPPED,
)
_STOCK_PROMISES = (rules.ALLOCATED, rules.HOLDS_LIVE)
_EVENTS_KEPT = timedelta(days=29)
"""A day less than outboxes keep them."""
_LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How an audit is done."""

    quiet_s: float = 5.0
    """Younger orders and events are left out."""
    grace_s: float = 60.0
    """How late work may be."""
    patience_s: float = 30.0
    """How long two services may differ."""
    page: int = 20_000
    at_once: int = 2
    """How many promises are looked at at the same time."""


class Progress(Protocol):
    """Is told how far an audit is."""

    def steps(self, title: str, done: int, total: int) -> None:
        """Tell how many rows of about how many have been looked at."""
        ...


class Audit:
    """One audit of a deployment. Raises CouldNotAuditError when a service stays away."""

    def __init__(
        self,
        services: Mapping[str, AuditedService],
        options: AuditOptions,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._services = services
        self._options = options
        self._clock = clock
        self._progress = progress
        self._done = 0
        self._total = 0

    async def run(self) -> Report:
        """Look at everything and return what was found."""
        started_at = self._clock.now()
        described = dict(
            zip(
                self._services,
                await asyncio.gather(*(each.describe() for each in self._services.values())),
                strict=True,
            )
        )
        probes = self._probes(described, started_at)
        self._total = sum(probe.estimated for probe in probes)
        gate = asyncio.Semaphore(self._options.at_once)
        async with asyncio.TaskGroup() as group:
            for probe in probes:
                group.create_task(self._sweep(probe, gate))
        findings = await self._confirmed(probes)
        checked: Counter[str] = Counter()
        promises: dict[str, Promise] = {}
        for probe in probes:
            for promise in probe.promises:
                checked[promise.name] += probe.checked
                promises[promise.name] = promise
        return Report(started_at, self._clock.now(), promises, checked, findings)

    async def _sweep(self, probe: Probe, gate: asyncio.Semaphore) -> None:
        def advance(rows: int) -> None:
            self._done += rows
            # Estimates are old; a bar never goes past its end.
            self._total = max(self._total, self._done)
            self._progress.steps(probe.title, self._done, self._total)

        async with gate:
            await probe.sweep(advance)

    def _probes(self, described: Mapping[str, Description], now: datetime) -> list[Probe]:
        options = self._options
        until = str(oldest_id_since(now - timedelta(seconds=options.quiet_s)))
        ever = Span(str(UUID(int=0)), until, options.page)
        recent = Span(str(oldest_id_since(now - _EVENTS_KEPT)), until, options.page)
        probes: list[Probe] = [
            LocalProbe(
                self._services[name],
                promise,
                description.estimated[promise.name],
                page=options.page,
                grace_s=options.grace_s,
            )
            for name, description in described.items()
            for promise in description.promises
        ]
        orders = self._services["orders"]
        for facts, other, rule, promises in (
            ("order_money", "payments", rules.judge_money, _MONEY_PROMISES),
            ("order_stock", "catalog", rules.judge_stock, _STOCK_PROMISES),
        ):
            sides = (orders, self._services[other])
            estimated = described["orders"].estimated[facts]
            probes.append(BeliefProbe(facts, sides, rule, promises, ever, estimated))
        for name, description in described.items():
            told_by = {self._services[c]: names for c, names in description.subscriptions.items()}
            if told_by:
                estimated = description.estimated["events_heard"]
                probes.append(EventProbe(self._services[name], told_by, recent, estimated))
        return probes

    async def _confirmed(self, probes: Sequence[Probe]) -> list[Finding]:
        """Return the suspicions that do not go away."""
        left = sum(len(probe.suspects.findings) for probe in probes)
        until = time.monotonic() + self._options.patience_s
        while left:
            for probe in probes:
                await _look_again(probe)
            now_left = sum(len(probe.suspects.findings) for probe in probes)
            if now_left < left:
                left, until = now_left, time.monotonic() + self._options.patience_s
            if time.monotonic() >= until:
                break
            self._progress.steps(f"{left} suspicions, looked at again", self._done, self._total)
            await asyncio.sleep(_LOOK_AGAIN_S)
        return [finding for probe in probes for finding in _findings(probe)]


async def _look_again(probe: Probe) -> None:
    """Drop the suspicions that are no longer true."""
    known = probe.suspects.findings
    if not known:
        return
    keys = sorted({key for _, key in known})
    still = {(finding.promise.name, finding.key): finding for finding in await probe.again(keys)}
    probe.suspects.findings = {where: still[where] for where in known if where in still}


def _findings(probe: Probe) -> list[Finding]:
    """Return what a probe found, and a line for what it only counted."""
    found = list(probe.suspects.findings.values())
    for promise, unseen in probe.suspects.unseen.items():
        if found:
            found.append(
                Finding(promise, "", f"{unseen} more of the same were not looked at again")
            )
    return found
