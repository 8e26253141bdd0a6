"""Every operation of the API by everybody: who may, who is refused, and that nothing came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chassis.ids import format_id, new_id
from tests.e2e.marketplace import Marketplace
from tests.e2e.stack import Stack
from tests.security.callers import CALLERS, People
from tests.security.calls import OPERATIONS, Call
from tests.security.rows import Databases
from tests.security.table import REFUSALS, Cell, cells, socket_paths, table
from tests.security.things import Things

AT_ONCE = 8
PATIENCE_S = 30

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Walker:
    """Sends calls, a few at once."""

    def __init__(self, market: Marketplace, people: People) -> None:
        self._client = market.client
        self._people = people
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def send(self, cell: Cell, call: Call) -> httpx.Response:
        method, path = cell.operation.split()
        headers = self._people.headers(cell.caller) | call.headers
        async with self._slots:
            return await self._client.request(
                method,
                path.format(**call.path),
                json=call.json,
                content=call.content,
                files=call.files,
                params=call.query,
                headers=headers,
            )


def unknown(call: Call) -> Call:
    """Return the call with ids of the same kinds that nobody has."""
    path = {
        name: format_id(value.partition("_")[0], new_id()) if "_" in value else value
        for name, value in call.path.items()
    }
    return Call(path, call.json, call.headers, call.content, call.files, call.query)


def told(answer: httpx.Response) -> Any:
    """Return what an answer tells but the id that was asked for, and its own ids."""
    body = {k: v for k, v in answer.json().items() if k not in ("instance", "trace_id")}
    return answer.status_code, body, sorted(answer.headers)


async def built(things: Things, asked: Sequence[Cell]) -> list[tuple[Cell, Call]]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def build(cell: Cell) -> Call:
        async with slots:
            return await OPERATIONS[cell.operation].build(things, cell.caller)

    calls = await asyncio.gather(*map(build, asked))
    return list(zip(asked, calls, strict=True))


def wrong(cell: Cell, answer: httpx.Response) -> str:
    status = answer.status_code
    fits = 200 <= status < 300 if cell.expected == "2xx" else str(status) == cell.expected
    if fits:
        return ""
    return f"{cell.operation} by {cell.caller}: {status} {answer.text[:150]}, not {cell.expected}"


async def test_who_may_not_is_refused_learns_nothing_and_changes_nothing(
    stack: Stack, market: Marketplace, people: People, things: Things
) -> None:
    walker = Walker(market, people)
    denied = [cell for cell in cells() if cell.expected in REFUSALS]
    calls = await built(things, denied)
    databases = Databases(stack.home)
    before = await databases.quiet()
    answers = await asyncio.gather(*(walker.send(*each) for each in calls))
    faults = [
        fault
        for cell, answer in zip(denied, answers, strict=True)
        if (fault := wrong(cell, answer))
    ]
    hidden = [
        (cell, call, answer)
        for (cell, call), answer in zip(calls, answers, strict=True)
        if cell.expected == "404" and answer.status_code == 404 and unknown(call).path != call.path
    ]
    strange = await asyncio.gather(*(walker.send(cell, unknown(call)) for cell, call, _ in hidden))
    for (cell, _, answer), nowhere in zip(hidden, strange, strict=True):
        if told(answer) != told(nowhere):
            faults.append(f"{cell}: foreign {told(answer)}, unknown {told(nowhere)}")
    after = await asyncio.to_thread(databases.digests)
    faults += [f"{name} changed" for name in before if before[name] != after[name]]
    assert not faults, "\n".join(faults)


async def test_who_may_can(
    stack: Stack, market: Marketplace, people: People, things: Things
) -> None:
    walker, fresh = Walker(market, people), Things(stack, market, people, fresh=True)
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(cell: Cell) -> str:
        operation = OPERATIONS[cell.operation]
        async with slots:
            call = await operation.build(fresh if operation.uses_up else things, cell.caller)
            return wrong(cell, await walker.send(cell, call))

    allowed = [cell for cell in cells() if cell.expected == "2xx"]
    faults = await asyncio.gather(*(ask(cell) for cell in allowed))
    assert not any(faults), "\n".join(filter(None, faults))


async def outcome(stack: Stack, things: Things, path: str, who: str) -> str:
    """Return how a WebSocket closes for a caller, or 2xx once it tells something."""
    people = things.people
    order, header = await things.order(who)
    query = {"order_token": header["X-Order-Token"]} if header else {}
    if who in people.accounts or who == "key":
        asked = await things.market.client.post("/v1/ws-tickets", headers=people.headers(who))
        query["ticket"] = asked.json().get("ticket", "")
    path = path.format(order_id=order["id"], user_id=people.accounts["buyer"].id)
    url = f"ws://127.0.0.1:{stack.port}{path}?{urlencode(query)}"
    async with connect(url) as socket, asyncio.timeout(PATIENCE_S):
        try:
            await socket.recv()
        except ConnectionClosed:
            return str(socket.close_code)
    return "2xx"


@pytest.mark.parametrize("line", sorted(socket_paths()))
async def test_a_websocket_tells_whom_it_may(stack: Stack, things: Things, line: str) -> None:
    found = {who: await outcome(stack, things, line.split()[1], who) for who in CALLERS}
    assert found == table()[line]
