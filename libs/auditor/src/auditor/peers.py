"""The services that are audited, as the auditor asks them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from auditor.findings import Promise
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.tls import TlsFiles
from soko.audit.v1 import audit_pb2 as pb
from soko.audit.v1 import audit_pb2_grpc

SERVICES = ("identity", "catalog", "orders", "payments", "notifications")
_TIMEOUT_S = 30.0
_TRIES = 10
_PAUSE_S = 0.5
_AWAY = ("unavailable", "timeout")

Asked = TypeVar("Asked", bound=Message)
Answered = TypeVar("Answered", bound=Message)


class CouldNotAuditError(Exception):
    """A service did not answer; what was seen until then says nothing of the whole."""


@dataclass(frozen=True, slots=True)
class Digest:
    """How many facts, and the sum of their hashes; digests of disjoint facts can be added."""

    count: int
    total: int

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.count + other.count, self.total + other.total)


@dataclass(frozen=True, slots=True)
class Description:
    """What a service can be asked."""

    promises: tuple[Promise, ...]
    estimated: Mapping[str, int]
    """Rows per invariant and per set of facts."""
    subscriptions: Mapping[str, tuple[str, ...]]
    """Names of events per context."""


class AuditedService:
    """One service, asked again for some seconds when it does not answer."""

    def __init__(self, name: str, target: str, tls: TlsFiles | None = None) -> None:
        self.name = name
        self._peer = Peer(name, target, service="auditor", default_timeout_s=_TIMEOUT_S, tls=tls)
        self._stub = audit_pb2_grpc.AuditServiceStub(self._peer.channel)

    async def close(self) -> None:
        """Close the channel."""
        await self._peer.close()

    async def describe(self) -> Description:
        """Return what can be asked; raises CouldNotAuditError, as every call does."""
        answer = await self._ask(self._stub.Describe, pb.DescribeRequest())
        estimated = {each.name: each.estimated for each in answer.invariants}
        return Description(
            tuple(
                Promise(each.name, each.promise, each.repair, each.severity)
                for each in answer.invariants
            ),
            estimated | {each.name: each.estimated for each in answer.facts},
            {each.context: tuple(each.names) for each in answer.subscriptions},
        )

    async def check(
        self, invariant: str, after: str, limit: int, grace_s: float, keys: Sequence[str] = ()
    ) -> pb.CheckPageResponse:
        """Check a page, or some keys again."""
        request = pb.CheckPageRequest(
            invariant=invariant, after=after, limit=limit, grace_s=grace_s, keys=keys
        )
        return await self._ask(self._stub.CheckPage, request)

    async def boundary(self, facts: str, after: str, until: str, limit: int) -> str:
        """Return the key that ends a page of facts."""
        request = pb.FindBoundaryRequest(facts=facts, after=after, until=until, limit=limit)
        return (await self._ask(self._stub.FindBoundary, request)).key

    async def digest(self, facts: str, after: str, until: str, names: Sequence[str] = ()) -> Digest:
        """Return a range's digest."""
        request = pb.DigestFactsRequest(facts=facts, after=after, until=until, names=names)
        answer = await self._ask(self._stub.DigestFacts, request)
        return Digest(answer.count, int(answer.digest))

    async def facts(
        self,
        facts: str,
        after: str = "",
        until: str = "",
        *,
        names: Sequence[str] = (),
        limit: int,
        keys: Sequence[str] = (),
    ) -> Sequence[pb.Fact]:
        """Return facts by ascending key."""
        request = pb.ListFactsRequest(
            facts=facts, after=after, until=until, names=names, limit=limit, keys=keys
        )
        return (await self._ask(self._stub.ListFacts, request)).facts

    async def _ask(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Asked, Answered], request: Asked
    ) -> Answered:
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._peer.call(method, request)
            except ServiceError as error:
                if error.kind not in _AWAY or attempt == _TRIES:
                    raise CouldNotAuditError(f"{self.name} did not answer: {error}") from error
            await asyncio.sleep(_PAUSE_S)
        raise AssertionError("unreachable")
