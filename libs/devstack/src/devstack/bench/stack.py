"""The stack and the yardstick, started for a bench on data of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from devstack.demo import demo_password
from devstack.home import ROOT
from devstack.nats import free_port

_YARDSTICK_START_S = 15.0
_COMMAND_S = 240.0


class BenchStack:
    """A stack of its own home, so that a bench neither sees nor leaves other data."""

    def __init__(self, home: Path, variables: Mapping[str, str] | None = None) -> None:
        """Describe a stack in a folder; ``variables`` are settings of all its processes."""
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environ = {
            **os.environ,
            "SOKO_HOME": str(home),
            "SOKO_LOG_LEVEL": "warning",
            "SOKO_RATE_LIMITS": "off",
            **(variables or {}),
        }

    def run(self, *arguments: str) -> str:
        """Run a command of the CLI; raises RuntimeError with what it printed when it fails."""
        ran = subprocess.run(
            [str(ROOT / "soko"), *arguments],
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"soko {' '.join(arguments)} failed:\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start on empty data with the demo shop; stop and wipe at the end."""
        self.run("reset", "--yes")
        try:
            self.run("up", "--detach", "--port", str(self.port))
            yield
        finally:
            self.run("down")
            self.run("reset", "--yes")

    def pids(self) -> dict[str, int]:
        """Return the process id of every part of the stack."""
        status = json.loads(self.run("status", "--json"))
        return {item["name"]: int(item["pid"]) for item in status["services"] if item["pid"]}


@contextlib.contextmanager
def yardstick() -> Iterator[str]:
    """Run the yardstick; give its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "uvicorn", "devstack.bench.yardstick:app", f"--port={port}"]
    with subprocess.Popen([*command, "--no-access-log", "--log-level=warning"]) as process:
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _YARDSTICK_START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url).raise_for_status()
            return
        time.sleep(0.05)
    raise RuntimeError("the yardstick did not start")


def stock_for_load(url: str, variants: int) -> tuple[list[str], list[str]]:
    """Give some variants more stock than any bench sells; return product and variant ids."""
    with httpx.Client(base_url=url, timeout=30) as client:
        login = {"email": "seller@soko.example", "password": demo_password()}
        token = _read(client.post("/v1/auth/login", json=login))["access_token"]
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
        products: list[str] = []
        cursor = ""
        while len(products) < variants:
            parameters = {"limit": "100", "cursor": cursor} if cursor else {"limit": "100"}
            page = _read(client.get("/v1/products", params=parameters))
            products += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        chosen = products[:variants]
        ids = []
        for product in chosen:
            variant = _read(client.get(f"/v1/products/{product}"))["variants"][0]["id"]
            _read(
                client.put(
                    f"/v1/variants/{variant}/stock", json={"on_hand": 10_000_000}, headers=headers
                )
            )
            ids.append(variant)
        return chosen, ids


def _read(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()
