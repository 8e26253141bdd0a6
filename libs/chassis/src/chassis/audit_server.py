"""The RPCs through which a service answers an auditor."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from chassis.audit import Audit, Check, Facts, Range, Where
from chassis.context import current_actor
from chassis.errors import not_found
from soko.audit.v1 import audit_pb2 as pb
from soko.audit.v1 import audit_pb2_grpc

_MOST_ROWS = 100_000
_MOST_LISTED = 10_000
_MOST_KEYS = 500
T = TypeVar("T")


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Answers other services only; ``subscriptions`` maps contexts to names of events."""

    def __init__(self, audit: Audit, subscriptions: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._db = audit.db
        self._checks: Mapping[str, Check] = {check.name: check for check in audit.checks}
        self._facts: Mapping[str, Facts] = {facts.name: facts for facts in audit.facts}
        self._subscriptions = [
            pb.Subscription(context=context, names=sorted(names))
            for context, names in subscriptions
        ]

    async def Describe(self, request: pb.DescribeRequest, context: Any) -> pb.DescribeResponse:
        """Tell what can be asked."""
        current_actor().require_service()
        return pb.DescribeResponse(
            invariants=[
                pb.Invariant(
                    name=check.name,
                    promise=check.promise,
                    repair=check.repair,
                    severity=check.severity,
                    estimated=await check.estimated(self._db),
                )
                for check in self._checks.values()
            ],
            facts=[
                pb.FactSet(name=facts.name, estimated=await facts.estimated(self._db))
                for facts in self._facts.values()
            ],
            subscriptions=self._subscriptions,
        )

    async def CheckPage(self, request: pb.CheckPageRequest, context: Any) -> pb.CheckPageResponse:
        """Check some rows."""
        current_actor().require_service()
        where = Where(
            after=request.after,
            limit=_within(request.limit, _MOST_ROWS),
            keys=tuple(request.keys[:_MOST_KEYS]),
            grace_s=request.grace_s,
        )
        page = await _named(self._checks, request.invariant).page(self._db, where)
        return pb.CheckPageResponse(
            checked=page.checked,
            last=page.last,
            breaches=[
                pb.Breach(key=each.key, subject_id=each.subject_id, explanation=each.explanation)
                for each in page.breaches
            ],
            total_breaches=page.total_breaches,
        )

    async def FindBoundary(
        self, request: pb.FindBoundaryRequest, context: Any
    ) -> pb.FindBoundaryResponse:
        """Find the end of a page of facts."""
        current_actor().require_service()
        facts = _named(self._facts, request.facts)
        limit = _within(request.limit, _MOST_ROWS)
        key = await facts.boundary(self._db, request.after, request.until, limit)
        return pb.FindBoundaryResponse(key=key)

    async def DigestFacts(
        self, request: pb.DigestFactsRequest, context: Any
    ) -> pb.DigestFactsResponse:
        """Sum facts up."""
        current_actor().require_service()
        part = Range(request.after, request.until, tuple(request.names))
        digest = await _named(self._facts, request.facts).digest(self._db, part)
        return pb.DigestFactsResponse(count=digest.count, digest=str(digest.total))

    async def ListFacts(self, request: pb.ListFactsRequest, context: Any) -> pb.ListFactsResponse:
        """List facts."""
        current_actor().require_service()
        part = Range(
            request.after, request.until, tuple(request.names), tuple(request.keys[:_MOST_KEYS])
        )
        limit = _within(request.limit, _MOST_LISTED)
        facts = await _named(self._facts, request.facts).rows(self._db, part, limit)
        return pb.ListFactsResponse(
            facts=[pb.Fact(key=each.key, words=each.words, detail=each.detail) for each in facts]
        )


def _named(known: Mapping[str, T], name: str) -> T:
    found = known.get(name)
    if found is None:
        raise not_found()
    return found


def _within(asked: int, most: int) -> int:
    return max(1, min(asked, most))
