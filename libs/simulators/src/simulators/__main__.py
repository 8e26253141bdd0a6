"""``python -m simulators stripe|daraja|oidc PORT [WEBHOOK_URL|NAME]``: a simulator as a process.

It delivers what it has to tell by itself, each notice twice, newest first. ``POST /_buyer``
{"pays": true} lets everybody who is asked to pay do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.daraja import DarajaSimulator
from simulators.oidc import OidcSimulator
from simulators.stripe import StripeSimulator

_INTERVAL_S = 0.1
_JSON = {"Content-Type": "application/json"}
Notice = tuple[str, bytes, dict[str, str]]
"""Where to post what, with which headers."""
_Parts = tuple[Starlette, Callable[[], list[Notice]], Callable[[bool], None]]


async def main(kind: str, port: int, detail: str) -> None:
    """Serve, and tell of what happens, until SIGTERM."""
    told = 0
    app, notices, decide = _parts(kind, port, detail)

    async def buyer(request: Request) -> Response:
        decide((await request.json())["pays"])
        return JSONResponse({})

    app.router.routes.append(Route("/_buyer", buyer, methods=["POST"]))
    config = uvicorn.Config(app, port=port, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while not serving.done():
            await asyncio.sleep(_INTERVAL_S)
            found = notices()
            for url, body, headers in reversed(found[told:]):
                await _deliver(session, url, body, headers)
            told = len(found)
    await serving


async def _deliver(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]
) -> None:
    """Post a notice until it was taken twice, or refused."""
    taken = 0
    while taken < 2:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(url, data=body, headers=headers) as response:
                if response.status < 500:
                    taken += 1
                    continue
        await asyncio.sleep(_INTERVAL_S)


def _parts(kind: str, port: int, detail: str) -> _Parts:
    if kind == "stripe":
        return _stripe(StripeSimulator(), detail)
    if kind == "oidc":
        return OidcSimulator(f"http://127.0.0.1:{port}", detail).app, list, lambda _pays: None
    return _daraja(DarajaSimulator())


def _stripe(simulator: StripeSimulator, url: str) -> _Parts:
    def notices() -> list[Notice]:
        found = []
        for event in simulator.events:
            body, signature = simulator.signed(event)
            found.append((url, body, {**_JSON, "Stripe-Signature": signature}))
        return found

    def decide(pays: bool) -> None:
        for intent_id in list(simulator.intents):
            simulator.finish_3ds(intent_id, succeed=pays)

    return simulator.app, notices, decide


def _daraja(simulator: DarajaSimulator) -> _Parts:
    def notices() -> list[Notice]:
        return [(each.url, json.dumps(each.body).encode(), _JSON) for each in simulator.callbacks]

    def decide(pays: bool) -> None:
        for push in simulator.pushes:
            simulator.answer(push, "0" if pays else "1032")

    return simulator.app, notices, decide


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), "".join(sys.argv[3:])))
