"""``python -m sandbox_provider``: serve until SIGTERM; the README names the variables."""

from __future__ import annotations

import os
from pathlib import Path

import uvicorn

from sandbox_provider.api import Api
from sandbox_provider.log import Log

_DRAIN_S = 1
_KEEP_ALIVE_S = 75


def main() -> None:
    """Read the variables and serve."""
    try:
        listen, path = os.environ["SOKO_SANDBOX_LISTEN"], Path(os.environ["SOKO_SANDBOX_LOG"])
        fee_bps = int(os.environ.get("SOKO_SANDBOX_FEE_BPS", "0"))
    except (KeyError, ValueError) as error:
        raise SystemExit(f"a variable is missing or wrong: {error}") from None
    path_of_socket = listen.removeprefix("unix:") if listen.startswith("unix:") else ""
    host, _, port = ("", "", "") if path_of_socket else listen.rpartition(":")
    path.parent.mkdir(parents=True, exist_ok=True)
    log = Log(path, fee_bps)
    config = uvicorn.Config(
        Api(log),
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_DRAIN_S,
        uds=path_of_socket or None,
        host=host,
        port=int(port or 0),
    )
    try:
        uvicorn.Server(config).run()
    finally:
        log.close()


if __name__ == "__main__":
    main()
