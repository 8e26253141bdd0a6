"""Reading and redriving what the services of the running stack gave up."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping

from google.protobuf.json_format import MessageToDict

from chassis.audit_log import COMMAND_LINE
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from devstack.home import Home
from devstack.running import running_stack
from soko.ops.v1 import ops_pb2 as pb
from soko.ops.v1.ops_pb2_grpc import OpsServiceStub

DONE, FAILED, NOT_RUN = 0, 1, 2
_PAGE = 100
_TIMEOUT_S = 30.0


class _Service:
    def __init__(self, name: str, target: str) -> None:
        self.peer = Peer(name, target, service=COMMAND_LINE, default_timeout_s=_TIMEOUT_S)
        self.stub = OpsServiceStub(self.peer.channel)

    async def letters(self, event_type: str) -> list[pb.DeadLetter]:
        """Return all of them, newest first; raises ServiceError."""
        found: list[pb.DeadLetter] = []
        request = pb.ListDeadLettersRequest(type=event_type, limit=_PAGE)
        while True:
            reply = await self.peer.call(self.stub.ListDeadLetters, request, retry=True)
            found += reply.dead_letters
            if len(reply.dead_letters) < _PAGE:
                return found
            request.before_id = found[-1].id
            request.before_at.CopyFrom(found[-1].at)

    async def redrive(self, letter_id: str) -> None:
        """Have an event handled once more; raises ServiceError."""
        await self.peer.call(self.stub.RedriveDeadLetter, pb.RedriveDeadLetterRequest(id=letter_id))


def show(home: Home, event_type: str, *, as_json: bool) -> int:
    """Print what was given up; return the exit status."""
    stack = running_stack(home)
    if stack is None:
        return NOT_RUN
    letters, away = asyncio.run(_gather(stack.targets, event_type))
    if as_json:
        print(
            json.dumps([MessageToDict(each, preserving_proto_field_name=True) for each in letters])
        )
    else:
        for each in letters:
            print(f"{each.at.ToJsonString()}  {each.id}  {each.type}  {each.attempts} tries")
            print(f"    {each.error}")
        if not letters and not away:
            print("There are no dead letters.")
    return _told_of(away)


def redrive(home: Home, letter_id: str, event_type: str) -> int:
    """Have one event handled once more, or all of a type; print and return how it went."""
    stack = running_stack(home)
    if stack is None:
        return NOT_RUN
    return asyncio.run(_redrive(stack.targets, letter_id, event_type))


async def _redrive(targets: Mapping[str, str], letter_id: str, event_type: str) -> int:
    away: Mapping[str, ServiceError] = {}
    ids = [letter_id]
    if not letter_id:
        letters, away = await _gather(targets, event_type)
        ids = [each.id for each in reversed(letters)]
    failed = 0
    for each in ids:
        name = each.removeprefix("dlt_").rpartition("_")[0]
        try:
            if name not in targets:
                raise ServiceError("not_found", "not_found", "There is no such dead letter.")
            service = _Service(name, targets[name])
            try:
                await service.redrive(each)
            finally:
                await service.peer.close()
            print(f"{each}  handled")
        except ServiceError as error:
            failed += 1
            print(f"{each}  {error}", file=sys.stderr)
    if not ids and not away:
        print("There are no dead letters.")
    return _told_of(away) or (FAILED if failed else DONE)


async def _gather(
    targets: Mapping[str, str], event_type: str
) -> tuple[list[pb.DeadLetter], Mapping[str, ServiceError]]:
    """Return all services' dead letters, newest first, and who could not be asked."""
    found: list[pb.DeadLetter] = []
    away: dict[str, ServiceError] = {}
    for name, target in targets.items():
        service = _Service(name, target)
        try:
            found += await service.letters(event_type)
        except ServiceError as error:
            away[name] = error
        finally:
            await service.peer.close()
    return sorted(found, key=lambda each: (each.at.ToMicroseconds(), each.id), reverse=True), away


def _told_of(away: Mapping[str, ServiceError]) -> int:
    for name, error in away.items():
        print(f"{name} could not be asked: {error}", file=sys.stderr)
    return NOT_RUN if away else DONE
