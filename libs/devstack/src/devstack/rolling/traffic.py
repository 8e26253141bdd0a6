"""Clients who come through a load balancer, and a count of all that they were answered."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from chassis.health_probe import gateway_readiness

_LOOK_S = 0.2
_SELLERS_PAUSE_S = 0.15
_READERS_PAUSE_S = 0.02
_TIMEOUT_S = 10.0


@dataclass
class Count:
    """What was answered, by HTTP status or kind of failure."""

    answers: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    """Answers of 500 and more, and requests without any."""

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return self.answers.total()


class Balancer(httpx.AsyncBaseTransport):
    """Sends requests to the gateways in turn; one that says it is not ready gets no more of them.

    Nothing is tried twice: whatever a client would see is counted.
    """

    def __init__(self) -> None:
        self.count = Count()
        self.began = time.monotonic()
        self._known: list[int] = []
        self._live: list[int] = []
        self._turns = itertools.count()
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=100)
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    def know(self, *ports: int) -> None:
        """Look after the gateways at these ports from now on."""
        self._known = list(ports)
        self._live = [port for port in self._live if port in ports] or list(ports[:1])

    async def look(self, stop: asyncio.Event) -> None:
        """Ask the gateways whether they are ready, again and again."""
        while not stop.is_set():
            known = list(self._known)
            asked = (asyncio.to_thread(gateway_readiness, "127.0.0.1", port, 1.0) for port in known)
            said = await asyncio.gather(*asked)
            ready = [
                port
                for port, state in zip(known, said, strict=True)
                if state.status in ("ready", "degraded") and port in self._known
            ]
            self._live = ready or self._live
            await asyncio.sleep(_LOOK_S)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on and count its answer."""
        port = self._live[next(self._turns) % len(self._live)]
        request.url = request.url.copy_with(port=port)
        what = f"{request.method} {request.url.path}"
        try:
            answer = await self._transport.handle_async_request(request)
        except httpx.TransportError as error:
            self._record(type(error).__name__, f"{what}: {error!r} of {port}")
            raise
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            body = (await answer.aread())[:300].decode(errors="replace")
            self._record(str(answer.status_code), f"{what}: {answer.status_code} {body}")
        else:
            self.count.answers[str(answer.status_code)] += 1
        return answer

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    def _record(self, kind: str, text: str) -> None:
        self.count.answers[kind] += 1
        self.count.errors.append(f"{time.monotonic() - self.began:6.1f} s  {text}")


async def sell(
    client: httpx.AsyncClient, owner: dict[str, str], product: str, stop: asyncio.Event
) -> list[str]:
    """Change a product again and again and read it back; return what was read wrong."""
    wrong: list[str] = []
    for number in itertools.count():
        if stop.is_set():
            return wrong
        title = f"Kettle, edition {number}"
        with contextlib.suppress(httpx.TransportError):  # The balancer has counted it.
            changed = await client.patch(
                f"/v1/products/{product}",
                json={"title": title},
                headers={**owner, "If-Match": "*"},
                timeout=_TIMEOUT_S,
            )
            seen = await client.get(
                f"/v1/products/{product}",
                headers={"Cache-Control": "no-cache"},
                timeout=_TIMEOUT_S,
            )
            if changed.status_code < httpx.codes.INTERNAL_SERVER_ERROR and changed.is_error:
                wrong.append(f"a title was refused: {changed.text}")
            elif changed.is_success and seen.is_success and seen.json()["title"] != title:
                wrong.append(f"title {title!r} was stored, {seen.json()['title']!r} was read")
        await asyncio.sleep(_SELLERS_PAUSE_S)
    return wrong


async def read(client: httpx.AsyncClient, products: list[str], stop: asyncio.Event) -> None:
    """Look at lists and products, one in two past the gateway's cache."""
    for number in itertools.count():
        if stop.is_set():
            return
        path = f"/v1/products/{products[number % len(products)]}" if number % 3 else "/v1/products"
        headers = {"Cache-Control": "no-cache"} if number % 2 else {}
        with contextlib.suppress(httpx.TransportError):  # The balancer has counted it.
            await client.get(path, headers=headers, timeout=_TIMEOUT_S)
        await asyncio.sleep(_READERS_PAUSE_S)


async def products_of(client: httpx.AsyncClient, owner: dict[str, str]) -> list[str]:
    """Return the ids of the products that an account may change."""
    (seller,) = (await client.get("/v1/me", headers=owner)).json()["sellers"]
    listing = await client.get("/v1/products", params={"seller": seller["id"]})
    return [str(each["id"]) for each in listing.json()["items"]]
