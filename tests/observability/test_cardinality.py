"""However odd requests are, they make neither new series nor long lines."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import string

import httpx

from chassis.ids import format_id, new_id
from tests.e2e.stack import Stack
from tests.observability.scraping import Figures, Series, scrape

MOST_SERIES = 5000
"""Of one process; a Prometheus holds millions."""
MOST_LINE_BYTES = 4000
_MARK = "planted"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")


def word(chance: random.Random, length: int = 12) -> str:
    return _MARK + "".join(chance.choices(string.ascii_letters + string.digits, k=length))


def odd_paths(chance: random.Random) -> list[str]:
    known = format_id("prd", new_id())
    return [
        f"/{word(chance)}",
        f"/v1/{word(chance)}/{word(chance)}",
        f"/v1/products/{word(chance)}",
        f"/v1/products/{known}?currency={word(chance)}&{word(chance)}={word(chance)}",
        f"/v1/products?q={word(chance)}&sort={word(chance)}",
        f"/v1/carts/{format_id('crt', new_id())}",
        f"/v1/orders/{word(chance)}/timeline",
        f"/v1/sellers/{word(chance)}/products",
        f"/static/{word(chance)}.js",
        f"/v1/media/{format_id('med', new_id())}/{word(chance)}",
        f"/v1/products/{word(chance)}%00%ff",
        f"/v1/products/{word(chance, 3000)}",
    ]


async def odd_requests(client: httpx.AsyncClient, seed: int) -> None:
    """Send requests of every kind, each with values of this round's own."""
    chance = random.Random(seed)
    for path in odd_paths(chance):
        for method in _METHODS:
            headers = {
                "X-Request-ID": word(chance, 400),
                "User-Agent": word(chance, 1000),
                "X-Forwarded-For": word(chance),
                "Origin": f"https://{word(chance)}.example",
                "Authorization": f"Bearer {word(chance)}",
                "Content-Type": chance.choice(["application/json", word(chance)]),
            }
            body = json.dumps({word(chance): word(chance)}).encode()
            await client.request(method, path, headers=headers, content=body)
    # More of them from one address would have to wait.
    login = {"email": f"{word(chance, 40)}@test.example", "password": word(chance, 40)}
    await client.post("/v1/auth/login", json=login)
    for _ in range(5):
        await client.post("/v1/carts", json={"currency": word(chance), "items": []})
        await client.post("/v1/carts", json={"currency": "".join(chance.choices("ABCXYZ", k=3))})
        await asyncio.to_thread(made_up_method, client.base_url, word(chance).upper())


def made_up_method(url: httpx.URL, method: str) -> None:
    """Send a method that HTTP does not know, which httpx would not."""
    with socket.create_connection((url.host, url.port or 80), timeout=10) as raw:
        raw.sendall(
            f"{method} /v1/products HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        while raw.recv(4096):
            pass


def requests_made(figures: Figures) -> set[Series]:
    """Return the series that requests can make; those of background work come when they come."""
    background = ("soko_audit", "soko_ledger", "soko_events", "soko_mail")
    return {series for series in figures.samples if not series[1].startswith(background)}


async def test_odd_requests_make_no_series_after_the_first_of_their_kind(
    figures: Figures, client: httpx.AsyncClient, metrics_port: int
) -> None:
    await odd_requests(client, seed=1)
    first = await scrape(metrics_port)
    for seed in (2, 3):
        await odd_requests(client, seed)
    last = await scrape(metrics_port)
    new = requests_made(last) - requests_made(first)
    assert not new, "\n".join(map(str, new))
    for process, text in last.texts.items():
        told = [series for series in last.samples if series[0] == process]
        assert len(told) < MOST_SERIES, process
        assert _MARK not in text.lower(), process


async def test_no_line_of_a_log_grows_with_what_is_sent(
    watched: Stack, figures: Figures, client: httpx.AsyncClient
) -> None:
    await odd_requests(client, seed=5)
    for log in (watched.home / "logs").iterdir():
        lines = log.read_bytes().splitlines()
        long = [
            line for line in lines if len(line) > MOST_LINE_BYTES and b'"exception"' not in line
        ]
        assert not long, f"{log.name}: {long[0][:300]!r}"
