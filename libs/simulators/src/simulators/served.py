"""An ASGI app on a free port of the loopback, for as long as a test needs it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an app on this event loop; give its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.listen()
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        server.capture_signals = _nobody_listens  # type: ignore[assignment, method-assign]
        # The socket listens already: who connects before the server is up waits for it.
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await running


class _nobody_listens:  # noqa: N801 - stands for a method
    """Leaves the signals to the test's own process."""

    def __enter__(self) -> None:
        return

    def __exit__(self, *error: object) -> None:
        return
