"""The three ways to look: one service's own rows, two beliefs of one thing, events on their way.

A probe sweeps all there is, page by page, and then looks again at what seemed wrong, because a live
system moves between two looks. It keeps at most ``MOST_SUSPECTS`` of them and counts the rest, so
that its memory depends neither on how much there is nor on how much of it is wrong.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from uuid import UUID

from auditor.findings import Finding, Promise
from auditor.peers import AuditedService, Digest
from auditor.rules import DELIVERED, Belief, Rule
from chassis.ids import format_id
from soko.audit.v1 import audit_pb2 as pb

MOST_SUSPECTS = 1000
_KEYS_AT_ONCE = 200
_LISTED_AT_ONCE = 2000
T = TypeVar("T")

Advance = Callable[[int], None]
"""Told how many more rows have been looked at."""


@dataclass(slots=True)
class Suspects:
    """What a sweep found, not looked at again yet."""

    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    """By invariant and key: a page may end in the middle of a subject, and tell of it twice."""
    unseen: Counter[Promise] = field(default_factory=Counter)
    """How many more there are."""

    def add(self, finding: Finding) -> None:
        """Keep a finding, if there is room."""
        where = finding.promise.name, finding.key
        if where in self.findings:
            return
        if len(self.findings) < MOST_SUSPECTS:
            self.findings[where] = finding
        else:
            self.unseen[finding.promise] += 1


class Probe(Protocol):
    """Something to look at."""

    title: str
    estimated: int
    checked: int
    suspects: Suspects

    @property
    def promises(self) -> Sequence[Promise]:
        """What it looks after."""
        ...

    async def sweep(self, advance: Advance) -> None:
        """Look at everything."""
        ...

    async def again(self, keys: Sequence[str]) -> Sequence[Finding]:
        """Look at some subjects again; return what is wrong with them now."""
        ...


class LocalProbe:
    """An invariant over one service's rows, which the service itself looks at."""

    def __init__(
        self,
        service: AuditedService,
        promise: Promise,
        estimated: int,
        *,
        page: int,
        grace_s: float,
    ) -> None:
        self.title = f"{service.name}: {promise.name}"
        self.estimated = estimated
        self.promises = (promise,)
        self.checked = 0
        self.suspects = Suspects()
        self._service = service
        self._promise = promise
        self._page = page
        self._grace_s = grace_s

    async def sweep(self, advance: Advance) -> None:
        """Look at all rows, page by page."""
        after = ""
        while True:
            page = await self._service.check(self._promise.name, after, self._page, self._grace_s)
            if not page.last:
                return
            for finding in self._findings(page):
                self.suspects.add(finding)
            unseen = page.total_breaches - len(page.breaches)
            if unseen:
                self.suspects.unseen[self._promise] += unseen
            self.checked += page.checked
            advance(page.checked)
            after = page.last

    async def again(self, keys: Sequence[str]) -> Sequence[Finding]:
        """Look at some rows again."""
        found: list[Finding] = []
        for some in _portions(keys):
            page = await self._service.check(self._promise.name, "", 1, self._grace_s, some)
            found += self._findings(page)
        return found

    def _findings(self, page: pb.CheckPageResponse) -> Iterator[Finding]:
        for each in page.breaches:
            explanation = f"{self._service.name}: {each.explanation}"
            yield Finding(self._promise, each.subject_id, explanation, each.key)


@dataclass(frozen=True, slots=True)
class Span:
    """Which keys (UUIDv7, so a span of time) are compared, and how many at a time."""

    after: str
    until: str
    page: int


class BeliefProbe:
    """What two services believe of the same orders, judged by a rule where it differs."""

    def __init__(
        self,
        facts: str,
        sides: tuple[AuditedService, AuditedService],
        rule: Rule,
        promises: Sequence[Promise],
        span: Span,
        estimated: int,
    ) -> None:
        self.title = f"{sides[0].name} and {sides[1].name}: {facts}"
        self.estimated = estimated
        self.promises = promises
        self.checked = 0
        self.suspects = Suspects()
        self._facts = facts
        self._sides = sides
        self._rule = rule
        self._span = span

    async def sweep(self, advance: Advance) -> None:
        """Compare range by range; only ranges whose digests differ are read."""
        after = self._span.after
        while after < self._span.until:
            end = await _nearest(
                [
                    side.boundary(self._facts, after, self._span.until, self._span.page)
                    for side in self._sides
                ]
            )
            left, right = await asyncio.gather(
                *(side.digest(self._facts, after, end) for side in self._sides)
            )
            if left != right:
                await self._read(after, end)
            self.checked += max(left.count, right.count)
            advance(left.count)
            after = end

    async def again(self, keys: Sequence[str]) -> Sequence[Finding]:
        """Ask both sides for some orders again."""
        found: list[Finding] = []
        for some in _portions(keys):
            left, right = await asyncio.gather(
                *(side.facts(self._facts, limit=len(some), keys=some) for side in self._sides)
            )
            found += self._differences(left, right)
        return found

    async def _read(self, after: str, until: str) -> None:
        """Read a range on both sides, some rows at a time."""
        while after < until:
            left, right = await asyncio.gather(
                *(
                    side.facts(self._facts, after, until, limit=_LISTED_AT_ONCE)
                    for side in self._sides
                )
            )
            end = min(_end(rows, until) for rows in (left, right))
            both = ([fact for fact in rows if fact.key <= end] for rows in (left, right))
            for finding in self._differences(*both):
                self.suspects.add(finding)
            after = end

    def _differences(self, left: Sequence[pb.Fact], right: Sequence[pb.Fact]) -> list[Finding]:
        ours, theirs = _by_key(left), _by_key(right)
        found = []
        for key in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(key), theirs.get(key)
            if one is not None and other is not None and one.words == other.words:
                continue
            for promise, explanation in self._rule(_belief(one), _belief(other)):
                found.append(Finding(promise, format_id("ord", UUID(key)), explanation, key))
        return found


