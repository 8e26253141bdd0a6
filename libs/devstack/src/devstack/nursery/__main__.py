"""``python -m devstack.nursery SUPERVISOR_PID``: the process that forks the services.

Nothing here may start a thread or a gRPC channel before the fork: neither survives it.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import sys
import time
from importlib import import_module
from typing import Any

from devstack.offspring import die_with_parent, take_name

_SHARED = (
    "uvloop",
    "chassis.broker",
    "chassis.consumer",
    "chassis.database",
    "chassis.grpc_client",
    "chassis.idempotency",
    "chassis.process",
    "chassis.relay",
)
_ADOPTION_TIMEOUT_S = 10.0


def main(supervisor: int) -> None:
    """Import, read whom to fork, fork, tell the process numbers, end."""
    for name in _SHARED:
        import_module(name)
    # The children shall not touch, and so copy, what is there already.
    gc.collect()
    gc.freeze()
    fledglings = json.load(sys.stdin)
    pids = {}
    for fledgling in fledglings:
        pid = os.fork()
        if pid == 0:
            _become(fledgling, supervisor)
            return
        pids[fledgling["name"]] = pid
    print(json.dumps(pids), flush=True)
    # Without the interpreter's farewell, which takes a while.
    os._exit(0)


def _become(fledgling: dict[str, Any], supervisor: int) -> None:
    """Turn this forked process into a service."""
    os.setsid()
    take_name(fledgling["name"])
    with open(fledgling["log"], "ab") as log, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.chdir(fledgling["folder"])
    os.environ.clear()
    os.environ.update(fledgling["environment"])
    deadline = time.monotonic() + _ADOPTION_TIMEOUT_S
    while os.getppid() != supervisor:
        if time.monotonic() > deadline:
            sys.exit("the supervisor has gone")
        time.sleep(0.001)
    die_with_parent(signal.SIGTERM, supervisor)()
    _, module, *arguments = fledgling["arguments"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
