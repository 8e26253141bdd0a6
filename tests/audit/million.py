"""Measure an audit of many orders: ``python -m tests.audit.million --orders 1000000``.

It starts a stack of its own, fills its databases behind the services' backs, audits it as anybody
would, prints how long that took and how much memory all processes had at most, and removes it all.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from devstack.bench.processes import usage_by_name
from devstack.home import Home
from devstack.postgres import PostgresServer
from devstack.running import running_state
from devstack.stack import Stack as DevelopmentStack
from tests.audit.population import PACKAGES, populate
from tests.e2e.stack import Stack

_EVERY_S = 0.5


class MemoryWatch:
    """Looks at the memory of some processes until it is told to stop."""

    def __init__(self, roots: dict[str, int]) -> None:
        self.most_mib: dict[str, float] = {}
        self.most_in_all_mib = 0.0
        self._roots = roots
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            used = {name: usage.pss_mib for name, usage in usage_by_name(self._roots).items()}
            self.most_in_all_mib = max(self.most_in_all_mib, sum(used.values()))
            for name, mib in used.items():
                self.most_mib[name] = max(mib, self.most_mib.get(name, 0.0))
            if self._stop.wait(_EVERY_S):
                return


def fill(server: PostgresServer, orders: int) -> None:
    def one(service: str) -> None:
        began = time.monotonic()
        populate(service, server.url(f"soko_{service}"), orders)
        print(f"  {service}: filled in {time.monotonic() - began:.0f} s", flush=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, PACKAGES))


def audit(stack: Stack, home: Home) -> dict[str, Any]:
    roots = {each.name: each.pid for each in running_state(home).components}  # type: ignore[union-attr]
    at_rest = sum(usage.pss_mib for usage in usage_by_name(roots).values())
    began = time.monotonic()
    process = subprocess.Popen(
        stack.command("audit", "--json"), env=stack.environ, stdout=subprocess.PIPE, text=True
    )
    with MemoryWatch({**roots, "audit": process.pid}) as memory:
        out, _ = process.communicate()
    took_s = time.monotonic() - began
    report: dict[str, Any] = json.loads(out)
    print(f"{took_s:.1f} s, {len(report['findings'])} findings, exit {process.returncode}")
    print(f"rows looked at: {sum(report['checked'].values()):,}")
    print(
        f"memory of all processes: {at_rest:.0f} MiB at rest, {memory.most_in_all_mib:.0f} at most"
    )
    for name, mib in memory.most_mib.items():
        print(f"  {name:<16} {mib:7.1f} MiB at most")
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    wanted = parser.parse_args().orders
    with tempfile.TemporaryDirectory(prefix="soko-million-") as folder:
        os.chmod(folder, 0o711)
        stack = Stack(Path(folder) / "home")
        stack.environ["SOKO_AUDIT_INTERVAL_S"] = "0"
        home = Home(Path(folder) / "home")
        with stack.running():
            state = running_state(home)
            assert state is not None
            fill(DevelopmentStack.of_running(home, state, stack.environ).postgres, wanted)
            report = audit(stack, home)
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