class EventProbe:
    """What one service heard, against what those that it listens to told."""

    def __init__(
        self,
        subscriber: AuditedService,
        publishers: Mapping[AuditedService, Sequence[str]],
        span: Span,
        estimated: int,
    ) -> None:
        self.title = f"events that {subscriber.name} hears"
        self.estimated = estimated
        self.promises = (DELIVERED,)
        self.checked = 0
        self.suspects = Suspects()
        self._subscriber = subscriber
        self._publishers = publishers
        self._span = span

    async def sweep(self, advance: Advance) -> None:
        """Compare range by range: digests of publishers add up to the subscriber's."""
        after = self._span.after
        while after < self._span.until:
            end = await self._boundary(after)
            heard, *told = await asyncio.gather(
                self._subscriber.digest("events_heard", after, end),
                *(
                    publisher.digest("events_told", after, end, names)
                    for publisher, names in self._publishers.items()
                ),
            )
            sent = sum(told, Digest(0, 0))
            if sent != heard:
                await self._read(after, end)
            self.checked += sent.count
            advance(heard.count)
            after = end

    async def again(self, keys: Sequence[str]) -> Sequence[Finding]:
        """Ask for some events again, whatever they are called."""
        found: list[Finding] = []
        for some in _portions(keys):
            heard, *told = await asyncio.gather(
                self._subscriber.facts("events_heard", limit=len(some), keys=some),
                *(
                    publisher.facts("events_told", limit=len(some), keys=some)
                    for publisher in self._publishers
                ),
            )
            found += self._differences(heard, told)
        return found

    async def _boundary(self, after: str) -> str:
        until, page = self._span.until, self._span.page
        return await _nearest(
            [
                self._subscriber.boundary("events_heard", after, until, page),
                *(each.boundary("events_told", after, until, page) for each in self._publishers),
            ]
        )

    async def _read(self, after: str, until: str) -> None:
        while after < until:
            heard, *told = await asyncio.gather(
                self._subscriber.facts("events_heard", after, until, limit=_LISTED_AT_ONCE),
                *(
                    publisher.facts("events_told", after, until, names=names, limit=_LISTED_AT_ONCE)
                    for publisher, names in self._publishers.items()
                ),
            )
            end = min(_end(rows, until) for rows in (heard, *told))
            for finding in self._differences(
                [fact for fact in heard if fact.key <= end],
                [[fact for fact in rows if fact.key <= end] for rows in told],
            ):
                self.suspects.add(finding)
            after = end

    def _differences(
        self, heard: Sequence[pb.Fact], told: Sequence[Sequence[pb.Fact]]
    ) -> list[Finding]:
        known = {fact.key for fact in heard}
        sent = {
            fact.key: (publisher.name, fact)
            for publisher, rows in zip(self._publishers, told, strict=True)
            for fact in rows
        }
        found = []
        for key, (publisher, fact) in sent.items():
            # What is not published yet is told of by the publisher's own check.
            if key not in known and fact.detail["published"] == "True":
                what = f"{fact.detail['name']} of {fact.detail['aggregate']}"
                found.append((key, f"{self._subscriber.name} never heard {publisher}'s {what}"))
        untold = f"{self._subscriber.name} heard it, and nobody has told it"
        found += [(key, untold) for key in known - sent.keys()]
        return [
            Finding(DELIVERED, format_id("evt", UUID(key)), explanation, key)
            for key, explanation in sorted(found)
        ]


async def _nearest(boundaries: Sequence[Awaitable[str]]) -> str:
    return min(await asyncio.gather(*boundaries))


def _end(rows: Sequence[pb.Fact], until: str) -> str:
    """Return up to which key a list is complete."""
    return rows[-1].key if len(rows) == _LISTED_AT_ONCE else until


def _by_key(facts: Sequence[pb.Fact]) -> dict[str, pb.Fact]:
    return {fact.key: fact for fact in facts}


def _belief(fact: pb.Fact | None) -> Belief | None:
    return None if fact is None else fact.detail


def _portions(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield keys[start : start + _KEYS_AT_ONCE]
